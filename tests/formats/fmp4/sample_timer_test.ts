import { SampleTimer, type TimedSample } from "#formats/fmp4/sample_timer.ts";
import type { Mp4Sample } from "#formats/fmp4/unit_samples.ts";
import { assertEquals } from "#test/assert.ts";

function sampleAt(
  dtsTicks: number,
  { ptsTicks = dtsTicks, durationTicks }: Partial<Mp4Sample> = {},
): Mp4Sample {
  return {
    trackId: 1,
    dtsTicks,
    ptsTicks,
    durationTicks,
    wallClockMs: 0,
    isSync: true,
    bytes: Uint8Array.of(1),
  };
}

/** Decoding time, duration and offset of everything that comes out. */
function timesOf(
  originTicks: number,
  samples: readonly Mp4Sample[],
): (readonly number[])[] {
  const timer = new SampleTimer(originTicks);
  const timed: (TimedSample | undefined)[] = samples.map((sample) =>
    timer.push(sample)
  );
  timed.push(timer.flush());
  assertEquals(timer.waiting, undefined);
  return timed.flatMap((one) =>
    one
      ? [[one.decodeTicks, one.durationTicks, one.compositionOffsetTicks]]
      : []
  );
}

Deno.test("SampleTimer holds a sample back until the next one tells how long it lasts", () => {
  const timer = new SampleTimer(1_000);
  const first = sampleAt(1_000);
  assertEquals(timer.push(first), undefined);
  assertEquals(timer.waiting, first);
  assertEquals(timer.push(sampleAt(1_040, { ptsTicks: 1_120 })), {
    sample: first,
    decodeTicks: 0,
    durationTicks: 40,
    compositionOffsetTicks: 0,
  });
});

Deno.test("SampleTimer gives the last sample the duration it tells, or that of the one before", () => {
  const tells = sampleAt(40, { durationTicks: 33 });
  assertEquals(timesOf(0, [sampleAt(0), tells]), [[0, 40, 0], [40, 33, 0]]);
  assertEquals(timesOf(0, [sampleAt(0), sampleAt(40)]), [
    [0, 40, 0],
    [40, 40, 0],
  ]);
  assertEquals(timesOf(0, [sampleAt(7)]), [[7, 0, 0]]);
});

Deno.test("SampleTimer moves decoding times before the origin, and shows pictures when they were meant to be", () => {
  const samples = [
    sampleAt(-80, { ptsTicks: 0 }),
    sampleAt(-40, { ptsTicks: -10 }),
    sampleAt(0, { ptsTicks: 80 }),
  ];
  assertEquals(timesOf(0, samples), [[0, 0, 0], [0, 0, -10], [0, 0, 80]]);
});

Deno.test("SampleTimer lets times fall back by nothing", () => {
  const samples = [sampleAt(0), sampleAt(100), sampleAt(60), sampleAt(140)];
  assertEquals(timesOf(0, samples), [
    [0, 100, 0],
    [100, 0, 0],
    [100, 40, -40],
    [140, 40, 0],
  ]);
});

Deno.test("SampleTimer goes on behind a flush", () => {
  const timer = new SampleTimer(0);
  assertEquals(timer.flush(), undefined);
  timer.push(sampleAt(0, { durationTicks: 50 }));
  timer.flush();
  timer.push(sampleAt(40));
  assertEquals(timer.flush()?.decodeTicks, 50);
});
