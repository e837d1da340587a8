import { PathError } from "#core/errors.ts";
import { Path, type PathSettings } from "#paths/path.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import {
  PATH_SETTINGS,
  PULL_LIMITS,
  sessionOwner,
  testPorts,
} from "#test/test_ports.ts";
import {
  AUDIO,
  CollectingSink,
  publishPicture,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";

function openPath(
  changes: Partial<PathSettings> = {},
  maxQueuedUnits = 512,
) {
  const { ports, clock, logger, lines, events } = testPorts();
  let idles = 0;
  const path = new Path({
    name: "cam",
    match: {
      key: "cam",
      value: { ...PATH_SETTINGS, ...changes },
      groups: [],
    },
    sourcePorts: {
      sources: [],
      limits: PULL_LIMITS,
      runDemand: () => () => {},
    },
    clock,
    logger,
    events: ports.events,
    maxQueuedUnits,
    onIdle: () => idles++,
  });
  const access = (name: string) => ({
    user: "",
    revision: 1,
    owner: sessionOwner(logger, name),
  });
  return {
    path,
    clock,
    lines,
    reader: (name = "reader") => path.addReader(access(name)),
    publisher: (name = "publisher") => path.addPublisher(access(name)),
    idles: () => idles,
    eventTexts: () =>
      events.flatMap((event) =>
        "session" in event ? [`${event.type} ${event.session.id}`] : []
      ),
  };
}

Deno.test("Path becomes available with a publisher and ends with it [MediaMTX]", () => {
  const test = openPath();
  const publisher = test.publisher();
  assert(!test.path.isAvailable);
  publisher.attach([VIDEO, AUDIO]);
  assert(test.path.isAvailable);
  publisher.detach();
  publisher.detach();
  assert(!test.path.isAvailable);
  publisher.attach([AUDIO]);
  publisher[Symbol.dispose]();
  publisher[Symbol.dispose]();
  assertEquals(test.lines, [
    "info: [path cam] stream is available and online, 2 tracks (H264, MPEG-4 Audio)",
    "info: [path cam] stream is not available and offline",
    "info: [path cam] stream is available and online, 1 track (MPEG-4 Audio)",
    "info: [path cam] stream is not available and offline",
  ]);
  const once = [
    "pathAvailable publisher",
    "pathOnline publisher",
    "pathOffline publisher",
    "pathUnavailable publisher",
  ];
  assertEquals(test.eventTexts(), [...once, ...once]);
  assertEquals(test.idles(), 1);
});

Deno.test("Path.addReader() wants a stream", () => {
  const test = openPath();
  test.publisher();
  const error = assertThrows(() => test.reader(), PathError);
  assertEquals(
    [error.code, error.message],
    ["no_stream", "no stream is available on path 'cam'"],
  );
});

Deno.test("Path.addReader() counts readers from the moment they are let in", () => {
  const test = openPath({ maxReaders: 2 });
  test.publisher().attach([VIDEO]);
  const first = test.reader("one");
  test.reader("two");
  const error = assertThrows(() => test.reader("three"), PathError);
  assertEquals(error.code, "too_many_readers");
  assertEquals(
    error.message,
    "maximum reader count reached (maxReaders of path 'cam' is 2)",
  );
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  test.reader("four");
  assertThrows(() => test.reader("five"), PathError);
  assertEquals(test.eventTexts().slice(2), [
    "readerAdded one",
    "readerAdded two",
    "readerRemoved one",
    "readerAdded four",
  ]);
});

Deno.test("Path.addPublisher() wants a path that is published to", () => {
  const test = openPath({ source: "rtsp://192.0.2.1/x" });
  const error = assertThrows(() => test.publisher(), PathError);
  assertEquals(
    [error.code, error.message],
    [
      "not_a_publisher_path",
      "can't publish to path 'cam' since 'source' is not 'publisher'",
    ],
  );
});

Deno.test("Path refuses a second publisher without overridePublisher", () => {
  const test = openPath({ overridePublisher: false });
  const first = test.publisher("first");
  const second = test.publisher("second");
  const publication = first.attach([VIDEO]);
  const error = assertThrows(() => second.attach([VIDEO]), PathError);
  assertEquals(
    [error.code, error.message],
    ["publisher_exists", "someone is already publishing to path 'cam'"],
  );
  second[Symbol.dispose]();
  assert(!publication.isClosed);
  assert(!first.revoked.aborted);
});

Deno.test("Path replaces a publisher and closes its readers", () => {
  const test = openPath();
  const first = test.publisher("first");
  const second = test.publisher("second");
  const old = first.attach([VIDEO]);
  const sink = new CollectingSink();
  test.reader().subscribe(sink).resume();
  publishPicture(old, 0, { isRandomAccess: true });
  const publication = second.attach([VIDEO]);
  assert(first.revoked.aborted);
  assertEquals(
    first.revoked.reason.message,
    "replaced by another publisher of path 'cam'",
  );
  assertEquals(sink.endReason, "terminated");
  publishPicture(old, VIDEO_FRAME_TICKS, { isRandomAccess: true });
  publishPicture(publication, 0, { isRandomAccess: true });
  assertEquals([sink.batches.length, test.path.stream.totalUnits], [1, 2]);
  first[Symbol.dispose]();
  assert(test.path.isAvailable, "the old publisher took the new one along");
  assert(!second.revoked.aborted);
  assertEquals(
    test.lines.filter((line) => line.includes("existing")),
    ["info: [path cam] closing existing publisher"],
  );
  assertEquals(test.idles(), 0);
});

Deno.test("Path ends readers once they have what was published", () => {
  const test = openPath();
  const publisher = test.publisher();
  const publication = publisher.attach([VIDEO]);
  const slow = new CollectingSink(1);
  const slowReader = test.reader("slow");
  const subscription = slowReader.subscribe(slow);
  subscription.resume();
  const fast = new CollectingSink();
  test.reader("fast").subscribe(fast).resume();
  publishPicture(publication, 0, { isRandomAccess: true });
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publisher[Symbol.dispose]();
  assertEquals([fast.endReason, slow.endReason], ["terminated", undefined]);
  assert(!slowReader.revoked.aborted);
  slow.credit = 5;
  subscription.resume();
  assertEquals([slow.batches.length, slow.endReason], [2, "terminated"]);
});

Deno.test("Path takes the grant of a reader back that waits for nothing", () => {
  const test = openPath();
  const publisher = test.publisher();
  publisher.attach([VIDEO]);
  const waiting = test.reader("waiting");
  const paused = test.reader("paused");
  paused.subscribe(new CollectingSink())[Symbol.dispose]();
  publisher[Symbol.dispose]();
  for (const { revoked } of [waiting, paused]) {
    assert(revoked.aborted);
    assertEquals(revoked.reason.message, "terminated");
  }
});

Deno.test("Path leaves a reader in peace whose sink was told of the end", () => {
  const test = openPath();
  const publisher = test.publisher();
  publisher.attach([VIDEO]);
  const sink = new CollectingSink();
  const reader = test.reader();
  reader.subscribe(sink).resume();
  publisher[Symbol.dispose]();
  assertEquals(sink.endReason, "terminated");
  assert(!reader.revoked.aborted, "the goodbye of the reader is cut off");
});

Deno.test("Path counts and tells what a slow reader lost, once a second", () => {
  const test = openPath({}, 4);
  const publication = test.publisher().attach([VIDEO]);
  const reader = test.reader("slow");
  const sink = new CollectingSink(1);
  const subscription = reader.subscribe(sink);
  subscription.resume();
  for (let i = 0; i < 20; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
    test.clock.advance(10);
  }
  const drops = () => test.lines.filter((line) => line.includes("too slow"));
  assertEquals(drops(), [
    "warn: [slow] reader is too slow, discarding 5 frame(s)",
  ]);
  reader[Symbol.dispose]();
  assertEquals(
    drops()[1],
    "warn: [slow] reader is too slow, discarding 14 frame(s)",
  );
  assertEquals(subscription.droppedUnits, 19);
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("Path warns of a group of pictures that it cannot keep, under its name", () => {
  const test = openPath({ gopCacheMaxSizeBytes: 50 });
  const publication = test.publisher().attach([VIDEO]);
  for (let i = 0; i < 4; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
  }
  assertEquals(
    test.lines.filter((line) =>
      line.startsWith("warn: [path cam] Cannot keep the group of pictures")
    ).length,
    1,
  );
});

Deno.test("Path.close() takes every grant back and refuses whoever comes then", () => {
  const test = openPath();
  const publisher = test.publisher();
  publisher.attach([VIDEO]);
  const reader = test.reader();
  const late = test.publisher("late");
  test.path.close("configuration has changed");
  for (const { revoked } of [publisher, reader, late]) {
    assertEquals(revoked.reason.message, "configuration has changed");
  }
  const error = assertThrows(() => late.attach([VIDEO]), PathError);
  assertEquals(error.code, "configuration_changed");
  assert(!test.path.isAvailable);
  assertEquals(test.eventTexts().slice(-3), [
    "pathOffline publisher",
    "pathUnavailable publisher",
    "readerRemoved reader",
  ]);
  assertEquals(
    assertThrows(() => test.reader("late"), PathError).code,
    "terminated",
  );
});

Deno.test("Path tells that it is idle when the last one has left", () => {
  const test = openPath();
  assert(test.path.isIdle);
  const publisher = test.publisher();
  publisher.attach([VIDEO]);
  const reader = test.reader();
  publisher[Symbol.dispose]();
  assertEquals([test.path.isIdle, test.idles()], [false, 0]);
  reader[Symbol.dispose]();
  assertEquals([test.path.isIdle, test.idles()], [true, 1]);
});
