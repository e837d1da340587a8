import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  CollectingSink,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";

/** Publishes pictures 40 ms apart; `kinds` has `I` for those at which a decoder may start. */
function publishGroup(
  { stream, clock }: ReturnType<typeof testStream>,
  kinds: string,
  fromPicture = 0,
): void {
  const publication = stream.publication ?? stream.attach([VIDEO]);
  for (const [i, kind] of [...kinds].entries()) {
    publishPicture(publication, (fromPicture + i) * VIDEO_FRAME_TICKS, {
      isRandomAccess: kind === "I",
    });
    clock.advance(40);
  }
}

Deno.test("Stream.subscribe() starts a late joiner at the start of the group", () => {
  const test = testStream();
  publishGroup(test, "IPPIPP");
  const sink = new CollectingSink();
  const subscription = test.stream.subscribe(sink, noLimits());
  assertEquals(sink.batches.length, 0);
  subscription.resume();
  publishGroup(test, "PI", 6);
  assertEquals(sink.timesMs, [1_120, 1_160, 1_200, 1_240, 1_280]);
  assert(sink.batches[0]!.isRandomAccess);
});

Deno.test("Stream.subscribe() lets a joiner wait for a random access unit without a cache", () => {
  const test = testStream({ isOn: false });
  publishGroup(test, "IPP");
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  publishGroup(test, "PPIPI", 3);
  assertEquals(sink.timesMs, [1_200, 1_240, 1_280]);
  assertEquals(test.stream.droppedUnits, 0);
});

Deno.test("Stream.subscribe() hands the same batches to everybody", () => {
  const test = testStream();
  publishGroup(test, "IP");
  const [first, second] = [new CollectingSink(), new CollectingSink()];
  test.stream.subscribe(first, noLimits()).resume();
  publishGroup(test, "P", 2);
  test.stream.subscribe(second, noLimits()).resume();
  publishGroup(test, "P", 3);
  assertEquals(first.batches.length, 4);
  for (const [i, batch] of first.batches.entries()) {
    assert(second.batches[i] === batch);
  }
});

const CACHE_LIMITS = [
  {
    name: "bytes",
    limits: { maxBytes: 2_000 },
    text: "it has 80 bytes in 4 units and 120 ms, " +
      "gopCacheMaxSize is 2000 bytes and gopCacheMaxDuration 60000 ms",
  },
  {
    name: "seconds",
    limits: { maxDurationMs: 100 },
    text: "it has 80 bytes in 4 units and 120 ms, " +
      "gopCacheMaxSize is 2000000 bytes and gopCacheMaxDuration 100 ms",
  },
];

for (const { name, limits, text } of CACHE_LIMITS) {
  Deno.test(`Stream gives up a group over its limit of ${name}, with one warning, until the next`, () => {
    const test = testStream(limits);
    publishGroup(test, "IPP");
    assert(test.stream.groupStart !== undefined);
    publishGroup(test, "PPP", 3);
    assertEquals(test.stream.groupStart, undefined);
    assertEquals(test.warnings, [
      `Cannot keep the group of pictures for new readers: ${text}`,
    ]);
    const sink = new CollectingSink();
    test.stream.subscribe(sink, noLimits()).resume();
    publishGroup(test, "PIP", 6);
    assertEquals(sink.timesMs, [1_280, 1_320]);
    assertEquals(test.warnings.length, 1);
  });
}

Deno.test("Stream lets readers start anywhere after 5 s without a random access unit [intra refresh]", () => {
  const test = testStream();
  const sink = new CollectingSink();
  publishGroup(test, "P");
  test.stream.subscribe(sink, noLimits()).resume();
  publishGroup(test, "P".repeat(125), 1);
  assertEquals(sink.batches.length, 0);
  publishGroup(test, "PP", 126);
  assertEquals(sink.timesMs, [1_000 + 126 * 40, 1_000 + 127 * 40]);
});

Deno.test("Stream waits for the next random access unit once there was one", () => {
  const test = testStream({ isOn: false });
  publishGroup(test, "I" + "P".repeat(200));
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  publishGroup(test, "PPI", 201);
  assertEquals(sink.batches.length, 1);
});

Deno.test("Stream lets readers start anywhere 30 s after the last random access unit, if its group is lost [intra refresh]", () => {
  for (const isOn of [false, true]) {
    const test = testStream({ isOn, maxDurationMs: 10_000 });
    publishGroup(test, "I" + "P".repeat(749));
    const sink = new CollectingSink();
    test.stream.subscribe(sink, noLimits()).resume();
    publishGroup(test, "P", 750);
    assertEquals(sink.batches.length, 0);
    publishGroup(test, "PP", 751);
    assertEquals(sink.batches.length, 2);
    publishGroup(test, "IPP", 753);
    const other = new CollectingSink();
    test.stream.subscribe(other, noLimits()).resume();
    assertEquals(other.batches.length, isOn ? 3 : 0);
    assertEquals(test.warnings.length, isOn ? 1 : 0);
  }
});

Deno.test("Stream lets readers start at any audio unit where there is no video", () => {
  const { stream } = testStream();
  const publication = stream.attach([AUDIO]);
  for (let i = 0; i < 3; i++) {
    publication.publish(AUDIO, audioUnit(i * 1_024));
    publication.flush();
  }
  const sink = new CollectingSink();
  stream.subscribe(sink, noLimits()).resume();
  assertEquals(sink.units.map(({ ptsTicks }) => ptsTicks), [48_000 + 2_048]);
});

