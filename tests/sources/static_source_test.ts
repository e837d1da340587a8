import { assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeSource } from "#test/fake_source.ts";
import { testPorts } from "#test/test_ports.ts";

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
    test.events.map(({ type, session }) => [type, session.type]),
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
  assertEquals(
    test.lines.at(-1),
    "error: [path cam] [FAKE source] the origin has ended the stream; trying again until it works",
  );
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
