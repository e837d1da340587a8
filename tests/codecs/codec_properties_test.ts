import type { CodecParameters } from "#codecs/codec.ts";
import {
  type CodecProperties,
  codecProperties,
  videoSize,
} from "#codecs/codec_properties.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { AV1_SAMPLES } from "./av1/samples.ts";
import { H264_SAMPLES } from "./h264/samples.ts";
import { H265_SAMPLES } from "./h265/samples.ts";

const H264 = { codec: "h264", pps: [] } as const;
const H265 = { codec: "h265", vps: [], pps: [] } as const;
const STEREO = { sampleRateHz: 48_000, channelCount: 2 } as const;

const CASES: readonly {
  readonly name: string;
  readonly parameters: CodecParameters;
  readonly size: readonly [number, number] | undefined;
  readonly properties: CodecProperties | null;
}[] = [{
  name: "H264",
  parameters: { ...H264, sps: [H264_SAMPLES[0]!.sps] },
  size: [1_920, 1_080],
  properties: { width: 1_920, height: 1_080, profile: "High", level: "4" },
}, {
  name: "H264 with a level between",
  parameters: { ...H264, sps: [withLevel(H264_SAMPLES[1]!.sps, 3, 41)] },
  size: [640, 360],
  properties: { width: 640, height: 360, profile: "Baseline", level: "4.1" },
}, {
  name: "H264 before its parameter sets",
  parameters: { ...H264, sps: [] },
  size: undefined,
  properties: { width: 0, height: 0, profile: "", level: "" },
}, {
  name: "H264 with a broken parameter set",
  parameters: { ...H264, sps: [H264_SAMPLES[0]!.sps.subarray(0, 6)] },
  size: undefined,
  properties: { width: 0, height: 0, profile: "", level: "" },
}, {
  name: "H265",
  parameters: { ...H265, sps: [H265_SAMPLES[0]!.sps] },
  size: [1_920, 1_080],
  properties: { width: 1_920, height: 1_080, profile: "Main", level: "4" },
}, {
  name: "H265 in ten bits",
  parameters: { ...H265, sps: [H265_SAMPLES[1]!.sps] },
  size: [322, 182],
  properties: { width: 322, height: 182, profile: "Main 10", level: "2" },
}, {
  name: "AV1 without fmtp [MediaMTX: no size]",
  parameters: {
    codec: "av1",
    sequenceHeader: Uint8Array.fromHex(AV1_SAMPLES[0]!.sequenceHeader),
  },
  size: [640, 360],
  properties: { width: 0, height: 0, profile: 0, level: 0, tier: 0 },
}, {
  name: "AV1 as it was announced",
  parameters: {
    codec: "av1",
    sequenceHeader: undefined,
    announced: { profile: 2, levelIdx: 8, tier: 1 },
  },
  size: undefined,
  properties: { width: 0, height: 0, profile: 2, level: 8, tier: 1 },
}, {
  name: "VP9",
  parameters: { codec: "vp9", profileId: 2, bitDepth: 10 },
  size: undefined,
  properties: { profile: 2 },
}, {
  name: "VP8",
  parameters: { codec: "vp8" },
  size: undefined,
  properties: null,
}, {
  name: "Opus",
  parameters: { codec: "opus", channelCount: 6 },
  size: undefined,
  properties: { channelCount: 6 },
}, {
  name: "AAC",
  parameters: {
    codec: "aac",
    audioSpecificConfig: Uint8Array.fromHex("1190"),
    ...STEREO,
  },
  size: undefined,
  properties: { sampleRate: 48_000, channelCount: 2 },
}, {
  name: "AAC of eight channels, whose configuration is 7",
  parameters: {
    codec: "aac",
    audioSpecificConfig: Uint8Array.fromHex("11b8"),
    ...STEREO,
    channelCount: 8,
  },
  size: undefined,
  properties: { sampleRate: 48_000, channelCount: 7 },
}, {
  name: "AAC as LATM",
  parameters: {
    codec: "aac",
    audioSpecificConfig: undefined,
    ...STEREO,
    latm: { streamMuxConfig: undefined, isConfigInBand: true },
  },
  size: undefined,
  properties: null,
}, {
  name: "AC-3",
  parameters: { codec: "ac3", ...STEREO },
  size: undefined,
  properties: { sampleRate: 48_000, channelCount: 2 },
}, {
  name: "G711",
  parameters: {
    codec: "g711",
    law: "mu",
    sampleRateHz: 8_000,
    channelCount: 1,
  },
  size: undefined,
  properties: { muLaw: true, sampleRate: 8_000, channelCount: 1 },
}, {
  name: "LPCM",
  parameters: { codec: "lpcm", bitDepth: 24, ...STEREO },
  size: undefined,
  properties: { bitDepth: 24, sampleRate: 48_000, channelCount: 2 },
}];

for (const { name, parameters, size, properties } of CASES) {
  Deno.test(`codecProperties() and videoSize() tell what is known of ${name}`, () => {
    const found = videoSize(parameters);
    assertEquals(found && [found.width, found.height], size);
    assertEquals(codecProperties(parameters), properties);
  });
}

Deno.test("codecProperties() names levels of H265 as their tables do", () => {
  const sps = H265_SAMPLES[0]!.sps;
  const at = sps.indexOf(120);
  assert(at > 0);
  const levels = [93, 153, 186].map((levelIdc) =>
    codecProperties({ ...H265, sps: [withLevel(sps, at, levelIdc)] })?.["level"]
  );
  assertEquals(levels, ["3.1", "5.1", "6.2"]);
});

/** A parameter set with another level. */
function withLevel(sps: Uint8Array, at: number, levelIdc: number): Uint8Array {
  return sps.with(at, levelIdc);
}