Deno.test("Stream releases encodings behind the live edge", () => {
  const test = testStream();
  const sink = new CollectingSink();
  publishGroup(test, "I");
  test.stream.subscribe(sink, noLimits()).resume();
  const remembered = () =>
    sink.batches.map(({ encodings }) => encodings.get("key"));
  sink.batches[0]!.encodings.set("key", 0);
  for (let i = 1; i < 9; i++) {
    publishGroup(test, "P", i);
    sink.batches[i]!.encodings.set("key", i);
  }
  const released = [undefined, undefined];
  assertEquals(remembered(), [...released, 2, 3, 4, 5, 6, 7, 8]);
  test.clock.advance(1_000);
  publishGroup(test, "P", 9);
  sink.batches[0]!.encodings.set("key", 0);
  assertEquals(remembered(), Array.from({ length: 10 }, () => undefined));
});

Deno.test("Stream goes on with its time when it is published anew", () => {
  const test = testStream();
  publishGroup(test, "IPP");
  test.stream.publication![Symbol.dispose]();
  assertEquals(test.stream.tracks, []);
  assertEquals(test.stream.publication, undefined);
  test.clock.advance(2_000);
  const publication = test.stream.attach([VIDEO]);
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  publishPicture(publication, 7_000_000, { isRandomAccess: true });
  assertEquals(sink.timesMs, [3_120]);
});

Deno.test("Stream never goes back in time, however fast it was published before", () => {
  const test = testStream();
  const first = test.stream.attach([VIDEO]);
  publishPicture(first, 0, { isRandomAccess: true });
  publishPicture(first, 9 * 90_000);
  first[Symbol.dispose]();
  const sink = new CollectingSink();
  const second = test.stream.attach([VIDEO]);
  test.stream.subscribe(sink, noLimits()).resume();
  publishPicture(second, 0, { isRandomAccess: true });
  assertEquals(sink.timesMs, [10_001]);
  assert(sink.batches[0]!.tracksChanged);
});

Deno.test("Stream keeps no group of a publisher that is gone", () => {
  const test = testStream();
  publishGroup(test, "IPP");
  test.stream.publication![Symbol.dispose]();
  assertEquals(test.stream.groupStart, undefined);
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  assertEquals(sink.batches, []);
});

Deno.test("Stream ignores the units of a publication that was replaced", () => {
  const test = testStream();
  const first = test.stream.attach([VIDEO]);
  first[Symbol.dispose]();
  const second = test.stream.attach([VIDEO]);
  publishPicture(first, 0, { isRandomAccess: true });
  first[Symbol.dispose]();
  assert(test.stream.publication === second);
  assertEquals(test.stream.totalUnits, 0);
});

Deno.test("Stream counts units and bytes", () => {
  const { stream } = testStream();
  const publication = stream.attach([VIDEO, AUDIO]);
  publication.publish(
    VIDEO,
    videoUnit(0, { isRandomAccess: true, sizeBytes: 70 }),
  );
  publication.publish(AUDIO, audioUnit(0, 5));
  publication.flush();
  publishPicture(publication, VIDEO_FRAME_TICKS, { sizeBytes: 11 });
  assertEquals([stream.totalUnits, stream.totalBytes], [3, 86]);
  const batch = stream.groupStart!;
  assertEquals([batch.sizeBytes, batch.unitsBefore, batch.bytesBefore], [
    75,
    0,
    0,
  ]);
  assertEquals([batch.next!.unitsBefore, batch.next!.bytesBefore], [2, 75]);
});

/** A reader whose sink fails at every batch. */
class BrokenSink extends CollectingSink {
  override deliver(): boolean {
    throw new Error("out of order");
  }
}

Deno.test("Stream lets a reader that fails cost only itself", () => {
  const test = testStream();
  const broken = new BrokenSink();
  test.stream.subscribe(broken, noLimits()).resume();
  const sink = new CollectingSink();
  test.stream.subscribe(sink, noLimits()).resume();
  publishGroup(test, "IPP");
  assertEquals(sink.batches.length, 3);
  assertEquals(test.stream.readers.size, 1);
  assertEquals(broken.endReason, "a reader failed: out of order");
});

Deno.test("Stream ends a reader that fails at what has waited for it", () => {
  const test = testStream();
  publishGroup(test, "IPP");
  const broken = new BrokenSink();
  test.stream.subscribe(broken, noLimits()).resume();
  assertEquals(test.stream.readers.size, 0);
  assertEquals(broken.endReason, "a reader failed: out of order");
});

Deno.test("Stream keeps nothing of 10,000 readers that came and went", () => {
  const test = testStream();
  publishGroup(test, "IP");
  for (let i = 0; i < 10_000; i++) {
    const sink = new CollectingSink(i % 3);
    const subscription = test.stream.subscribe(sink, noLimits());
    if (i % 2 === 0) subscription.resume();
    if (i % 1_000 === 0) publishGroup(test, "P", 2 + i / 1_000);
    subscription[Symbol.dispose]();
    subscription[Symbol.dispose]();
  }
  assertEquals(test.stream.readers.size, 0);
  assertEquals(test.clock.pendingTimers, 0);
});
