import { describeTrack, pictureSize } from "#api/codec_properties.ts";
import { clockRateOf, codecKind, type CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import { assertEquals } from "#test/assert.ts";

/** 1920x1080, High, level 4. [x264] */
const H264_SPS = Uint8Array.fromHex(
  "67640028acd940780227e5c05a808080a0000003002000000781e30632c0",
);

function track(codec: CodecParameters): Track {
  return {
    id: 1,
    kind: codecKind(codec),
    codec,
    clockRateHz: clockRateOf(codec),
  };
}

const CASES: readonly [CodecParameters, string, unknown][] = [
  [
    { codec: "h264", sps: [H264_SPS], pps: [] },
    "H264",
    { width: 1920, height: 1080, profile: "High", level: "4" },
  ],
  [
    { codec: "h264", sps: [], pps: [] },
    "H264",
    { width: 0, height: 0, profile: "", level: "" },
  ],
  [
    { codec: "h264", sps: [Uint8Array.of(0x67, 1)], pps: [] },
    "H264",
    { width: 0, height: 0, profile: "", level: "" },
  ],
  [
    { codec: "h265", vps: [], sps: [], pps: [] },
    "H265",
    { width: 0, height: 0, profile: "", level: "" },
  ],
  [
    {
      codec: "av1",
      sequenceHeader: undefined,
      announced: { profile: 1, levelIdx: 8 },
    },
    "AV1",
    { width: 0, height: 0, profile: 1, level: 8, tier: 0 },
  ],
  [
    { codec: "vp9", profileId: undefined, bitDepth: undefined },
    "VP9",
    { profile: 0 },
  ],
  [{ codec: "vp8" }, "VP8", null],
  [{ codec: "opus", channelCount: 2 }, "Opus", { channelCount: 2 }],
  [
    {
      codec: "aac",
      audioSpecificConfig: undefined,
      sampleRateHz: 44_100,
      channelCount: 2,
    },
    "MPEG-4 Audio",
    { sampleRate: 44_100, channelCount: 2 },
  ],
  [
    {
      codec: "aac",
      audioSpecificConfig: undefined,
      sampleRateHz: 44_100,
      channelCount: 2,
      latm: { streamMuxConfig: undefined, isConfigInBand: true },
    },
    "MPEG-4 Audio LATM",
    null,
  ],
  [
    { codec: "ac3", sampleRateHz: 48_000, channelCount: 6 },
    "AC3",
    { sampleRate: 48_000, channelCount: 6 },
  ],
  [
    { codec: "g711", law: "mu", sampleRateHz: 8_000, channelCount: 1 },
    "G711",
    { muLaw: true, sampleRate: 8_000, channelCount: 1 },
  ],
  [
    { codec: "lpcm", bitDepth: 16, sampleRateHz: 48_000, channelCount: 2 },
    "LPCM",
    { bitDepth: 16, sampleRate: 48_000, channelCount: 2 },
  ],
  [{ codec: "klv" }, "KLV", null],
];

for (const [codec, label, codecProps] of CASES) {
  Deno.test(`describeTrack() describes ${label} as ${JSON.stringify(codecProps)}`, () => {
    assertEquals(describeTrack(track(codec)), { codec: label, codecProps });
  });
}

Deno.test("pictureSize() is that of the first video track", () => {
  const audio = track({ codec: "opus", channelCount: 2 });
  const video = track({ codec: "h264", sps: [H264_SPS], pps: [] });
  assertEquals(pictureSize([audio, video]), { width: 1920, height: 1080 });
  assertEquals(pictureSize([audio]), undefined);
  const unknown = track({ codec: "h264", sps: [], pps: [] });
  assertEquals(pictureSize([unknown]), undefined);
});
