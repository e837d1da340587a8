import { Validator } from "@seriousme/openapi-schema-validator";
import type { SessionInfo } from "#core/session_info.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  type ApiScene,
  fakePath,
  fakeSession,
  type SceneOptions,
  withApi,
} from "./api_scene.ts";
import {
  ApiDescription,
  type DescribedOperation,
  peerTest,
} from "./openapi_checks.ts";

const CONFIG = `
rtspEncryption: optional
rtmpEncryption: optional
paths:
  cam: {source: "rtsp://ann:secret@192.0.2.1/cam"}
  all_others:
`;

const HLS_DETAILS = { lastRequest: "2026-01-01T00:00:00.000Z", isCDN: false };

/** One session of each group that there is. */
const SESSIONS: Readonly<Record<string, SessionInfo>> = Object.fromEntries(
  ([
    ["rtspconns", "rtspConn"],
    ["rtspsessions", "rtspSession"],
    ["rtspsconns", "rtspsConn"],
    ["rtspssessions", "rtspsSession"],
    ["rtmpconns", "rtmpConn"],
    ["rtmpsconns", "rtmpsConn"],
    ["hlsmuxers", "hlsMuxer"],
    ["hlssessions", "hlsSession"],
  ] as const).map(([group, type]) => [
    group,
    fakeSession({
      type,
      ...type.startsWith("hls") && { pathName: "cam", details: HLS_DETAILS },
    }),
  ]),
);

const SCENE: SceneOptions = {
  config: CONFIG,
  sessions: Object.values(SESSIONS),
  paths: [fakePath("cam", {
    availableAtMs: 1_750_000_001_000,
    source: { type: "rtspSource", id: "x" },
    readers: [{ type: "rtspSession", id: SESSIONS["rtspsessions"]!.id }],
  })],
};

/** Groups of servers that are not there: as if these were off. */
const MISSING_GROUPS = /^\/v3\/(webrtc|srt|moq)/;

/** How an operation is called, where its name alone does not say it. */
const CALLS: Readonly<
  Record<string, { query?: string; name?: string; body?: unknown }>
> = {
  configGlobalSet: { body: { readTimeout: "11s" } },
  configPathDefaultsPatch: { body: { maxReaders: 3 } },
  configPathsAdd: { name: "added/by/api", body: { source: "publisher" } },
  configPathsPatch: { body: { maxReaders: 4 } },
  configPathsReplace: { body: { maxReaders: 2 } },
  configPathsDelete: { name: "all_others" },
  pathsForwardList: { query: "?path=cam" },
  pathsForwardGet: {
    query: "?path=cam&id=0b8f61d4-58a5-4a3c-8f1f-0c8c5d0e7a01",
  },
  recordingsDeleteSegment: { query: "?path=cam&start=2026-03-01T12:00:00Z" },
};

/** What works without the things that are not there yet. */
const EXPECTED_STATUS: Readonly<Record<string, number>> = {
  pathsForwardGet: 404,
  recordingsDeleteSegment: 400,
};

async function callOperation(
  { call }: ApiScene,
  { id, method, path }: DescribedOperation,
): Promise<Response> {
  const { query = "", name = "cam", body } = CALLS[id] ?? {};
  const group = path.split("/")[2]!;
  const session = SESSIONS[group]?.id ?? crypto.randomUUID();
  const target = path.replace("{name}", name).replace("{id}", session) + query;
  return await call(target, {
    method,
    ...body === undefined ? {} : { body: JSON.stringify(body) },
  });
}

peerTest(
  "api answers every operation of MediaMTX as its description says",
  async (description) => {
    const { operations } = description;
    const faults: string[] = [];
    let answered = 0;
    for (const operation of operations) {
      // Each with a configuration of its own: some change it.
      await withApi(SCENE, async (scene) => {
        const response = await callOperation(scene, operation);
        const text = await response.text();
        const say = (fault: string) => faults.push(`${operation.id}: ${fault}`);
        answered++;
        if (MISSING_GROUPS.test(operation.path)) {
          if (response.status !== 404 || text !== "404 page not found") {
            say(`${response.status} ${text}`);
          }
          return;
        }
        const expected = EXPECTED_STATUS[operation.id] ?? 200;
        if (response.status !== expected) say(`${response.status} ${text}`);
        const value = JSON.parse(text);
        for (
          const one of description.faults(operation, response.status, value)
        ) {
          say(one);
        }
      });
    }
    assertEquals(faults, []);
    assertEquals(answered, 49);
  },
);

/** Keys of the description that this program has under a new name only. */
const SCHEMAS = [
  ["/v3/paths/get/cam", "Path"],
  ["/v3/config/pathdefaults/get", "PathConf"],
  ["/v3/config/global/get", "GlobalConf"],
  [`/v3/rtspconns/get/${SESSIONS["rtspconns"]!.id}`, "RTSPConn"],
  [`/v3/rtspsessions/get/${SESSIONS["rtspsessions"]!.id}`, "RTSPSession"],
  [`/v3/rtmpconns/get/${SESSIONS["rtmpconns"]!.id}`, "RTMPConn"],
] as const;

for (const [path, schemaId] of SCHEMAS) {
  peerTest(`api leaves no property out of ${schemaId}`, async (description) => {
    await withApi(SCENE, async ({ call }) => {
      const answer = await (await call(path)).json();
      const missing = description.propertiesOf(schemaId)
        .filter((name) => !Object.hasOwn(answer, name));
      assertEquals(missing, []);
    });
  });
}

Deno.test("api describes itself in valid OpenAPI, and answers as it says", async () => {
  await withApi(SCENE, async (scene) => {
    const document = await (await scene.call("/v3/openapi.json")).json();
    const validator = new Validator();
    const { valid, errors } = await validator.validate(document);
    assert(valid, JSON.stringify(errors, null, 2));
    const own = new ApiDescription(document);
    const ids = new Set(own.operations.map(({ id }) => id));
    assertEquals(ids.size, own.operations.length, "ids are used once");
    const faults: string[] = [];
    for (const operation of own.operations) {
      if (operation.method !== "GET" || operation.id === "events") continue;
      const query = { pathsGetByQuery: "?name=cam" }[operation.id] ?? "";
      const response = await callOperation(scene, {
        ...operation,
        path: operation.path + query,
      });
      const answer = await response.json();
      faults.push(
        ...own.faults(operation, response.status, answer)
          .map((fault) => `${operation.id}: ${fault}`),
      );
    }
    assertEquals(faults, []);
  });
});

peerTest("api describes every operation of MediaMTX", async (peer) => {
  await withApi(SCENE, async (scene) => {
    const document = await (await scene.call("/v3/openapi.json")).json();
    const own = new ApiDescription(document);
    const lacking = peer.operations
      .filter(({ path }) => !MISSING_GROUPS.test(path))
      .filter(({ path, method }) =>
        !own.operations.some((one) =>
          one.path === path && one.method === method
        )
      );
    assertEquals(lacking, []);
  });
});
