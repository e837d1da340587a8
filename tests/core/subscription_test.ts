import * as fc from "fast-check";
import type { Batch } from "#core/batch.ts";
import type { QueueLimits, Subscription } from "#core/subscription.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  CollectingSink,
  noLimits,
  publishPicture,
  type TestStream,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

/** A stream, one reader, and what it was told to have lost. */
interface Reading extends TestStream {
  readonly sink: CollectingSink;
  readonly subscription: Subscription;
  readonly drops: number[];
}

/** Publishes pictures one millisecond apart, numbered by their times; `I` for those at which a decoder may start. */
function publish(test: TestStream, kinds: string, sizeBytes = 20): void {
  const publication = test.stream.publication ?? test.stream.attach([VIDEO]);
  for (const kind of kinds) {
    const isRandomAccess = kind === "I";
    const dtsTicks = test.stream.totalUnits * VIDEO_FRAME_TICKS;
    publishPicture(publication, dtsTicks, { isRandomAccess, sizeBytes });
    test.clock.advance(1);
  }
}

function join(
  test: TestStream,
  limits: Partial<QueueLimits> = {},
  credit = Infinity,
): Reading {
  const drops: number[] = [];
  const sink = new CollectingSink(credit);
  const subscription = test.stream.subscribe(
    sink,
    noLimits({ onDrop: (count) => drops.push(count), ...limits }),
  );
  subscription.resume();
  return { ...test, sink, subscription, drops };
}

/** What was in flight has left, and nothing holds the reader up any more. */
function drain({ sink, subscription }: Reading): void {
  sink.credit = Infinity;
  subscription.resume();
}

/** Positions of the units in the stream. */
function positions({ sink }: Reading): number[] {
  return sink.batches.map(({ unitsBefore }) => unitsBefore);
}

Deno.test("Subscription.offer() delivers at once while nothing is in flight", () => {
  const test = testStream();
  const reading = join(test);
  publish(test, "IPP");
  assertEquals(positions(reading), [0, 1, 2]);
  assertEquals(reading.subscription.next, undefined);
});

Deno.test("Subscription.resume() goes on where a write was in flight", () => {
  const test = testStream();
  const reading = join(test, {}, 2);
  publish(test, "IPPPI");
  assertEquals(positions(reading), [0, 1]);
  assertEquals(reading.subscription.next?.unitsBefore, 2);
  reading.sink.credit = 2;
  reading.subscription.resume();
  assertEquals(positions(reading), [0, 1, 2, 3]);
  drain(reading);
  publish(test, "P");
  assertEquals(positions(reading), [0, 1, 2, 3, 4, 5]);
  assertEquals(reading.drops, []);
});

Deno.test("Subscription.resume() may be called while it delivers", () => {
  const test = testStream();
  publish(test, "IPP");
  const sink = new CollectingSink();
  const subscription: Subscription = test.stream.subscribe({
    deliver(batch) {
      sink.deliver(batch);
      subscription.resume();
      return true;
    },
    end() {},
  }, noLimits());
  subscription.resume();
  assertEquals(sink.batches.map(({ unitsBefore }) => unitsBefore), [0, 1, 2]);
});

const LIMITS: readonly {
  readonly name: string;
  readonly limits: Partial<QueueLimits>;
}[] = [
  { name: "units", limits: { maxUnits: 3 } },
  { name: "bytes", limits: { maxBytes: 60 } },
  { name: "age", limits: { maxAgeMs: 2 } },
];

for (const { name, limits } of LIMITS) {
  Deno.test(`Subscription drops to the next random access unit over its limit of ${name}`, () => {
    const test = testStream();
    const reading = join(test, limits, 2);
    publish(test, "IPPPP");
    assertEquals(positions(reading), [0, 1]);
    assertEquals(reading.drops, []);
    publish(test, "P");
    assertEquals(reading.subscription.droppedUnits, 4);
    publish(test, "PP");
    assertEquals(reading.subscription.droppedUnits, 6);
    drain(reading);
    publish(test, "PIP");
    assertEquals(positions(reading), [0, 1, 9, 10]);
    assertEquals(reading.subscription.droppedUnits, 7);
    assertEquals(sum(reading.drops), 7);
  });
}

Deno.test("Subscription drops to a random access unit that waits already", () => {
  const test = testStream();
  const reading = join(test, { maxUnits: 4 }, 1);
  publish(test, "IPPIPP");
  assertEquals(positions(reading), [0]);
  assertEquals(reading.drops, [2]);
  drain(reading);
  assertEquals(positions(reading), [0, 3, 4, 5]);
});

Deno.test("Subscription drops to the random access unit that is one too many, without a cached group, too", () => {
  const test = testStream({ isOn: false });
  const reading = join(test, { maxUnits: 2 }, 1);
  publish(test, "IPPI");
  drain(reading);
  assertEquals(positions(reading), [0, 3]);
  assertEquals(reading.drops, [2]);
});

Deno.test("Subscription takes one unit that alone is over the limit of bytes", () => {
  const test = testStream();
  const reading = join(test, { maxBytes: 100 }, 1);
  publish(test, "I");
  publish(test, "P", 5_000);
  drain(reading);
  assertEquals(positions(reading), [0, 1]);
});

Deno.test("Subscription does not count a joiner's burst as waiting", () => {
  const test = testStream();
  publish(test, "I" + "P".repeat(99));
  test.clock.advance(60_000);
  const reading = join(test, { maxUnits: 3, maxBytes: 60, maxAgeMs: 500 }, 10);
  publish(test, "PPP");
  assertEquals(reading.drops, []);
  reading.sink.credit = 50;
  reading.subscription.resume();
  drain(reading);
  assertEquals(reading.sink.batches.length, 103);
  assertEquals(reading.drops, []);
});

