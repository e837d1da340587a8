import { EPOCH_LEAD_MS, Timeline } from "#core/timeline.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { AUDIO, VIDEO } from "#test/units.ts";

/** Publisher's time of a unit in seconds, and where it must stand, in milliseconds behind the start. */
type Step = readonly [track: Track, publisherSeconds: number, streamMs: number];

const LINES: readonly {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly jumps: number;
}[] = [
  {
    name: "the first unit at the start, whatever its time is",
    steps: [[VIDEO, 47_721.858, 0]],
    jumps: 0,
  },
  {
    name: "a unit with a negative time",
    steps: [[VIDEO, -3, 0], [VIDEO, -2.96, 40]],
    jumps: 0,
  },
  {
    name: "tracks beside each other",
    steps: [[VIDEO, 10, 0], [AUDIO, 10.02, 20], [VIDEO, 10.04, 40]],
    jumps: 0,
  },
  {
    name: "a track that begins before the first one",
    steps: [[VIDEO, 10, 0], [AUDIO, 9.5, -500]],
    jumps: 0,
  },
  {
    name: "a track that begins before the stream's time beside the others",
    steps: [
      [VIDEO, 10, 0],
      [AUDIO, 8.9, 1],
      [AUDIO, 8.92, 21],
      [VIDEO, 10.04, 40],
    ],
    jumps: 1,
  },
  {
    name: "a track that comes late, with the others",
    steps: [[VIDEO, 10, 0], [VIDEO, 19, 9_000], [AUDIO, 18.5, 8_500]],
    jumps: 0,
  },
  {
    name: "a pause as a pause",
    steps: [[VIDEO, 10, 0], [VIDEO, 19.9, 9_900], [VIDEO, 29.8, 19_800]],
    jumps: 0,
  },
  {
    name: "a jump ahead of both tracks once",
    steps: [
      [VIDEO, 10, 0],
      [AUDIO, 10, 0],
      [VIDEO, 3_610, 1],
      [AUDIO, 3_610.02, 21],
      [VIDEO, 3_610.04, 41],
    ],
    jumps: 1,
  },
  {
    name: "a jump back of both tracks once",
    steps: [
      [VIDEO, 3_610, 0],
      [AUDIO, 3_610, 0],
      [VIDEO, 3_610.04, 40],
      [AUDIO, 0, 41],
      [VIDEO, 0.04, 81],
      [AUDIO, 0.02, 61],
    ],
    jumps: 1,
  },
  {
    name: "a jump of one track beside the other",
    steps: [
      [VIDEO, 10, 0],
      [AUDIO, 10, 0],
      [AUDIO, 500, 1],
      [VIDEO, 10.04, 40],
      [AUDIO, 500.02, 21],
      [VIDEO, 10.08, 80],
    ],
    jumps: 1,
  },
  {
    name: "a jump there and back",
    steps: [
      [VIDEO, 10, 0],
      [VIDEO, 5_000, 1],
      [VIDEO, 5_000.04, 41],
      [VIDEO, 10.12, 42],
      [VIDEO, 10.16, 82],
    ],
    jumps: 2,
  },
  {
    name: "a step back of both tracks, however small, once",
    steps: [
      [VIDEO, 10, 0],
      [AUDIO, 10, 0],
      [VIDEO, 7, 1],
      [AUDIO, 10.02, 20],
      [AUDIO, 7.04, 41],
      [VIDEO, 7.04, 41],
    ],
    jumps: 1,
  },
  {
    name: "tracks that jump one after the other by the same time",
    steps: [
      [VIDEO, 10, 0],
      [AUDIO, 10, 0],
      [VIDEO, 1_010.04, 1],
      [AUDIO, 10.02, 20],
      [AUDIO, 1_010.06, 21],
    ],
    jumps: 1,
  },
];

for (const { name, steps, jumps } of LINES) {
  Deno.test(`Timeline.offsetTicks() places ${name}`, () => {
    const timeline = new Timeline(EPOCH_LEAD_MS);
    const placed = steps.map(([track, seconds]) =>
      placedMs(timeline, track, seconds)
    );
    assertEquals(
      placed.map((ms) => Math.round(ms - EPOCH_LEAD_MS)),
      steps.map(([, , streamMs]) => streamMs),
    );
    assertEquals(timeline.jumps, jumps);
    assertEquals(Math.round(timeline.lastStreamMs), Math.max(...placed));
  });
}

