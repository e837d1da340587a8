import { PathError } from "#core/errors.ts";
import { assertEquals, assertRejects, assertThrows } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeSource } from "#test/fake_source.ts";
import { accessTo, testPorts } from "#test/test_ports.ts";

function pulledPath() {
  const source = new FakeSource();
  const test = testPorts({
    paths: { cam: { source: "fake://origin/live" } },
    sources: [source],
  });
  return { ...test, source };
}

Deno.test("StaticSource pulls from the start, and makes the path available", async () => {
  const test = pulledPath();
  await settled();
  const { url, pathName } = test.source.last.request;
  assertEquals([url, pathName], ["fake://origin/live", "cam"]);
  test.source.last.begin();
  await test.paths[Symbol.asyncDispose]();
  assertEquals(test.source.running, 0);
  assertEquals(test.lines, [
    "info: [path cam] [FAKE source] started",
    "info: [path cam] stream is available and online, 1 track (H264)",
    "info: [path cam] [FAKE source] stopped: path is closing",
    "info: [path cam] stream is not available and offline",
  ]);
  assertEquals(
    test.events.flatMap((event) =>
      "session" in event ? [[event.type, event.session.type]] : []
    ),
    ["pathAvailable", "pathOnline", "pathOffline", "pathUnavailable"]
      .map((type) => [type, "rtspSource"]),
  );
});

Deno.test("StaticSource tries again for ever, and tells a failure once", async () => {
  const test = pulledPath();
  for (let attempt = 1; attempt <= 40; attempt++) {
    await settled();
    assertEquals(test.source.pulls.length, attempt);
    test.source.last.end(new Error("Cannot connect to origin: refused"));
    await settled();
    test.clock.advance(30_000);
  }
  await settled();
  assertEquals(test.lines.filter((line) => line.startsWith("error")), [
    "error: [path cam] [FAKE source] Cannot connect to origin: refused; trying again until it works",
    "error: [path cam] [FAKE source] Cannot connect to origin: refused; trying again until it works (attempt 21)",
  ]);
  test.source.last.end(new Error("Cannot find origin"));
  await settled();
  assertEquals(
    test.lines.at(-1),
    "error: [path cam] [FAKE source] Cannot find origin; trying again until it works (attempt 41)",
  );
  await test.paths[Symbol.asyncDispose]();
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("StaticSource begins its pauses anew once the origin was there", async () => {
  const test = pulledPath();
  for (let i = 0; i < 6; i++) {
    await settled();
    test.source.last.end(new Error("refused"));
    await settled();
    test.clock.advance(30_000);
  }
  await settled();
  test.source.last.begin();
  test.source.last.end();
  await settled();
  assertEquals(test.lines.slice(-2), [
    "error: [path cam] [FAKE source] the origin has ended the stream; trying again until it works",
    "info: [path cam] stream is not available and offline",
  ]);
  test.clock.advance(999);
  await settled();
  assertEquals(test.source.pulls.length, 7);
  test.clock.advance(1);
  await settled();
  assertEquals(test.source.pulls.length, 8);
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("StaticSource ends its wait when it is stopped", async () => {
  const test = pulledPath();
  await settled();
  test.source.last.end(new Error("refused"));
  await settled();
  assertEquals(test.clock.pendingTimers, 1);
  await test.paths[Symbol.asyncDispose]();
  assertEquals(test.clock.pendingTimers, 0);
  assertEquals(test.source.pulls.length, 1);
});

function onDemandPath() {
  const source = new FakeSource();
  const test = testPorts({
    paths: {
      cam: { source: "fake://origin/$MTX_QUERY", sourceOnDemand: true },
    },
    sources: [source],
  });
  const errors = () => test.lines.filter((line) => line.startsWith("error"));
  return {
    ...test,
    source,
    errors,
    describe: (query = "") => test.paths.describe(accessTo("cam", { query })),
  };
}

Deno.test("StaticSource tells why a source on demand has ended", async () => {
  const test = onDemandPath();
  const describing = test.describe();
  await settled();
  test.source.last.begin();
  await describing;
  test.source.last.end(new Error("reset by peer"));
  await settled();
  assertEquals(test.lines, [
    "info: [path cam] [FAKE source] started on demand",
    "info: [path cam] stream is available and online, 1 track (H264)",
    "error: [path cam] [FAKE source] reset by peer",
    "info: [path cam] stream is not available and offline",
    "info: [path cam] [FAKE source] stopped: an error occurred",
  ]);
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("StaticSource tells a failure anew after each start", async () => {
  const test = onDemandPath();
  for (let i = 1; i <= 2; i++) {
    const describing = assertRejects(test.describe(), PathError);
    await settled();
    test.source.last.end(new Error("refused"));
    await settled();
    test.clock.advance(10_000);
    assertEquals((await describing).code, "source_timed_out");
    await settled();
    assertEquals(
      test.errors(),
      Array(i).fill("error: [path cam] [FAKE source] refused"),
    );
  }
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("StaticSource ends its stream when it is stopped, however long its goodbye takes", async () => {
  const test = onDemandPath();
  test.source.goodbye = Promise.withResolvers();
  const describing = test.describe("first");
  await settled();
  test.source.last.begin();
  await describing;
  test.clock.advance(10_000);
  assertEquals(
    test.lines.at(-1),
    "info: [path cam] stream is not available and offline",
  );
  const again = test.describe("second");
  await settled();
  assertEquals([test.source.pulls.length, test.source.running], [1, 1]);
  test.source.goodbye.resolve();
  await settled();
  assertEquals(test.source.last.request.url, "fake://origin/second");
  assertEquals([test.source.pulls.length, test.source.running], [2, 1]);
  test.source.last.begin();
  assertEquals((await again).kind, "stream");
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("StaticSource refuses a stream that comes after its stop", async () => {
  const test = onDemandPath();
  test.source.goodbye = Promise.withResolvers();
  const describing = assertRejects(test.describe(), PathError);
  await settled();
  test.clock.advance(10_000);
  await describing;
  const { message } = assertThrows(() => test.source.last.begin(), Error);
  assertEquals(message, "timed out");
  assertEquals(test.events.map(({ type }) => type), ["pathOpened"]);
  test.source.goodbye.resolve();
  await test.paths[Symbol.asyncDispose]();
});
