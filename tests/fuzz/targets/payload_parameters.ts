import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import { H264_SAMPLES } from "../../codecs/h264/samples.ts";
import { H265_SAMPLES } from "../../codecs/h265/samples.ts";
import { JPEG_IMAGES } from "../../codecs/jpeg/samples.ts";
import { CONFIGURATION } from "../../formats/rtp/payloads/vorbis_samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

const AAC = {
  codec: "aac",
  audioSpecificConfig: hex("1190"),
  sampleRateHz: 48_000,
  channelCount: 2,
} as const;

const H265 = { codec: "h265", vps: [], sps: [], pps: [] } as const;

const OPUS = { codec: "opus", channelCount: 2 } as const;

/** Tracks that a publisher may have announced, every form of every codec. */
export const PARAMETERS: readonly CodecParameters[] = [
  { codec: "h264", sps: [], pps: [] },
  H265,
  { ...H265, rtpLayout: { maxDonDiff: 2 } },
  { codec: "av1", sequenceHeader: undefined },
  { codec: "av1", sequenceHeader: hex("080000000cc4ff6736be4010") },
  { codec: "vp8" },
  { codec: "vp9", profileId: undefined, bitDepth: undefined },
  { codec: "mpeg4Video", config: undefined, profileLevelId: undefined },
  { codec: "mpeg12Video", config: undefined },
  { codec: "mjpeg" },
  AAC,
  {
    ...AAC,
    rtpLayout: {
      sizeLengthBits: 6,
      indexLengthBits: 2,
      indexDeltaLengthBits: 2,
    },
  },
  { ...AAC, latm: { streamMuxConfig: undefined, isConfigInBand: true } },
  {
    ...AAC,
    latm: { streamMuxConfig: hex("400023203fc0"), isConfigInBand: false },
  },
  OPUS,
  {
    codec: "opus",
    channelCount: 6,
    multistream: {
      streamCount: 4,
      coupledStreamCount: 2,
      channelMapping: [0, 4, 1, 2, 3, 5],
    },
  },
  { codec: "mpegAudio" },
  { codec: "ac3", sampleRateHz: 48_000, channelCount: 6 },
  {
    codec: "flac",
    streamInfo: undefined,
    sampleRateHz: 48_000,
    channelCount: 2,
  },
  {
    codec: "vorbis",
    sampleRateHz: 44_100,
    channelCount: 1,
    configuration: CONFIGURATION,
  },
  { codec: "g711", law: "mu", sampleRateHz: 8_000, channelCount: 1 },
  { codec: "g711", law: "a", sampleRateHz: 16_000, channelCount: 2 },
  { codec: "g722", channelCount: 1 },
  { codec: "g726", bitRateKbps: 24, isBigEndian: true },
  { codec: "lpcm", bitDepth: 24, sampleRateHz: 48_000, channelCount: 2 },
  { codec: "speex", sampleRateHz: 16_000, vbr: undefined },
  { codec: "klv" },
  { codec: "mpegTs" },
  {
    codec: "generic",
    mediaType: "video",
    payloadType: 96,
    rtpMap: "X/90000",
    fmtp: "",
    clockRateHz: 90_000,
  },
];

/** Bytes that begin like this and go on up to a size. */
function frame(begin: string, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(0xa5);
  bytes.set(hex(begin));
  return bytes;
}

const H264 = H264_SAMPLES[0]!;
const H265_SETS = H265_SAMPLES[0]!;

/** A unit of a codec, one that needs several packets where there may be such. */
export const PARTS: { readonly [C in CodecName]?: readonly Uint8Array[] } = {
  h264: [H264.sps, H264.pps, frame("6588", 2_000)],
  h265: [H265_SETS.vps, H265_SETS.sps, H265_SETS.pps, frame("2601", 2_000)],
  av1: [hex("080000000cc4ff6736be4010"), frame("3010", 2_000)],
  vp8: [frame("5062009d012a80026801", 2_000)],
  vp9: [frame("824983420013f00b360638241c184a", 2_000)],
  mpeg4Video: [frame("000001b600", 2_000)],
  mpeg12Video: [
    frame(
      "000001b3140 0f0 13 ffffe018 00000100000ffff8 00000101".replaceAll(
        " ",
        "",
      ),
      2_000,
    ),
  ],
  mjpeg: JPEG_IMAGES.slice(0, 1).map(({ bytes }) => bytes),
  aac: [frame("2110", 40), frame("2110", 900)],
  opus: [frame("fc", 100), frame("fc", 100)],
  mpegAudio: [frame("fffb1404", 96), frame("fffb1404", 96)],
  ac3: [frame("0b770000004040", 128), frame("0b770000004040", 128)],
  flac: [hex("fff8590c0068000000009208")],
  vorbis: [frame("00", 40), frame("02", 900)],
  g711: [frame("d5", 160)],
  g722: [frame("d5", 160)],
  g726: [frame("d5", 60)],
  lpcm: [frame("00", 960)],
  speex: [frame("3e", 42)],
  klv: [frame("060e2b34020b01010e0103010100000082012c", 319)],
  mpegTs: [frame("47", 188)],
};
