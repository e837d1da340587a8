import { EncodingCache } from "#core/encoding_cache.ts";
import { samplesOfStep, samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { assertEquals } from "#test/assert.ts";
import { rtpPacket } from "#test/units.ts";
import { codecSample, trackOf, unitOf } from "./mp4_samples.ts";

const AAC = codecSample("aac");
const H264 = codecSample("h264");

Deno.test("samplesOfUnit() gives a sample for each frame of sound, with its times", () => {
  const unit = unitOf(AAC.parts, {
    dtsTicks: -2_000,
    wallClockMs: 5_000,
    isRandomAccess: false,
  });
  const samples = samplesOfUnit(unit, trackOf(AAC));
  assertEquals(
    samples.map(({ bytes: _, ...rest }) => rest),
    [
      {
        trackId: 1,
        dtsTicks: -2_000,
        ptsTicks: -2_000,
        durationTicks: 1_024,
        wallClockMs: 5_000,
        isSync: true,
      },
      {
        trackId: 1,
        dtsTicks: -976,
        ptsTicks: -976,
        durationTicks: 1_024,
        wallClockMs: 5_000 + 1_024 / 48,
        isSync: true,
      },
    ],
  );
  assertEquals(samples.map(({ bytes }) => bytes), [...AAC.parts]);
});

Deno.test("samplesOfUnit() keeps the order of pictures and where a decoder may start", () => {
  const unit = unitOf(H264.parts, {
    dtsTicks: 3_600,
    ptsTicks: 10_800,
    isRandomAccess: false,
  });
  const [sample] = samplesOfUnit(unit, trackOf(H264));
  const { dtsTicks, ptsTicks, isSync, durationTicks } = sample!;
  assertEquals([dtsTicks, ptsTicks, isSync, durationTicks], [
    3_600,
    10_800,
    false,
    undefined,
  ]);
});

Deno.test("samplesOfStep() makes the samples once, and passes over what MP4 does not carry", () => {
  const errors: string[] = [];
  const encodings = new EncodingCache();
  const video = trackOf(H264, 2);
  const vp8 = trackOf(
    { codec: { codec: "vp8" }, parts: [], format: "" },
    3,
  );
  const broken = unitOf([], {
    trackId: 2,
    origin: {
      kind: "packets",
      formatId: "rtp/h264",
      packets: [rtpPacket({}, Uint8Array.of(0x7c, 0x05, 1))],
    },
  });
  const step = {
    tracks: [trackOf(AAC), video, vp8],
    units: [
      unitOf(AAC.parts),
      unitOf(H264.parts, { trackId: 2 }),
      unitOf([Uint8Array.of(1)], { trackId: 3 }),
      unitOf([Uint8Array.of(1)], { trackId: 9 }),
      broken,
    ],
    encodings,
  };
  const samples = samplesOfStep(step, (message) => errors.push(message));
  assertEquals(samples.map(({ trackId }) => trackId), [1, 1, 2]);
  assertEquals(errors.length, 1);
  const again = samplesOfStep(step, () => errors.push("again"));
  assertEquals(again === samples, true);
  assertEquals(errors.length, 1);
});
