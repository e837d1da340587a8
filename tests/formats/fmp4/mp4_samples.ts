import {
  clockRateOf,
  codecKind,
  type CodecName,
  type CodecParameters,
} from "#codecs/codec.ts";
import { serializeFlacStreamInfo } from "#codecs/flac.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { H264_REORDERED_PARAMETERS, h264Slice } from "#test/units.ts";
import { AV1_SAMPLES } from "../../codecs/av1/samples.ts";
import { H265_SAMPLES } from "../../codecs/h265/samples.ts";
import { JPEG_IMAGES } from "../../codecs/jpeg/samples.ts";
import { MPEG4_CONFIGS } from "../../codecs/mpeg4_video_samples.ts";
import { VP9_SAMPLES } from "../../codecs/vp9/samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

/** Bytes that begin like this and go on up to a size. */
function frame(begin: string, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(0xa5);
  bytes.set(hex(begin));
  return bytes;
}

const H265 = H265_SAMPLES[0]!;

/** A track of a codec, with a unit at which a decoder may start. */
export interface CodecSample {
  readonly codec: CodecParameters;
  readonly parts: readonly Uint8Array[];
  /** Name of the sample entry that is written. */
  readonly format: string;
}

/** Every codec that MP4 carries. */
export const CODEC_SAMPLES: readonly CodecSample[] = [
  {
    codec: H264_REORDERED_PARAMETERS,
    parts: [h264Slice(true, 40)],
    format: "avc1",
  },
  {
    codec: {
      codec: "h265",
      vps: [H265.vps],
      sps: [H265.sps],
      pps: [H265.pps],
    },
    parts: [frame("2601", 40)],
    format: "hvc1",
  },
  {
    codec: {
      codec: "av1",
      sequenceHeader: hex(AV1_SAMPLES[0]!.sequenceHeader),
    },
    parts: [hex(AV1_SAMPLES[0]!.sequenceHeader), frame("3010", 40)],
    format: "av01",
  },
  {
    codec: { codec: "vp9", profileId: 0, bitDepth: 8 },
    parts: [frame(VP9_SAMPLES[0]!.frame, 60)],
    format: "vp09",
  },
  {
    codec: {
      codec: "mpeg4Video",
      config: hex(MPEG4_CONFIGS[1]!.hex),
      profileLevelId: 1,
    },
    parts: [frame("000001b600", 40)],
    format: "mp4v",
  },
  {
    codec: {
      codec: "mpeg12Video",
      config: hex("000001b31400f013ffffe018"),
    },
    parts: [frame("000001b31400f013ffffe01800000100000ffff800000101", 60)],
    format: "mp4v",
  },
  { codec: { codec: "mjpeg" }, parts: [JPEG_IMAGES[0]!.bytes], format: "mp4v" },
  {
    codec: {
      codec: "aac",
      audioSpecificConfig: hex("1190"),
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    parts: [frame("2110", 40), frame("2111", 41)],
    format: "mp4a",
  },
  {
    codec: { codec: "opus", channelCount: 2 },
    parts: [frame("fc", 40), frame("fc01", 41)],
    format: "Opus",
  },
  {
    codec: {
      codec: "flac",
      streamInfo: serializeFlacStreamInfo({
        sampleRateHz: 48_000,
        channelCount: 2,
        bitDepth: 16,
        minBlockSamples: 4_608,
        maxBlockSamples: 4_608,
      }),
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    parts: [hex("fff8590c0068000000009208")],
    format: "fLaC",
  },
  {
    codec: { codec: "mpegAudio" },
    parts: [frame("fffb1404", 96), frame("fffb1404", 96)],
    format: "mp4a",
  },
  {
    codec: { codec: "ac3", sampleRateHz: 48_000, channelCount: 2 },
    parts: [frame("0b770000004040", 128)],
    format: "ac-3",
  },
  {
    codec: { codec: "g711", law: "mu", sampleRateHz: 8_000, channelCount: 1 },
    parts: [frame("d5", 160)],
    format: "ipcm",
  },
  {
    codec: {
      codec: "lpcm",
      bitDepth: 24,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    parts: [frame("010203", 96)],
    format: "ipcm",
  },
];

/** The sample of a codec. */
export function codecSample(codec: CodecName): CodecSample {
  return CODEC_SAMPLES.find((one) => one.codec.codec === codec)!;
}

/** The track of a sample. */
export function trackOf({ codec }: CodecSample, id = 1): Track {
  const clockRateHz = clockRateOf(codec);
  return { id, kind: codecKind(codec), codec, clockRateHz };
}

/** A unit as payload; shown when it is decoded unless told otherwise. */
export function unitOf(
  parts: readonly Uint8Array[],
  unit: Partial<MediaUnit> = {},
): MediaUnit {
  const { dtsTicks = 0 } = unit;
  return {
    trackId: 1,
    ptsTicks: dtsTicks,
    dtsTicks,
    wallClockMs: 1_700_000_000_000,
    isRandomAccess: true,
    sizeBytes: parts.reduce((sum, { length }) => sum + length, 0),
    origin: { kind: "payload", parts },
    ...unit,
  };
}
