import { systemClock } from "#base/clock.ts";
import { createLogger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type { PublishGrant } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { type HttpService, openHttpService } from "#http/http_service.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import { HttpStreams } from "#protocols/hls/http_streams/http_streams.ts";
import { pathErrorResponse } from "#protocols/hls/routes.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  accessTo,
  passwordAuthenticator,
  sessionOwner,
  type TestPorts,
  type TestPortsOptions,
  testPortsWith,
  USER,
} from "#test/test_ports.ts";
import { AUDIO, publishPicture, VIDEO } from "#test/units.ts";

const PATH = "live/cam";
const FRAME_TICKS = 3_600;
const POLL_INTERVAL_MS = 5;
const DEADLINE_MS = 20_000;

/** Streams on a port of their own, one of them published to. */
interface Scene extends AsyncDisposable {
  readonly url: string;
  readonly ports: TestPorts<typeof systemClock>;
  readonly publication: Publication;
  readonly grant: PublishGrant;
}

interface SceneOptions extends TestPortsOptions {
  readonly tracks?: readonly Track[];
  readonly allowOrigins?: readonly string[];
}

async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const ports = testPortsWith(systemClock, options);
  const grant = await ports.paths.publish(
    accessTo(PATH, {
      action: "publish",
      credentials: {
        kind: "password",
        user: USER.name,
        password: USER.password,
      },
    }),
    sessionOwner(ports.logger, "publisher"),
  );
  const publication = grant.attach(options.tracks ?? [VIDEO, AUDIO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  const streams = new HttpStreams({ ports: ports.ports } as HlsContext);
  const service = await openService(streams, ports, options);
  return {
    url: `http://127.0.0.1:${service.port}`,
    ports,
    publication,
    grant,
    async [Symbol.asyncDispose]() {
      streams[Symbol.dispose]();
      await service[Symbol.asyncDispose]();
      ports[Symbol.dispose]();
    },
  };
}

function openService(
  streams: HttpStreams,
  { ports }: TestPorts<typeof systemClock>,
  { allowOrigins = ["*"] }: SceneOptions,
): Promise<HttpService> {
  return openHttpService({
    name: "HLS",
    address: "127.0.0.1:0",
    addressKey: "hlsAddress",
    encryption: false,
    serverKey: "",
    serverCert: "",
    certificateKeys: { key: "hlsServerKey", certificate: "hlsServerCert" },
    allowOrigins,
    trustedProxies: [],
    readTimeoutMs: 10_000,
    writeTimeoutMs: 10_000,
    allowMethods: "OPTIONS, GET",
    allowHeaders: "Authorization, Range",
    // Lines about every request would look at its headers while they are there.
    ports: { ...ports, logger: createLogger(() => {}, "error") },
    routes: (app) =>
      void app.get("*", async (c) => {
        try {
          const response = await streams.route(c, c.req.path);
          return response ?? c.text("not mine", 404);
        } catch (error) {
          if (error instanceof PathError) return pathErrorResponse(error);
          throw error;
        }
      }),
  });
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    assert(performance.now() < deadlineMs, `no ${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

function sessionsOf({ ports }: Scene) {
  return ports.sessions.list();
}

for (
  const { suffix, type, begin } of [
    { suffix: "flv", type: "video/x-flv", begin: "464c5601" },
    { suffix: "ts", type: "video/mp2t", begin: "474000" },
    { suffix: "mp4", type: "video/mp4", begin: "0000002066747970" },
  ]
) {
  Deno.test(`HttpStreams gives .${suffix} at once, and ends it with the stream`, async () => {
    await using scene = await openScene();
    const response = await fetch(`${scene.url}/${PATH}.${suffix}?a=1`);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("Content-Type"), type);
    assertEquals(response.headers.get("Cache-Control"), "no-store");
    assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    const { length } = begin;
    assertEquals(value!.toHex().slice(0, length), begin);
    const [session] = sessionsOf(scene);
    assertEquals(
      [session!.type, session!.pathName, session!.query, session!.state],
      ["httpSession", PATH, "a=1", "read"],
    );
    assertEquals(session!.details["transport"], "http");
    assertEquals(
      scene.ports.paths.find(PATH)!.readers.map(({ type }) => type),
      ["httpSession"],
    );
    scene.grant.detach();
    while (!(await reader.read()).done) { /* what was sent before */ }
    await until("end of the session", () => sessionsOf(scene).length === 0);
  });
}

Deno.test("HttpStreams leaves the files of HLS and everything else alone", async () => {
  await using scene = await openScene();
  for (
    const path of [
      "/live/cam",
      "/live/cam/index.m3u8",
      "/.flv",
      "/live/cam/0123456789ab_video1_init.mp4",
      "/live/cam/0123456789ab_video1_seg7.mp4",
      "/live/cam/0123456789ab_audio2_part33.mp4",
      "/live/cam/0123456789ab_main_seg0.ts",
      "/live/cam/gap.mp4",
    ]
  ) {
    const response = await fetch(`${scene.url}${path}`);
    assertEquals([path, await response.text()], [path, "not mine"]);
  }
});

Deno.test("HttpStreams asks for credentials, and takes them as HLS does", async () => {
  await using scene = await openScene({ authenticator: passwordAuthenticator });
  const url = `${scene.url}/${PATH}.flv`;
  const refused = await fetch(url);
  await refused.body?.cancel();
  assertEquals(refused.status, 401);
  assertEquals(
    refused.headers.get("WWW-Authenticate"),
    'Basic realm="mediamtx"',
  );
  for (
    const authorization of [
      `Basic ${btoa(`${USER.name}:${USER.password}`)}`,
      `Bearer ${USER.name}:${USER.password}`,
    ]
  ) {
    const headers = { Authorization: authorization };
    const response = await fetch(url, { headers });
    assertEquals(response.status, 200);
    assertEquals(sessionsOf(scene).at(-1)!.user, USER.name);
    await response.body!.cancel();
  }
  await until("end of the sessions", () => sessionsOf(scene).length === 0);
});

Deno.test("HttpStreams answers 400 where no track is carried", async () => {
  const vp8: Track = { ...VIDEO, codec: { codec: "vp8" } as Track["codec"] };
  await using scene = await openScene({ tracks: [vp8] });
  const response = await fetch(`${scene.url}/${PATH}.ts`);
  assertEquals(response.status, 400);
  assertEquals(await response.json(), {
    status: "error",
    error: `the stream of path '${PATH}' has no codec that mpegts carries`,
  });
  assertEquals(scene.ports.paths.find(PATH)!.readers, []);
});

Deno.test("HttpStreams ends a session that is kicked", async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.url}/${PATH}.flv`);
  const reader = response.body!.getReader();
  await reader.read();
  const { id } = sessionsOf(scene)[0]!;
  assert(scene.ports.sessions.kick(id, "kicked"), "it is there");
  while (!(await reader.read()).done) { /* what was sent before */ }
  const closed = scene.ports.lines.find((line) => line.includes("closed"));
  assert(closed?.endsWith("closed: kicked") ?? false, closed);
});

