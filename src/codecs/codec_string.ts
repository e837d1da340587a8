import { parseAudioSpecificConfig } from "./aac/audio_specific_config.ts";
import { parseAv1SequenceHeader } from "./av1/sequence_header.ts";
import type { CodecParameters } from "./codec.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { isMpeg2Config } from "./mpeg12_video.ts";
import { isVp9KeyFrame, parseVp9KeyFrame } from "./vp9.ts";
import { vp9ConfigurationRecord } from "./vp9/vpcc.ts";

/** Level 1, which says nothing: frames tell the true one. */
const VP9_DEFAULT_LEVEL = 10;
const VP9_DEFAULT_BIT_DEPTH = 8;
/** Object type behind spectral band replication, and behind parametric stereo. */
const AAC_OBJECT_TYPE_SBR = 5;
const AAC_OBJECT_TYPE_PS = 29;

const H265_PROFILE_SPACES = ["", "A", "B", "C"];
const AV1_TIERS = ["M", "H"];

/**
 * What manifests and browsers call a codec with its parameters, e.g. `"avc1.42c01e"`.
 *
 * Input: `firstFrame` of the track tells what the parameters of VP9 do not.
 * Output: undefined while the parameters are not known, and for codecs that have no such name.
 * Spec: RFC 6381; ISO/IEC 14496-15 annex E; AV1 in ISOBMFF §5; VP Codec ISO Media File Format Binding §3.
 *
 * @throws {ParseError} if the parameters hold nonsense from a peer.
 */
export function codecString(
  parameters: CodecParameters,
  firstFrame?: Uint8Array,
): string | undefined {
  switch (parameters.codec) {
    case "h264": {
      const sps = parameters.sps[0];
      return sps && sps.length >= 4
        ? `avc1.${sps.subarray(1, 4).toHex()}`
        : undefined;
    }
    case "h265":
      return parameters.sps[0] && h265String(parameters.sps[0]);
    case "av1":
      return parameters.sequenceHeader && av1String(parameters.sequenceHeader);
    case "vp9":
      return vp9String(parameters.profileId, parameters.bitDepth, firstFrame);
    case "mpeg4Video":
      return parameters.profileLevelId === undefined
        ? "mp4v.20"
        : `mp4v.20.${parameters.profileLevelId}`;
    case "mpeg12Video":
      if (parameters.config === undefined) return undefined;
      return isMpeg2Config(parameters.config) ? "mp4v.61" : "mp4v.6A";
    case "mjpeg":
      return "mp4v.6C";
    case "aac":
      return parameters.audioSpecificConfig &&
        aacString(parameters.audioSpecificConfig);
    case "opus":
      return "opus";
    case "flac":
      return "flac";
    case "mpegAudio":
      return "mp4a.6B";
    case "ac3":
      return "ac-3";
    case "g711":
    case "lpcm":
      return "ipcm";
    default:
      return undefined;
  }
}

function h265String(sps: Uint8Array): string {
  const general = parseH265Sps(sps).generalProfileTierLevel;
  const first = general[0]!;
  const space = H265_PROFILE_SPACES[first >>> 6]!;
  const tier = (first & 0b10_0000) === 0 ? "L" : "H";
  let flags = 0;
  for (let bit = 0; bit < 32; bit++) {
    flags += (general[1 + (bit >>> 3)]! >>> (7 - (bit & 7)) & 1) * 2 ** bit;
  }
  const constraints = [...general.subarray(5, 11)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    "hvc1",
    `${space}${first & 0b1_1111}`,
    flags.toString(16).toUpperCase(),
    `${tier}${general[11]!}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join(".");
}

function av1String(sequenceHeader: Uint8Array): string {
  const { profile, levelIdx, tier, color } = parseAv1SequenceHeader(
    sequenceHeader,
  );
  const level = `${twoDigits(levelIdx)}${AV1_TIERS[tier]!}`;
  return `av01.${profile}.${level}.${twoDigits(color.bitDepth)}`;
}

function vp9String(
  profileId: number | undefined,
  bitDepth: number | undefined,
  firstFrame: Uint8Array | undefined,
): string {
  const record = firstFrame && isVp9KeyFrame(firstFrame[0] ?? 0)
    ? vp9ConfigurationRecord(parseVp9KeyFrame(firstFrame))
    : {
      profile: profileId ?? 0,
      level: VP9_DEFAULT_LEVEL,
      bitDepth: bitDepth ?? VP9_DEFAULT_BIT_DEPTH,
    };
  return [
    "vp09",
    twoDigits(record.profile),
    twoDigits(record.level),
    twoDigits(record.bitDepth),
  ].join(".");
}

function aacString(audioSpecificConfig: Uint8Array): string {
  const { audioObjectType, isSbr, isPs } = parseAudioSpecificConfig(
    audioSpecificConfig,
  );
  const type = isPs
    ? AAC_OBJECT_TYPE_PS
    : isSbr
    ? AAC_OBJECT_TYPE_SBR
    : audioObjectType;
  return `mp4a.40.${type}`;
}

function twoDigits(number: number): string {
  return `${number}`.padStart(2, "0");
}