Deno.test("Subscription gives up a burst when too much comes behind it", () => {
  const test = testStream();
  publish(test, "I" + "P".repeat(9));
  const reading = join(test, { maxUnits: 3 }, 5);
  publish(test, "PPPP");
  assertEquals(reading.subscription.droppedUnits, 9);
  drain(reading);
  publish(test, "IP");
  assertEquals(positions(reading), [0, 1, 2, 3, 4, 14, 15]);
});

Deno.test("Subscription does not count what came before a joiner's first random access unit as dropped", () => {
  const test = testStream({ isOn: false });
  publish(test, "IPP");
  const reading = join(test, { maxUnits: 3 });
  publish(test, "PPPPPPI");
  assertEquals(positions(reading), [9]);
  assertEquals(reading.subscription.droppedUnits, 0);
});

Deno.test("Subscription.end() tells the sink when everything was delivered", () => {
  const test = testStream();
  const reading = join(test, {}, 1);
  publish(test, "IPP");
  test.stream.publication![Symbol.dispose]();
  test.stream.endReaders("terminated");
  assertEquals(reading.sink.endReason, undefined);
  reading.sink.credit = 2;
  reading.subscription.resume();
  assertEquals(positions(reading), [0, 1, 2]);
  assertEquals(reading.sink.endReason, "terminated");
  assertEquals(test.stream.readers.size, 0);
});

Deno.test("Subscription.end() tells a sink that waits for nothing at once", () => {
  const test = testStream();
  const reading = join(test);
  publish(test, "I");
  test.stream.endReaders("terminated");
  test.stream.endReaders("again");
  assertEquals(reading.sink.endReason, "terminated");
  assert(reading.subscription.isClosed);
});

Deno.test("Subscription gets nothing of the next publication once it was ended", () => {
  const test = testStream();
  const reading = join(test, { maxUnits: 4 }, 1);
  publish(test, "IPP");
  test.stream.publication![Symbol.dispose]();
  test.stream.endReaders("terminated");
  publish(test, "IPPPPPP");
  drain(reading);
  assertEquals(positions(reading), [0, 1, 2]);
  assertEquals(reading.drops, []);
  assertEquals(reading.sink.endReason, "terminated");
});

Deno.test("Subscription stays for the next publication unless it is ended", () => {
  const test = testStream();
  const reading = join(test);
  publish(test, "IP");
  test.stream.publication![Symbol.dispose]();
  publish(test, "IP");
  assertEquals(positions(reading), [0, 1, 2, 3]);
});

Deno.test("Subscription[Symbol.dispose]() ends it in silence", () => {
  const test = testStream();
  const reading = join(test, {}, 1);
  publish(test, "IPP");
  reading.subscription[Symbol.dispose]();
  drain(reading);
  publish(test, "IP");
  test.stream.endReaders("terminated");
  assertEquals(positions(reading), [0]);
  assertEquals(reading.sink.endReason, undefined);
});

Deno.test("Stream adds up what its readers lost, those that are gone included", () => {
  const test = testStream();
  const readings = [1, 2].map((credit) => join(test, { maxUnits: 2 }, credit));
  publish(test, "IPPPPP");
  const lost = readings.map(({ subscription }) => subscription.droppedUnits);
  assertEquals(lost, [5, 4]);
  for (const { subscription } of readings) subscription[Symbol.dispose]();
  assertEquals(test.stream.droppedUnits, 9);
});

/** What may happen, in any order. */
type Step =
  | { readonly kind: "publish"; readonly isRandomAccess: boolean }
  | { readonly kind: "credit"; readonly batches: number }
  | { readonly kind: "join" };

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("publish" as const),
        isRandomAccess: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("credit" as const),
        batches: fc.integer({ min: 1, max: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const) }) },
  ),
  { maxLength: 80 },
);

for (const isOn of [true, false]) {
  const cache = isOn ? "with" : "without";
  Deno.test(`Subscription gives whole beginnings of groups and counts the rest, ${cache} a cached group`, () => {
    fc.assert(
      fc.property(
        STEPS,
        fc.integer({ min: 1, max: 12 }),
        (steps, maxUnits) => {
          const test = testStream({ isOn });
          const readings: Reading[] = [join(test, { maxUnits }, 1)];
          for (const step of steps) {
            if (step.kind === "publish") {
              publish(test, step.isRandomAccess ? "I" : "P");
            } else if (step.kind === "join") {
              readings.push(join(test, { maxUnits }, 1));
            } else {
              for (const { sink, subscription } of readings) {
                sink.credit = step.batches;
                subscription.resume();
              }
            }
          }
          publish(test, "I");
          for (const reading of readings) {
            drain(reading);
            checkGroups(reading);
          }
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
}

/** No hole inside a group, every run begins where a decoder may start, and nothing is unaccounted for. */
function checkGroups(reading: Reading): void {
  const { sink: { batches }, subscription, stream } = reading;
  let before: Batch | undefined;
  for (const batch of batches) {
    const follows = before !== undefined && before.next === batch;
    assert(follows || batch.isRandomAccess, "a run begins inside a group");
    before = batch;
  }
  const first = batches[0];
  if (first === undefined) return;
  const expected = stream.totalUnits - first.unitsBefore;
  assertEquals(batches.length + subscription.droppedUnits, expected);
  assertEquals(sum(reading.drops), subscription.droppedUnits);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