Deno.test("HttpStreams drops to a key frame for a reader that is too slow, and holds nobody up", async () => {
  await using scene = await openScene({ maxQueuedUnits: 8, tracks: [VIDEO] });
  const [slow, quick] = await Promise.all([
    fetch(`${scene.url}/${PATH}.flv`),
    fetch(`${scene.url}/${PATH}.flv`),
  ]);
  const quickTimes: number[] = [];
  const reading = readTagTimes(quick!.body!, (time) => quickTimes.push(time));
  await until("readers", () => sessionsOf(scene).length === 2);
  let count = 0;
  const droppedOf = (id: string) =>
    sessionsOf(scene).find((one) => one.id === id)?.droppedUnits ?? 0;
  const publish = async () => {
    count++;
    publishPicture(scene.publication, count * FRAME_TICKS, {
      isRandomAccess: count % 10 === 0,
      sizeBytes: 200_000,
    });
    // The quick one takes each picture before the next one comes.
    await until("picture", () => quickTimes.at(-1) === 1_000 + count * 40);
  };
  const ids = sessionsOf(scene).map(({ id }) => id);
  while (ids.every((id) => droppedOf(id) === 0)) {
    assert(count < 400, "somebody is too slow by now");
    await publish();
  }
  assertEquals(quickTimes.length, count + 1);
  const slowTimes: number[] = [];
  const slowReading = readTagTimes(slow!.body!, (time) => slowTimes.push(time));
  while (count % 10 !== 0 || slowTimes.at(-1) !== 1_000 + count * 40) {
    assert(count < 800, "the slow one catches up");
    await publish();
  }
  const gapAt = slowTimes.findIndex((time, i) =>
    i > 0 && time - slowTimes[i - 1]! > 40
  );
  assert(gapAt > 0, "something was left out");
  assertEquals((slowTimes[gapAt]! - 1_000) / 40 % 10, 0, "up to a key frame");
  scene.grant.detach();
  await Promise.all([reading, slowReading]);
});

