import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { readMediaPlaylist } from "#test/hls_checker.ts";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { findExecutable, interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

/** Of the 150 pictures of the clip: a live stream has no end at which a decoder gives its last. */
const PICTURES = 100;

/** Of these, whoever joins late gets so many at least. */
const MIN_PICTURES = 60;

/** How a proxy asks: over connections of HTTP/1.1 that it keeps, as the documentation has it, or over one of HTTP/1.0 for each request. */
const WAYS = {
  keptAlive: {
    client: "198.51.100.7",
    lines:
      "proxy_pass http://weir; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;",
  },
  closed: { client: "198.51.100.8", lines: "proxy_pass http://weir;" },
} as const;
type WayName = keyof typeof WAYS;

const START_TIMEOUT_MS = 60_000;

/** nginx in front of a server. */
interface Proxy extends AsyncDisposable {
  /** Host and port at which it asks the server in a way. */
  readonly hosts: Readonly<Record<WayName, string>>;
}

async function startProxy(hlsPort: number): Promise<Proxy> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_nginx_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const hosts = {
    keptAlive: `127.0.0.1:${freeTcpPort()}`,
    closed: `127.0.0.1:${freeTcpPort()}`,
  };
  const servers = Object.entries(hosts).map(([name, host]) => {
    const { client, lines } = WAYS[name as WayName];
    return `server { listen ${host}; location / {
      ${lines}
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For ${client};
    } }`;
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  const file = join(folder, "nginx.conf");
  await Deno.writeTextFile(
    file,
    `
      daemon off;
      master_process off;
      worker_processes 1;
      pid ${folder}/nginx.pid;
      error_log stderr info;
      events {}
      http {
        access_log off;
        ${temporary.join("\n")}
        map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
        upstream weir { server 127.0.0.1:${hlsPort}; keepalive 4; }
        ${servers.join("\n")}
      }
    `,
  );
  const nginx: RunningProcess = opened.use(
    startProcess(findExecutable("nginx")!, ["-p", folder, "-c", file]),
  );
  await nginx.waitForLine(/getrlimit/, START_TIMEOUT_MS);
  const owned = opened.move();
  return { hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startServer(): Promise<{ weir: WeirProcess; port: number }> {
  const port = freeTcpPort();
  const weir = await startWeir({
    config: `
hls: yes
hlsAddress: 127.0.0.1:${port}
hlsAlwaysRemux: yes
hlsVariant: lowLatency
hlsSegmentCount: 20
hlsSegmentDuration: 500ms
hlsTrustedProxies: [127.0.0.1]
`,
  });
  await weir.waitForLog(/\[HLS\] started with listener/);
  return { weir, port };
}

/** Waits for parts that are not there yet, as a player does that keeps up with a stream. */
async function followPlaylist(host: string): Promise<void> {
  const entry = await fetch(`http://${host}/cam/index.m3u8`);
  const cookie = entry.headers.get("Set-Cookie")?.split(";", 1)[0] ?? "";
  const name = (await entry.text()).split("\n")
    .find((line) => line.includes(".m3u8") && !line.startsWith("#"));
  assert(name !== undefined, "the entry names a playlist");
  const url = new URL(name, `http://${host}/cam/index.m3u8`);
  const headers = { Cookie: cookie };
  const read = async (query: string) => {
    const separator = url.search === "" ? "?" : "&";
    const response = await fetch(`${url}${separator}${query}`, { headers });
    const text = await response.text();
    assertEquals(response.status, 200, text);
    return { text, playlist: readMediaPlaylist(text) };
  };
  let { playlist } = await read("a=b");
  for (let i = 0; i < 5; i++) {
    const next: number = (playlist.segments.at(-1)?.msn ?? -1) + 1;
    const asked = await read(`_HLS_msn=${next}&_HLS_part=0`);
    playlist = asked.playlist;
    const found = playlist.open ?? playlist.segments.at(-1);
    assert((found?.msn ?? -1) >= next, `waits for ${next}:\n${asked.text}`);
  }
}

/** The first message of a stream over a WebSocket. */
async function readMessage(url: string): Promise<Uint8Array> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const { promise, resolve, reject } = Promise.withResolvers<ArrayBuffer>();
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = (event) =>
    reject(new Error(event instanceof ErrorEvent ? event.message : "failed"));
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  socket.onclose = () => close();
  const message = await promise;
  socket.close();
  await closed;
  return new Uint8Array(message);
}

interopTest({
  name: "nginx hands on playlists, parts, streams without end and WebSockets",
  needs: ["ffmpeg", "nginxRtmp"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const outputArgs = ["-map", "0:v", "-c:v", "rawvideo"];
    const { frames } = await readFrames(file, { outputArgs });
    const published = frames.map(({ hash }) => hash);
    const { weir, port } = await startServer();
    await using _weir = weir;
    await using proxy = await startProxy(port);
    const { hosts } = proxy;
    await using _publisher = startPublisher(weir, {
      way: "RTMP",
      path: "cam",
      file,
    });
    await weir.waitForLog(/\[muxer cam\] is converting into HLS, 2 tracks/);
    const read = (url: string, inputArgs: readonly string[] = []) =>
      readFrames(url, {
        inputArgs,
        outputArgs: [...outputArgs, "-frames:v", `${PICTURES}`],
        timeoutMs: 60_000,
      });
    const readings = [
      ...(["keptAlive", "closed"] as const).flatMap((way) => [
        {
          name: `HLS, ${way}`,
          reading: read(`http://${hosts[way]}/cam/index.m3u8`, [
            "-live_start_index",
            "0",
          ]),
        },
        { name: `FLV, ${way}`, reading: read(`http://${hosts[way]}/cam.flv`) },
      ]),
    ];
    const following = Promise.allSettled(
      [hosts.keptAlive, hosts.closed].map(followPlaylist),
    );
    const message = await readMessage(`ws://${hosts.keptAlive}/cam.flv`);
    assertEquals(new TextDecoder().decode(message.subarray(0, 3)), "FLV");
    for (const { status, ...rest } of await following) {
      assertEquals(status, "fulfilled", String(Object.values(rest)[0]));
    }
    const outcomes = await Promise.allSettled(
      readings.map(({ reading }) => reading),
    );
    for (const [i, { name }] of readings.entries()) {
      await t.step(name, () => {
        const outcome = outcomes[i]!;
        if (outcome.status === "rejected") throw outcome.reason;
        const hashes = outcome.value.frames.map(({ hash }) => hash);
        assert(hashes.length >= MIN_PICTURES, `${hashes.length} pictures`);
        const from = published.indexOf(hashes[0]!);
        assertEquals(hashes, published.slice(from, from + hashes.length));
      });
    }
    for (const { client } of Object.values(WAYS)) {
      const address = client.replaceAll(".", "\\.");
      await weir.waitForLog(new RegExp(`\\] created by ${address}`));
    }
  },
});
