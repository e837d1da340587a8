import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { type ApiScene, fakeSession, withApi } from "../api_scene.ts";

const CONFIG = `
hlsCDNSecret: topsecret
authInternalUsers:
  - {user: any}
  - {user: ann, pass: topsecret}
pathDefaults: {maxReaders: 5}
paths:
  cam: {source: "rtsp://ann:topsecret@192.0.2.1/cam"}
  plain: {maxReaders: 7}
  ~^live/(.+)$:
`;

function json(body: unknown, method = "PATCH"): RequestInit {
  return { method, body: JSON.stringify(body) };
}

async function done(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  assertEquals(
    [response.status, await response.text()],
    [200, '{"status":"ok"}'],
  );
}

async function pathConf({ call }: ApiScene, name: string) {
  return await (await call(`/v3/config/paths/get/${name}`)).json();
}

Deno.test("config: GET shows merged entries, sorted, by their own keys", async () => {
  await withApi({ config: CONFIG }, async (scene) => {
    const { itemCount, items } = await (await scene.call(
      "/v3/config/paths/list",
    )).json();
    assertEquals(itemCount, 3);
    assertEquals(
      items.map(({ name, maxReaders }: Record<string, unknown>) => [
        name,
        maxReaders,
      ]),
      [["cam", 5], ["plain", 7], ["~^live/(.+)$", 5]],
    );
    assertEquals(Object.keys(items[0]).slice(0, 2), ["name", "source"]);
    const encoded = encodeURIComponent("~^live/(.+)$");
    assertEquals((await pathConf(scene, encoded)).name, "~^live/(.+)$");
    const missing = await scene.call("/v3/config/paths/get/live/x");
    assertEquals(
      [missing.status, await missing.text()],
      [404, '{"status":"error","error":"path configuration not found"}'],
    );
    const defaults = await scene.call("/v3/config/pathdefaults/get");
    assertEquals((await defaults.json()).name, "");
  });
});

Deno.test("config: PATCH changes what it names, null changes nothing", async () => {
  await withApi({ config: CONFIG }, async (scene) => {
    const { call, applied } = scene;
    await done(
      call(
        "/v3/config/global/patch",
        json({ readTimeout: "11s", writeTimeout: null }),
      ),
    );
    assertEquals(applied[0]!.readTimeoutMs, 11_000);
    assertEquals(applied[0]!.writeTimeoutMs, 10_000);
    await done(
      call("/v3/config/pathdefaults/patch", json({ name: "", maxReaders: 6 })),
    );
    assertEquals((await pathConf(scene, "cam")).maxReaders, 6);
    assertEquals((await pathConf(scene, "plain")).maxReaders, 7);
  });
});

Deno.test("config: paths are added, changed, replaced and deleted", async () => {
  await withApi({ config: CONFIG }, async (scene) => {
    const { call, statusOf } = scene;
    await done(
      call(
        "/v3/config/paths/add/a/b",
        json({ name: "x", record: false }, "POST"),
      ),
    );
    assertEquals((await pathConf(scene, "a%2Fb")).name, "a/b");
    await done(call("/v3/config/paths/patch/a/b", json({ maxReaders: 1 })));
    assertEquals((await pathConf(scene, "a/b")).maxReaders, 1);
    await done(call("/v3/config/paths/replace/a/b", json({}, "POST")));
    assertEquals((await pathConf(scene, "a/b")).maxReaders, 5);
    await done(call("/v3/config/paths/replace/new", json({}, "POST")));
    await done(call("/v3/config/paths/delete/a/b", { method: "DELETE" }));
    assertEquals(await statusOf("/v3/config/paths/get/a/b"), 404);
  });
});

