import { type Clock, systemClock } from "#base/clock.ts";
import { pprof, type PprofConfig } from "#profiling/mod.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import {
  passwordAuthenticator,
  testPortsWith,
  USER,
} from "#test/test_ports.ts";

const CONFIG: PprofConfig = {
  pprof: true,
  pprofAddress: "127.0.0.1:0",
  pprofEncryption: false,
  pprofServerKey: "server.key",
  pprofServerCert: "server.crt",
  pprofAllowOrigins: ["*"],
  pprofTrustedProxies: [],
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
};

/** A clock whose timers of a second and more are due at once: recordings take no time. */
const HASTY_CLOCK: Clock = {
  ...systemClock,
  after: (delayMs, run) =>
    systemClock.after(delayMs === 1_000 ? 1 : delayMs, run),
};

async function openScene(
  options: Parameters<typeof testPortsWith>[1] = {},
  clock: Clock = HASTY_CLOCK,
) {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(testPortsWith(clock, options));
  const running = opened.use((await pprof.open(CONFIG, test.ports))!);
  const listening = /listener on :(\d+)/;
  const port = test.lines.map((line) => listening.exec(line)?.[1])
    .find((found) => found !== undefined);
  const resources = opened.move();
  return {
    lines: test.lines,
    running,
    url: `http://127.0.0.1:${port}/debug/pprof/`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

Deno.test("pprof lists what there is", async () => {
  await using scene = await openScene();
  const response = await fetch(scene.url);
  const text = await response.text();
  assertEquals(response.status, 200);
  for (const name of ["profile", "heap", "loop"]) {
    assertIncludes(text, `/debug/pprof/${name}`);
  }
});

Deno.test("pprof is not there if it is switched off", async () => {
  using test = testPortsWith(systemClock);
  const config = { ...CONFIG, pprof: false };
  assertEquals(await pprof.open(config, test.ports), undefined);
});

Deno.test("pprof answers a CPU profile", async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.url}profile?seconds=1`);
  const profile = await response.json();
  assertEquals(response.status, 200);
  assert(
    /^attachment; filename="weir-\d+-\d{8}T\d{6}\.cpuprofile"$/.test(
      response.headers.get("Content-Disposition") ?? "",
    ),
  );
  for (const key of ["nodes", "samples", "timeDeltas"]) {
    assert(Array.isArray(profile[key]), key);
  }
  assert(profile.endTime > profile.startTime);
  assert(scene.lines.some((line) => line.includes("CPU profile of 1 s")));
});

Deno.test("pprof answers a heap snapshot and warns of it", async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.url}heap`);
  const snapshot = await response.json();
  assertEquals(response.status, 200);
  assert(snapshot.snapshot.node_count > 1_000);
  assertEquals(
    snapshot.nodes.length,
    snapshot.snapshot.node_count * snapshot.snapshot.meta.node_fields.length,
  );
  assert(scene.lines.some((line) => /^warn: .*heap snapshot/.test(line)));
});

Deno.test("pprof answers statistics of the event loop", async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.url}loop`);
  const { lagMs, memoryBytes } = await response.json();
  assertEquals(typeof lagMs.p99Ms, "number");
  assert(memoryBytes.rss > memoryBytes.heapUsed);
});

for (const seconds of ["0", "301", "-1", "1.5", "x", "", "1e2", "99999"]) {
  Deno.test(`pprof refuses ?seconds=${seconds}`, async () => {
    await using scene = await openScene();
    const response = await fetch(`${scene.url}profile?seconds=${seconds}`);
    assertEquals([response.status, await response.json()], [400, {
      status: "error",
      error: "invalid seconds: must be a whole number from 1 to 300",
    }]);
  });
}

Deno.test("pprof records one profile at a time, and ends it with the service", async () => {
  await using scene = await openScene({}, systemClock);
  const first = fetch(`${scene.url}profile?seconds=300`)
    .then((response) => response.json());
  while (!scene.lines.some((line) => line.includes("begins"))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const kind of ["profile?seconds=1", "heap"]) {
    const response = await fetch(scene.url + kind);
    await response.body?.cancel();
    assertEquals(response.status, 409);
  }
  await scene.running[Symbol.asyncDispose]();
  assert(Array.isArray((await first).nodes), "it gets what there is");
});

Deno.test("pprof forgets a recording whose client has gone", async () => {
  await using scene = await openScene();
  const abort = new AbortController();
  const { signal } = abort;
  const gone = fetch(`${scene.url}profile?seconds=300`, { signal })
    .catch(() => {});
  while (!scene.lines.some((line) => line.includes("begins"))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  abort.abort();
  await gone;
  for (;;) {
    const response = await fetch(`${scene.url}profile?seconds=1`);
    await response.text();
    if (response.status === 200) break;
    assertEquals(response.status, 409);
  }
});

Deno.test("pprof asks who it is", async () => {
  await using scene = await openScene({
    authenticator: passwordAuthenticator,
  });
  const response = await fetch(`${scene.url}loop`);
  await response.body?.cancel();
  assertEquals(response.status, 401);
  const authorization = `Basic ${btoa(`${USER.name}:${USER.password}`)}`;
  const allowed = await fetch(`${scene.url}loop`, {
    headers: { authorization },
  });
  await allowed.body?.cancel();
  assertEquals(allowed.status, 200);
});

Deno.test("pprof goes on under a configuration that is the same to it", async () => {
  await using scene = await openScene();
  const { running } = scene;
  assertEquals(running.apply({ ...CONFIG }), "done");
  assertEquals(running.apply({ ...CONFIG, pprof: false }), "restart");
  assertEquals(
    running.apply({ ...CONFIG, pprofAllowOrigins: [] }),
    "restart",
  );
});