Deno.test("Timeline.lastDtsTicks() holds a small step back until the publisher is there again", () => {
  const timeline = new Timeline(EPOCH_LEAD_MS);
  const placed = [10, 10.04, 9.9, 10.03, 10.08].map((seconds) => {
    timeline.offsetTicks(VIDEO, seconds * VIDEO.clockRateHz);
    return timeline.lastDtsTicks(VIDEO) / 90 - EPOCH_LEAD_MS;
  });
  assertEquals(placed.map(Math.round), [0, 40, 40, 40, 80]);
  assertEquals(timeline.jumps, 0);
});

for (const lengthMs of [100, 500, 960, 1_000, 5_000]) {
  Deno.test(`Timeline.offsetTicks() goes on with a publisher that begins anew every ${lengthMs} ms`, () => {
    const timeline = new Timeline(EPOCH_LEAD_MS);
    const frameMs = 20;
    for (let sentMs = 0; sentMs < 60_000; sentMs += frameMs) {
      const ticks = (sentMs % lengthMs) * 90;
      timeline.offsetTicks(VIDEO, ticks);
      const placedMs = timeline.lastDtsTicks(VIDEO) / 90 - EPOCH_LEAD_MS;
      assert(placedMs <= sentMs, `${placedMs} ms after ${sentMs} ms`);
    }
    const placedMs = timeline.lastStreamMs - EPOCH_LEAD_MS;
    assert(placedMs > 20_000, `${placedMs} ms after a minute`);
  });
}

Deno.test("Timeline.offsetTicks() takes frames out of order for no jump", () => {
  const timeline = new Timeline(EPOCH_LEAD_MS);
  // A pyramid of B-frames whose decoding times are those of presentation.
  const order = [16, 8, 4, 2, 1, 3, 6, 5, 7, 12, 10, 9, 11, 14, 13, 15];
  for (let start = 0; start < 10_000; start += 16) {
    for (const frame of order) {
      timeline.offsetTicks(VIDEO, (start + frame) * 3_600);
    }
  }
  assertEquals(timeline.jumps, 0);
});

Deno.test("Timeline.offsetTicks() loses no tick in a hundred days", () => {
  const timeline = new Timeline(EPOCH_LEAD_MS);
  const first = timeline.offsetTicks(VIDEO, 8_123_456_789);
  let dtsTicks = 8_123_456_789;
  const endTicks = dtsTicks + 100 * 86_400 * 90_000;
  while (dtsTicks < endTicks) {
    dtsTicks += 809_999;
    assertEquals(timeline.offsetTicks(VIDEO, dtsTicks), first);
  }
  assertEquals(timeline.jumps, 0);
});

Deno.test("Timeline.wallClockMs() follows the stream's time between two limits [MediaMTX]", () => {
  const steps = [
    { name: "first unit is now", streamMs: 1_000, nowMs: 50_000, is: 50_000 },
    { name: "difference", streamMs: 1_040, nowMs: 50_050, is: 50_040 },
    {
      name: "another track, earlier",
      streamMs: 990,
      nowMs: 50_060,
      is: 49_990,
    },
    { name: "late arrival", streamMs: 1_080, nowMs: 55_080, is: 50_080 },
    { name: "too late", streamMs: 1_120, nowMs: 55_121, is: 55_121 },
    { name: "from then on", streamMs: 1_160, nowMs: 55_200, is: 55_161 },
    { name: "in the future", streamMs: 2_000, nowMs: 55_300, is: 55_300 },
    { name: "from then on again", streamMs: 1_960, nowMs: 55_310, is: 55_260 },
  ];
  const timeline = new Timeline(EPOCH_LEAD_MS);
  for (const { name, streamMs, nowMs, is } of steps) {
    assertEquals(timeline.wallClockMs(streamMs, nowMs), is, name);
  }
});

function placedMs(timeline: Timeline, track: Track, seconds: number): number {
  const dtsTicks = Math.round(seconds * track.clockRateHz);
  const ticks = dtsTicks + timeline.offsetTicks(track, dtsTicks);
  return Math.round(ticks * 1_000 / track.clockRateHz);
}
