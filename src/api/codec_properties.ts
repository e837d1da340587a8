import { parseAv1SequenceHeader } from "#codecs/av1/sequence_header.ts";
import { codecLabel, type CodecParameters } from "#codecs/codec.ts";
import { parseH264Sps } from "#codecs/h264/sps.ts";
import { parseH265Sps } from "#codecs/h265/sps.ts";
import type { Track } from "#core/track.ts";
import { ParseError } from "#base/errors.ts";

/** What the API says of a track's codec, under its own names. */
export type CodecProperties = Readonly<
  Record<string, string | number | boolean>
>;

/** A track as the API describes it. */
export interface TrackAnswer {
  readonly codec: string;
  readonly codecProps: CodecProperties | null;
}

/** Size of a picture. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const H264_PROFILES: ReadonlyMap<number, string> = new Map([
  [66, "Baseline"],
  [77, "Main"],
  [88, "Extended"],
  [100, "High"],
  [110, "High 10"],
  [122, "High 4:2:2"],
  [244, "High 4:4:4 Predictive"],
]);

const H265_PROFILES: readonly string[] = [
  "",
  "Main",
  "Main 10",
  "Main Still Picture",
  "Range Extensions",
  "High Throughput",
  "Multiview Main",
  "Scalable Main",
  "3D Main",
  "Screen Content Coding Extensions",
  "Scalable Range Extensions",
];

const H264_LEVEL_STEPS = 10;
const H265_LEVEL_STEPS = 30;

/** Tracks are plain data that never changes: what was parsed once holds as long as they do. */
const answers = new WeakMap<Track, TrackAnswer>();

/** Describes a track. Spec: MediaMTX's API. */
export function describeTrack(track: Track): TrackAnswer {
  let answer = answers.get(track);
  if (!answer) {
    const { codec } = track;
    answer = { codec: apiLabel(codec), codecProps: propertiesOf(codec) };
    answers.set(track, answer);
  }
  return answer;
}

/** Size of the pictures of the first video track; undefined while none is known. */
export function pictureSize(tracks: readonly Track[]): PictureSize | undefined {
  const track = tracks.find(({ kind }) => kind === "video");
  if (!track) return undefined;
  const { codec } = track;
  if (codec.codec === "av1") return av1Size(codec.sequenceHeader);
  const { width, height } = describeTrack(track).codecProps ?? {};
  return typeof width === "number" && typeof height === "number" && width > 0
    ? { width, height }
    : undefined;
}

/** Codecs are named as in the log, but for one. */
function apiLabel(codec: CodecParameters): string {
  return codec.codec === "ac3" ? "AC3" : codecLabel(codec);
}

function propertiesOf(codec: CodecParameters): CodecProperties | null {
  switch (codec.codec) {
    case "av1": {
      const { profile = 0, levelIdx = 0, tier = 0 } = codec.announced ?? {};
      return { width: 0, height: 0, profile, level: levelIdx, tier };
    }
    case "vp9":
      return { profile: codec.profileId ?? 0 };
    case "h264":
      return h264Properties(codec.sps[0]);
    case "h265":
      return h265Properties(codec.sps[0]);
    case "opus":
      return { channelCount: codec.channelCount };
    case "aac":
      if (codec.latm) return null;
      return audioProperties(codec);
    case "ac3":
      return audioProperties(codec);
    case "g711":
      return { muLaw: codec.law === "mu", ...audioProperties(codec) };
    case "lpcm":
      return { bitDepth: codec.bitDepth, ...audioProperties(codec) };
    default:
      return null;
  }
}

function audioProperties(
  { sampleRateHz, channelCount }: {
    readonly sampleRateHz: number;
    readonly channelCount: number;
  },
): CodecProperties {
  return { sampleRate: sampleRateHz, channelCount };
}

const UNKNOWN_VIDEO = { width: 0, height: 0, profile: "", level: "" } as const;

function h264Properties(nal: Uint8Array | undefined): CodecProperties {
  const sps = nal && unlessBroken(() => parseH264Sps(nal));
  if (!sps) return UNKNOWN_VIDEO;
  const { width, height, profileIdc, levelIdc } = sps;
  const profile = H264_PROFILES.get(profileIdc) ?? String(profileIdc);
  return { width, height, profile, level: String(levelIdc / H264_LEVEL_STEPS) };
}

function h265Properties(nal: Uint8Array | undefined): CodecProperties {
  const sps = nal && unlessBroken(() => parseH265Sps(nal));
  if (!sps) return UNKNOWN_VIDEO;
  const { width, height, profileIdc, levelIdc } = sps;
  const profile = H265_PROFILES[profileIdc] || String(profileIdc);
  const level = (levelIdc / H265_LEVEL_STEPS).toFixed(1).replace(/\.0$/, "");
  return { width, height, profile, level };
}

function av1Size(header: Uint8Array | undefined): PictureSize | undefined {
  const parsed = header && unlessBroken(() => parseAv1SequenceHeader(header));
  return parsed && { width: parsed.width, height: parsed.height };
}

/** What a publisher sends may be anything; a description says less then. */
function unlessBroken<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
