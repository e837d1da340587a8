import { PathError } from "#core/errors.ts";
import type { Demand } from "#paths/path_source.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeSource } from "#test/fake_source.ts";
import { accessTo, sessionOwner, testPorts } from "#test/test_ports.ts";
import { CollectingSink, VIDEO } from "#test/units.ts";

function onDemand(source = "fake://origin/$G1/$G12?$MTX_QUERY") {
  const origin = new FakeSource();
  const test = testPorts({
    paths: {
      "~^(cam)(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)$": {
        source,
        sourceOnDemand: true,
      },
    },
    sources: [origin],
  });
  const NAME = "camabcdefghijk";
  return {
    ...test,
    origin,
    read: (query = "") =>
      test.paths.read(
        accessTo(NAME, { query }),
        sessionOwner(test.logger, "reader"),
      ),
    describe: () => test.paths.describe(accessTo(NAME)),
  };
}

Deno.test("PathSource pulls when somebody asks, from the address with its variables", async () => {
  const test = onDemand();
  assertEquals(test.origin.pulls.length, 0);
  const reading = test.read("token=$G1&x=$$");
  await settled();
  const describing = test.describe();
  await settled();
  assertEquals(
    test.origin.pulls.map(({ request }) => request.url),
    ["fake://origin/cam/k?token=$G1&x=$$"],
  );
  test.origin.last.begin();
  using reader = await reading;
  assertEquals((await describing).kind, "stream");
  assertEquals(reader.stream.tracks, [VIDEO]);
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("PathSource stops a source that nobody reads, and the path goes", async () => {
  const test = onDemand();
  const describing = test.describe();
  await settled();
  test.origin.last.begin();
  await describing;
  test.clock.advance(10_000);
  await settled();
  assertEquals(test.origin.running, 0);
  assertEquals(
    test.lines.filter((line) => line.includes("source]")),
    [
      "info: [path camabcdefghijk] [FAKE source] started on demand",
      "info: [path camabcdefghijk] [FAKE source] stopped: not needed by anyone",
    ],
  );
  const again = test.read();
  await settled();
  assertEquals(test.origin.pulls.length, 2);
  test.origin.last.begin();
  (await again)[Symbol.dispose]();
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("PathSource keeps its path until the source has ended", async () => {
  const test = onDemand();
  const read = async () => {
    const reading = test.read();
    await settled();
    test.origin.goodbye?.resolve();
    await settled();
    test.origin.last.begin();
    using reader = await reading;
    return reader.stream;
  };
  const first = await read();
  test.origin.goodbye = Promise.withResolvers();
  test.clock.advance(10_000);
  const second = await read();
  assert(first === second, "the source of the first path still runs");
  test.clock.advance(10_000);
  await settled();
  const third = await read();
  assert(second !== third, "the path is kept for nobody");
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("PathSource holds up the end of all paths until the source has ended", async () => {
  const test = onDemand();
  test.origin.goodbye = Promise.withResolvers();
  const reading = assertRejects(test.read(), PathError);
  await settled();
  test.clock.advance(10_000);
  await reading;
  let isClosed = false;
  const closing = test.paths[Symbol.asyncDispose]().then(() => isClosed = true);
  await settled();
  assertEquals([test.origin.running, isClosed], [1, false]);
  test.origin.goodbye.resolve();
  await closing;
  assertEquals(test.origin.running, 0);
});

Deno.test("PathSource tries again until the start timeout, then all fail", async () => {
  const test = onDemand();
  const reading = assertRejects(test.read(), PathError);
  for (let i = 0; i < 5; i++) {
    await settled();
    test.origin.last.end(new Error("refused"));
    await settled();
    test.clock.advance(2_000);
  }
  assertEquals((await reading).code, "source_timed_out");
  assert(test.origin.pulls.length > 2, `${test.origin.pulls.length} attempts`);
  await settled();
  assertEquals(test.origin.running, 0);
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("PathSource closes its readers when the source is lost, and the next one starts it again", async () => {
  const test = onDemand();
  const reading = test.read();
  await settled();
  test.origin.last.begin();
  const reader = await reading;
  const sink = new CollectingSink();
  using _subscription = reader.subscribe(sink);
  test.origin.last.end(new Error("reset by peer"));
  await settled();
  assert(test.lines.includes(
    "info: [path camabcdefghijk] [FAKE source] stopped: an error occurred",
  ));
  reader[Symbol.dispose]();
  test.clock.advance(60_000);
  await settled();
  assertEquals(test.origin.pulls.length, 1);
  const again = test.read();
  await settled();
  assertEquals(test.origin.pulls.length, 2);
  test.origin.last.begin();
  (await again)[Symbol.dispose]();
  await test.paths[Symbol.asyncDispose]();
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("PathSource runs a command that brings a publisher", async () => {
  const calls: string[] = [];
  const test = testPorts({
    paths: { "~^(.+)$": { runOnDemand: "make it" } },
    runDemand: ({ pathName, groups, query, settings }: Demand) => {
      calls.push(`${settings.runOnDemand}: ${pathName} ${groups} ${query}`);
      return (reason) => calls.push(`stop: ${reason}`);
    },
  });
  const owner = sessionOwner(test.logger, "s");
  const reading = test.paths.read(accessTo("cam", { query: "q" }), owner);
  await settled();
  assertEquals(calls, ["make it: cam cam q"]);
  const publisher = await test.paths.publish(
    accessTo("cam", { action: "publish" }),
    owner,
  );
  publisher.attach([VIDEO]);
  const reader = await reading;
  reader[Symbol.dispose]();
  test.clock.advance(10_000);
  assertEquals(calls.at(-1), "stop: not needed by anyone");
  assertEquals(
    (await test.paths.describe(accessTo("cam"))).kind,
    "stream",
    "a publisher that is not the command's stays",
  );
  publisher[Symbol.dispose]();
  await test.paths[Symbol.asyncDispose]();
});

Deno.test("PathSource fails whoever waits when the path is closed", async () => {
  const test = onDemand();
  const reading = assertRejects(test.read(), PathError);
  await settled();
  await test.paths[Symbol.asyncDispose]();
  assertEquals((await reading).code, "terminated");
  assertEquals([test.origin.running, test.clock.pendingTimers], [0, 0]);
});