Deno.test("config: a redacted secret that comes back keeps its value", async () => {
  await withApi({ config: CONFIG }, async (scene) => {
    const { call, applied } = scene;
    const global = await (await call("/v3/config/global/get")).json();
    const cam = await pathConf(scene, "cam");
    for (const answer of [global, cam]) {
      assertEquals(JSON.stringify(answer).includes("topsecret"), false);
    }
    assertEquals(global.authInternalUsers[1].pass, "<redacted>");
    await done(call("/v3/config/global/patch", json(global)));
    await done(call("/v3/config/paths/patch/cam", json(cam)));
    const config = applied.at(-1)!;
    assertEquals(config.hlsCDNSecret.reveal(), "topsecret");
    assertEquals(config.authInternalUsers[1]!.pass.reveal(), "topsecret");
    assertEquals(
      config.paths.get("cam")!.source,
      "rtsp://ann:topsecret@192.0.2.1/cam",
    );
  });
});

Deno.test("config: dryRun says what would happen, and nothing does", async () => {
  const session = fakeSession({ pathName: "cam", user: "ann" });
  const plan = {
    restarts: ["RTSP"],
    paths: [{ name: "cam", change: "path" as const }],
    cut: [session],
  };
  await withApi({ config: CONFIG, plan }, async ({ call, applied }) => {
    const response = await call(
      "/v3/config/global/patch?dryRun=1",
      json({ readTimeout: "11s" }),
    );
    assertEquals(await response.json(), {
      status: "ok",
      plan: {
        restarts: ["RTSP"],
        paths: [{ name: "cam", change: "path" }],
        cut: [{
          type: "rtspSession",
          id: session.id,
          remoteAddr: "192.0.2.9:5000",
          path: "cam",
          user: "ann",
        }],
      },
    });
    assertEquals(applied, []);
    const { readTimeout } = await (await call("/v3/config/global/get")).json();
    assertEquals(readTimeout, "10s");
  });
});

const REFUSED: readonly [string, string, RequestInit, number, string][] = [
  [
    "an unknown key",
    "global/patch",
    json({ rtspAdress: ":1" }),
    400,
    "rtspAdress",
  ],
  ["a wrong type", "global/patch", json({ rtsp: "yes" }), 400, "rtsp"],
  [
    "a wrong type in a list",
    "global/patch",
    json({ authInternalUsers: [{ user: 1 }] }),
    400,
    "authInternalUsers[0].user",
  ],
  ["a list", "global/patch", json([]), 400, "keys and values"],
  ["null", "global/patch", json(null), 400, "keys and values"],
  ["a text", "global/patch", json("a"), 400, "keys and values"],
  [
    "nothing",
    "global/patch",
    { method: "PATCH" },
    400,
    "unexpected end of JSON input",
  ],
  [
    "deep JSON",
    "global/patch",
    { method: "PATCH", body: '{"a":'.repeat(1_000) },
    400,
    "more than 64 levels",
  ],
  [
    "a key that is its prototype",
    "global/patch",
    { method: "PATCH", body: '{"__proto__": {"api": false}}' },
    400,
    "__proto__",
  ],
  ["paths as a key", "global/patch", json({ paths: {} }), 400, "paths"],
  [
    "an unknown key of a path",
    "paths/patch/cam",
    json({ sourc: "x" }),
    400,
    "sourc",
  ],
  [
    "a source that is none",
    "paths/patch/cam",
    json({ source: "nonsense" }),
    400,
    "source",
  ],
  [
    "a password that goes elsewhere",
    "paths/patch/cam",
    json({ source: "rtsp://ann:<redacted>@evil/" }),
    400,
    "source",
  ],
  [
    "a command",
    "paths/patch/cam",
    json({ runOnInit: "touch /tmp/x" }),
    400,
    "runOnInit",
  ],
  [
    "a path that is there",
    "paths/add/cam",
    json({}, "POST"),
    400,
    "path already exists",
  ],
  ["no name", "paths/add/", json({}, "POST"), 400, "invalid name"],
  ["a name that is none", "paths/add/a%00b", json({}, "POST"), 400, "a"],
  [
    "a broken pattern",
    "paths/add/~(",
    json({}, "POST"),
    400,
    "invalid regular expression",
  ],
  [
    "a path that is not there",
    "paths/patch/x",
    json({}),
    404,
    "path not found",
  ],
  [
    "a path to delete that is not there",
    "paths/delete/x",
    { method: "DELETE" },
    404,
    "path not found",
  ],
  [
    "another word for yes",
    "global/patch?dryRun=maybe",
    json({}),
    400,
    "invalid dryRun",
  ],
];

