import { parseAudioSpecificConfig } from "./aac/audio_specific_config.ts";
import { parseAv1SequenceHeader } from "./av1/sequence_header.ts";
import type { AacParameters, CodecParameters } from "./codec.ts";
import { parseH264Sps } from "./h264/sps.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { ParseError } from "#base/errors.ts";

/** What the API tells of a codec, under its names. */
export type CodecProperties = Readonly<
  Record<string, number | string | boolean>
>;

/** Pixels of a picture. */
export interface VideoSize {
  readonly width: number;
  readonly height: number;
}

/** What a parameter set says of the pictures behind it. */
interface VideoHeader extends VideoSize {
  readonly profile: string;
  readonly level: string;
}

const UNKNOWN_HEADER: VideoHeader = {
  width: 0,
  height: 0,
  profile: "",
  level: "",
};

const H264_PROFILES: Readonly<Record<number, string>> = {
  66: "Baseline",
  77: "Main",
  88: "Extended",
  100: "High",
  110: "High 10",
  122: "High 4:2:2",
  244: "High 4:4:4 Predictive",
};

const H265_PROFILES: Readonly<Record<number, string>> = {
  1: "Main",
  2: "Main 10",
  3: "Main Still Picture",
  4: "Range Extensions",
  5: "High Throughput",
  6: "Multiview Main",
  7: "Scalable Main",
  8: "3D Main",
  9: "Screen Content Coding Extensions",
  10: "Scalable Range Extensions",
};

/** What was read before: parameters of a track never change, and lists ask again and again. */
const headers = new WeakMap<CodecParameters, VideoHeader>();

/** Size of the pictures, as the parameter sets have it; undefined while they do not tell, or if nothing does. */
export function videoSize(parameters: CodecParameters): VideoSize | undefined {
  const { width, height } = headerOf(parameters);
  return width > 0 ? { width, height } : undefined;
}

/** What the API tells of a codec; null for those of which it tells nothing. */
export function codecProperties(
  parameters: CodecParameters,
): CodecProperties | null {
  switch (parameters.codec) {
    case "h264":
    case "h265":
      return { ...headerOf(parameters) };
    case "av1": {
      const { profile = 0, levelIdx = 0, tier = 0 } = parameters.announced ??
        {};
      return { width: 0, height: 0, profile, level: levelIdx, tier };
    }
    case "vp9":
      return { profile: parameters.profileId ?? 0 };
    case "opus":
      return { channelCount: parameters.channelCount };
    case "aac":
      return parameters.latm ? null : aacProperties(parameters);
    case "ac3":
      return {
        sampleRate: parameters.sampleRateHz,
        channelCount: parameters.channelCount,
      };
    case "g711":
      return {
        muLaw: parameters.law === "mu",
        sampleRate: parameters.sampleRateHz,
        channelCount: parameters.channelCount,
      };
    case "lpcm":
      return {
        bitDepth: parameters.bitDepth,
        sampleRate: parameters.sampleRateHz,
        channelCount: parameters.channelCount,
      };
    default:
      return null;
  }
}

/** `channelCount` is the channel configuration, which is 7 for eight channels. */
function aacProperties(
  { audioSpecificConfig, sampleRateHz, channelCount }: AacParameters,
): CodecProperties {
  const config = audioSpecificConfig &&
    parsed(() => parseAudioSpecificConfig(audioSpecificConfig));
  return {
    sampleRate: sampleRateHz,
    channelCount: config?.channelConfiguration ?? channelCount,
  };
}

function headerOf(parameters: CodecParameters): VideoHeader {
  const known = headers.get(parameters);
  if (known) return known;
  const header = parsed(() => readHeader(parameters)) ?? UNKNOWN_HEADER;
  headers.set(parameters, header);
  return header;
}

function readHeader(parameters: CodecParameters): VideoHeader | undefined {
  if (parameters.codec === "h264" && parameters.sps[0]) {
    const { width, height, profileIdc, levelIdc } = parseH264Sps(
      parameters.sps[0],
    );
    const profile = H264_PROFILES[profileIdc] ?? `${profileIdc}`;
    return { width, height, profile, level: `${levelIdc / 10}` };
  }
  if (parameters.codec === "h265" && parameters.sps[0]) {
    const { width, height, profileIdc, levelIdc } = parseH265Sps(
      parameters.sps[0],
    );
    const profile = H265_PROFILES[profileIdc] ?? `${profileIdc}`;
    const level = levelIdc / 30;
    const digits = Number.isInteger(level) ? 0 : 1;
    return { width, height, profile, level: level.toFixed(digits) };
  }
  if (parameters.codec === "av1" && parameters.sequenceHeader) {
    const { width, height } = parseAv1SequenceHeader(parameters.sequenceHeader);
    return { ...UNKNOWN_HEADER, width, height };
  }
  return undefined;
}

/** What cannot be read is not known. */
function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
