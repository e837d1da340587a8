import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { pictureTiming } from "#codecs/picture_timing.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { H264_SAMPLES } from "./h264/samples.ts";
import { layerOf } from "./mpeg4_video_samples.ts";

const MPEG2 = Uint8Array.fromHex(
  "000001b304003024ffffe018000001b5148a000100800000",
);

const CASES: {
  name: string;
  parameters: CodecParameters;
  timing: readonly [number | undefined, number | undefined];
}[] = [{
  name: "an H264 SPS",
  parameters: {
    codec: "h264",
    sps: [H264_SAMPLES[0]!.sps],
    pps: [],
  },
  timing: [2, 3_000],
}, {
  name: "an MPEG-4 layer of a fixed rate, with B-VOPs",
  parameters: {
    codec: "mpeg4Video",
    config: layerOf({ objectType: 17, resolution: 25, increment: 1 }),
    profileLevelId: 1,
  },
  timing: [1, 3_600],
}, {
  name: "an MPEG-4 layer with low delay",
  parameters: {
    codec: "mpeg4Video",
    config: layerOf({ objectType: 17, resolution: 25, lowDelay: true }),
    profileLevelId: 1,
  },
  timing: [0, undefined],
}, {
  name: "an MPEG-2 sequence with low delay",
  parameters: { codec: "mpeg12Video", config: MPEG2 },
  timing: [0, 3_003],
}, {
  name: "an MPEG-1 sequence",
  parameters: { codec: "mpeg12Video", config: MPEG2.subarray(0, 12) },
  timing: [1, 3_003],
}];

for (const { name, parameters, timing } of CASES) {
  Deno.test(`pictureTiming() reads ${name}`, () => {
    const [reorderDepth, frameDurationTicks] = timing;
    assertEquals(pictureTiming(parameters), {
      reorderDepth,
      frameDurationTicks,
    });
  });
}

Deno.test("pictureTiming() is not known before the headers are, and for no other codec", () => {
  const unknown = { reorderDepth: undefined, frameDurationTicks: undefined };
  for (
    const parameters of [
      { codec: "h264", sps: [], pps: [] },
      { codec: "h265", vps: [], sps: [], pps: [] },
      { codec: "mpeg4Video", config: undefined, profileLevelId: undefined },
      { codec: "mpeg12Video", config: undefined },
    ] as const
  ) assertEquals(pictureTiming(parameters), unknown);
  assertEquals(pictureTiming({ codec: "mjpeg" }), undefined);
  assertEquals(pictureTiming({ codec: "opus", channelCount: 2 }), undefined);
});

Deno.test("pictureTiming() throws ParseError for broken headers", () => {
  const config = Uint8Array.of(0, 0, 1);
  for (
    const parameters of [
      { codec: "h264", sps: [config], pps: [] },
      { codec: "mpeg4Video", config, profileLevelId: 1 },
      { codec: "mpeg12Video", config },
    ] as const
  ) assertThrows(() => pictureTiming(parameters), ParseError);
});