/** Calls back with the time of each video frame of an FLV stream. */
async function readTagTimes(
  body: ReadableStream<Uint8Array>,
  onFrame: (timestampMs: number) => void,
): Promise<void> {
  let bytes = new Uint8Array();
  let headerBytes = 13;
  for await (const chunk of body) {
    const joined = new Uint8Array(bytes.length + chunk.length);
    joined.set(bytes);
    joined.set(chunk, bytes.length);
    bytes = joined;
    for (;;) {
      const at = headerBytes;
      if (bytes.length < at + 12) break;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const tagBytes = 11 + view.getUint32(at) % 2 ** 24 + 4;
      if (bytes.length < at + tagBytes) break;
      const isFrame = bytes[at] === 9 && bytes[at + 12] === 1;
      if (isFrame) onFrame(view.getUint32(at + 4) >>> 8);
      bytes = bytes.slice(at + tagBytes);
      headerBytes = 0;
    }
  }
}

Deno.test("HttpStreams tells a WebSocket what follows, then sends it", async () => {
  await using scene = await openScene();
  const url = `${scene.url.replace("http", "ws")}/${PATH}.mp4`;
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const messages: (string | ArrayBuffer)[] = [];
  socket.onmessage = ({ data }) => messages.push(data);
  const closed = Promise.withResolvers<CloseEvent>();
  socket.onclose = (event) => closed.resolve(event);
  await until("messages", () => messages.length === 3);
  assertEquals(JSON.parse(messages[0] as string), {
    type: "mse",
    value: 'video/mp4; codecs="avc1.42c01e,mp4a.40.2"',
  });
  const boxes = messages.slice(1).map((one) =>
    new TextDecoder().decode((one as ArrayBuffer).slice(4, 8))
  );
  assertEquals(boxes, ["ftyp", "moof"]);
  assertEquals(sessionsOf(scene)[0]!.details["transport"], "webSocket");
  scene.grant.detach();
  const { code, reason } = await closed.promise;
  assertEquals(code, 1_000);
  assert(reason !== "", "a reason");
});

Deno.test("HttpStreams forgets a WebSocket that its peer closes", async () => {
  await using scene = await openScene();
  const socket = new WebSocket(
    `${scene.url.replace("http", "ws")}/${PATH}.flv`,
  );
  const closed = Promise.withResolvers<void>();
  socket.onclose = () => closed.resolve();
  const opened = Promise.withResolvers<void>();
  socket.onmessage = () => opened.resolve();
  await opened.promise;
  socket.close();
  await closed.promise;
  await until("end of the session", () => sessionsOf(scene).length === 0);
  assertEquals(scene.ports.paths.find(PATH)!.readers, []);
});

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

Deno.test("HttpStreams leaves out what a WebSocket is too slow for", async () => {
  await using scene = await openScene({ maxQueuedUnits: 8, tracks: [VIDEO] });
  using _connection = await askForSocket(scene, PATH);
  await until("session", () => sessionsOf(scene).length === 1);
  for (let count = 1; sessionsOf(scene)[0]!.droppedUnits === 0; count++) {
    assert(count < 400, "it is too slow by now");
    publishPicture(scene.publication, count * FRAME_TICKS, {
      isRandomAccess: count % 10 === 0,
      sizeBytes: 200_000,
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
});

const REFUSALS = [
  { name: "no stream", path: "nothing", changes: {}, status: 404 },
  {
    name: "a page that is not allowed",
    path: PATH,
    changes: { Origin: "https://evil.example" },
    status: 403,
  },
  {
    name: "a connection that goes on as it is",
    path: PATH,
    changes: { Connection: "keep-alive" },
    status: 400,
  },
] as const;

for (const { name, path, changes, status } of REFUSALS) {
  Deno.test(`HttpStreams answers a WebSocket with ${status}: ${name}`, async () => {
    await using scene = await openScene({
      allowOrigins: ["https://good.example"],
    });
    using connection = await askForSocket(scene, path, changes);
    const answer = new Uint8Array(64);
    await connection.read(answer);
    const line = new TextDecoder().decode(answer).split("\r\n")[0]!;
    assertEquals(line.split(" ")[1], `${status}`);
    assertEquals(sessionsOf(scene), []);
    assertEquals(scene.ports.paths.find(PATH)!.readers, []);
  });
}

/** Asks for FLV over a WebSocket, and reads nothing. */
async function askForSocket(
  { url }: Scene,
  path: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<Deno.TcpConn> {
  const port = Number(new URL(url).port);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const headers = Object.entries({ ...UPGRADE, ...changes })
    .map(([key, value]) => `${key}: ${value}\r\n`).join("");
  const request = `GET /${path}.flv HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return connection;
}