for (const [name, path, init, status, reason] of REFUSED) {
  Deno.test(`config: ${name} is refused and changes nothing`, async () => {
    await withApi({ config: CONFIG }, async ({ call, applied, control }) => {
      const before = control.config;
      const response = await call(`/v3/config/${path}`, init);
      const answer = await response.json();
      assertEquals([response.status, answer.status], [status, "error"]);
      assertIncludes(answer.error, reason);
      assertEquals(applied, []);
      assert(control.config === before);
    });
  });
}

Deno.test("config: 12 MB are refused", async () => {
  await withApi({}, async ({ call, statusOf, applied }) => {
    const body = JSON.stringify({ logFile: "x".repeat(12_000_000) });
    const text = await call("/v3/config/global/patch", {
      method: "PATCH",
      body,
    })
      .then((response) => response.text(), (error: Error) => error.message);
    assert(/size exceeds maximum allowed|connection/i.test(text), text);
    assertEquals(applied, []);
    assertEquals(await statusOf("/v3/info"), 200);
  });
});

Deno.test("config: reload reads the file again, and says what is wrong with it", async () => {
  await withApi({ config: CONFIG }, async ({ call, applied, configFile }) => {
    await Deno.writeTextFile(configFile, "readTimeout: 12s\n");
    const trial = await call("/v3/reload?dryRun=1", { method: "POST" });
    assertEquals((await trial.json()).plan.restarts, []);
    assertEquals(applied, []);
    await done(call("/v3/reload", { method: "POST" }));
    assertEquals(applied[0]!.readTimeoutMs, 12_000);
    await Deno.writeTextFile(configFile, "readTimeut: 12s\n");
    const response = await call("/v3/reload", { method: "POST" });
    assertEquals(response.status, 400);
    assertIncludes((await response.json()).error, "readTimeut");
    assertEquals(applied.length, 1);
  });
});

Deno.test("config: what the API changed is told apart and can be dropped", async () => {
  await withApi({ config: CONFIG }, async ({ call, applied }) => {
    await done(call("/v3/config/global/patch", json({ readTimeout: "11s" })));
    const { origins } = await (await call("/v3/config/origins")).json();
    assertEquals(origins["readTimeout"], "API");
    assertEquals(origins["writeTimeout"], "default");
    assertIncludes(origins["hlsCDNSecret"], "weir.yml:2:");
    const path = "/v3/config/overlay/drop";
    const trial = await call(`${path}?dryRun=1`, { method: "POST" });
    assertEquals((await trial.json()).plan.restarts, []);
    assertEquals(applied.length, 1);
    await done(call(path, { method: "POST" }));
    assertEquals(applied.at(-1)!.readTimeoutMs, 10_000);
  });
});

Deno.test("config: what cannot be applied is an error", async () => {
  await withApi({ config: CONFIG }, async ({ call, control }) => {
    control.attach({
      plan: () => ({ restarts: ["RTSP"], paths: [], cut: [] }),
      apply: () => Promise.reject(new Error("Cannot listen on :1")),
      handleRefusal: () => {},
    });
    const response = await call(
      "/v3/config/global/patch",
      json({ rtspAddress: ":1" }),
    );
    assertEquals(
      [response.status, await response.text()],
      [500, '{"status":"error","error":"Cannot listen on :1"}'],
    );
    assertEquals(control.config.rtspAddress, ":8554");
  });
});

Deno.test("config: an answer does not wait for the API's own end", async () => {
  await withApi({ config: CONFIG }, async ({ call, control }) => {
    const { promise: applied, resolve } = Promise.withResolvers<void>();
    control.attach({
      plan: () => ({ restarts: ["API"], paths: [], cut: [] }),
      apply: () => applied,
      handleRefusal: () => {},
    });
    await done(call("/v3/config/global/patch", json({ apiAddress: ":1" })));
    resolve();
  });
});
