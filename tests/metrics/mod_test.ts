import { type Clock, systemClock } from "#base/clock.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { metrics, type MetricsConfig } from "#metrics/mod.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import {
  passwordAuthenticator,
  type TestPorts,
  testPortsWith,
  USER,
} from "#test/test_ports.ts";
import { sessionInfo } from "./samples.ts";

const CONFIG: MetricsConfig = {
  metrics: true,
  metricsAddress: "127.0.0.1:0",
  metricsEncryption: false,
  metricsServerKey: "server.key",
  metricsServerCert: "server.crt",
  metricsAllowOrigins: ["*"],
  metricsTrustedProxies: [],
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  hls: false,
  rtsp: true,
  rtspEncryption: "no",
  rtmp: true,
  rtmpEncryption: "no",
};

interface Scene extends AsyncDisposable {
  readonly test: TestPorts<Clock>;
  /** Without the path. */
  readonly url: string;
  /** The program is in service. */
  isReady: boolean;
}

async function openScene(
  options: Parameters<typeof testPortsWith>[1] = {},
): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(testPortsWith(systemClock, options));
  const module = metrics({ isReady: () => scene.isReady });
  opened.use((await module.open(CONFIG, test.ports))!);
  const listening = /listener on :(\d+)/;
  const port = test.lines.map((line) => listening.exec(line)?.[1])
    .find((found) => found !== undefined);
  const resources = opened.move();
  const scene: Scene = {
    test,
    url: `http://127.0.0.1:${port}`,
    isReady: true,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
  return scene;
}

/** Adds sessions that nothing moves. */
function register(scene: Scene, sessions: readonly SessionInfo[]): void {
  for (const session of sessions) {
    scene.test.sessions.register({ describe: () => session, kick: () => {} });
  }
}

Deno.test("metrics answers a scrape", async () => {
  await using scene = await openScene();
  register(scene, [
    sessionInfo({ id: "2", type: "rtmpConn", createdAtMs: 2 }),
    sessionInfo({ id: "1", type: "rtmpConn", createdAtMs: 1 }),
  ]);
  scene.test.ports.events.emit({
    type: "failed",
    kind: "hook",
    subject: "cam",
    reason: "it broke",
  });
  const response = await fetch(`${scene.url}/metrics`);
  const text = await response.text();
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("Content-Type"),
    "text/plain; charset=utf-8",
  );
  assert(text.startsWith("# Paths\npaths 0\n"));
  assertIncludes(text, 'weir_errors_total{kind="hook"} 1\n');
  assertIncludes(text, 'weir_objects{kind="rtmpConn"} 2\n');
  const ids = [...text.matchAll(/^rtmp_conns\{id="(\d)"/gm)];
  assertEquals(ids.map(([, id]) => id), ["1", "2"]);
});

Deno.test("metrics takes the parameters of a query", async () => {
  await using scene = await openScene();
  const ask = async (query: string) =>
    await (await fetch(`${scene.url}/metrics?${query}`)).text();
  assert((await ask("type=weir")).startsWith("# weir\n"));
  assertEquals(await ask("type=nobody"), "");
  assertEquals(await ask("path=cam"), "");
});

Deno.test("metrics asks who wants them, but not for the health routes", async () => {
  await using scene = await openScene({
    authenticator: passwordAuthenticator,
  });
  const open = await fetch(`${scene.url}/metrics`);
  assertEquals(
    [open.status, await open.json()],
    [401, { status: "error", error: "authentication error" }],
  );
  const headers = {
    Authorization: `Basic ${btoa(`${USER.name}:${USER.password}`)}`,
  };
  const known = await fetch(`${scene.url}/metrics`, { headers });
  assertEquals(known.status, 200);
  await known.body?.cancel();
  for (const path of ["/livez", "/readyz"]) {
    const health = await fetch(scene.url + path);
    assertEquals([health.status, await health.text()], [204, ""]);
  }
});

Deno.test("metrics is live before it is ready", async () => {
  await using scene = await openScene();
  scene.isReady = false;
  for (const [path, status] of [["/livez", 204], ["/readyz", 503]] as const) {
    const health = await fetch(scene.url + path);
    assertEquals([health.status, await health.text()], [status, ""]);
  }
});

Deno.test("metrics serves nothing else", async () => {
  await using scene = await openScene();
  for (
    const [method, path] of [["GET", "/"], ["POST", "/metrics"], [
      "GET",
      "/paths",
    ]]
  ) {
    const response = await fetch(scene.url + path, { method: method! });
    assertEquals(
      [response.status, await response.text()],
      [404, "404 page not found"],
    );
  }
});

Deno.test("metrics is opened anew for its own keys and the servers it tells about", async () => {
  using test = testPortsWith(systemClock);
  const module = metrics({ isReady: () => true });
  assertEquals(
    await module.open({ ...CONFIG, metrics: false }, test.ports),
    undefined,
  );
  await using running = (await module.open(CONFIG, test.ports))!;
  assertEquals(running.apply({ ...CONFIG }), "done");
  const changes: Partial<MetricsConfig>[] = [
    { metrics: false },
    { metricsAddress: ":9" },
    { metricsAllowOrigins: ["http://a"] },
    { readTimeoutMs: 1 },
    { rtsp: false },
    { rtmpEncryption: "optional" },
  ];
  for (const change of changes) {
    assertEquals(running.apply({ ...CONFIG, ...change }), "restart");
  }
});

Deno.test("metrics answers a scrape of 1,000 sessions in 50 ms", async () => {
  await using scene = await openScene();
  register(
    scene,
    Array.from({ length: 1_000 }, (_, i) =>
      sessionInfo({
        id: crypto.randomUUID(),
        type: "rtspSession",
        state: "read",
        pathName: `cams/${i}`,
        outboundBytes: i * 1_000,
      })),
  );
  let bestMs = Infinity;
  // The best of a few: the machine may be busy with others.
  for (let i = 0; i < 5; i++) {
    const startMs = performance.now();
    const response = await fetch(`${scene.url}/metrics`);
    const text = await response.text();
    bestMs = Math.min(bestMs, performance.now() - startMs);
    assertEquals(text.split("\nrtsp_sessions{").length, 1_001);
  }
  assert(bestMs <= 50, `${bestMs} ms`);
});
