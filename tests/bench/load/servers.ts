import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { nginxRtmp } from "#test/programs.ts";
import {
  freeServerPorts,
  serverConfig,
  startWeir,
} from "#test/weir_process.ts";
import type { CodecName } from "./codecs/load_codec.ts";
import { writeHlsFiles } from "./hls_files.ts";
import type { LoadProtocol } from "./reader.ts";

/** Servers that can be measured. */
export type ServerName =
  | "weir"
  | "mediamtx"
  | "nginx-rtmp"
  | "nginx-static"
  | "node-media-server";

/** A running server with one path. */
export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** From the start of the process until it accepts connections. */
  readonly startMs: number;
  readonly rtspUrl?: string;
  readonly rtmpUrl: string;
  /** Where its HTTP server has the path; only if it was started for that. */
  readonly httpUrl?: string;
}

/** How a server is started, and what it can do. */
interface ServerKind {
  readonly protocols: readonly LoadProtocol[];
  /** Codecs that do not reach its readers, and why. */
  readonly leftOut?: Readonly<Partial<Record<CodecName, string>>>;
  isAvailable(): boolean;
  start(protocol: LoadProtocol): Promise<BenchServer>;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const NODE_MEDIA_SERVER = fileURLToPath(
  new URL("../../helpers/peers/node_media_server.ts", import.meta.url),
);

const STREAM = "live/bench";

const START_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 2;

/** Without that wait its readers still never get the sequence header. */
const NO_FOUR_CC =
  "sees no key frame in messages with a FourCC, and readers wait for one";

const MEDIAMTX_CONFIG = "logLevel: warn\n";

/** Protocols of the HTTP server, which is off for the others. */
const OVER_HTTP: readonly LoadProtocol[] = [
  "http-flv",
  "ll-hls",
  "ll-hls-hints",
];

/** Every server, ours first. */
export const SERVERS: Readonly<Record<ServerName, ServerKind>> = {
  weir: {
    protocols: ["rtsp-tcp", "rtsp-udp", "rtmp", ...OVER_HTTP],
    isAvailable: () =>
      Deno.env.has("WEIR_BIN") || existsSync(join(ROOT, "main.ts")),
    start: startOurs,
  },
  mediamtx: {
    protocols: ["rtsp-tcp", "rtsp-udp", "rtmp", "ll-hls", "ll-hls-hints"],
    isAvailable: () => Deno.env.has("MEDIAMTX_BIN"),
    start: startMediamtx,
  },
  "nginx-rtmp": {
    protocols: ["rtmp"],
    leftOut: { h265: NO_FOUR_CC, av1: NO_FOUR_CC },
    isAvailable: () => nginxRtmp() !== undefined,
    start: startNginx,
  },
  "nginx-static": {
    protocols: ["http-files"],
    isAvailable: () => nginxRtmp() !== undefined,
    start: startNginxOfFiles,
  },
  "node-media-server": {
    protocols: ["rtmp"],
    isAvailable: () => true,
    start: startNodeMediaServer,
  },
};

async function startOurs(protocol: LoadProtocol): Promise<BenchServer> {
  const http = httpOf(protocol);
  const startMs = performance.now();
  const weir = await startWeir({ config: http.config });
  if (http.port !== undefined) {
    await weir.waitForLog(/\[HLS\] started with listener/, START_TIMEOUT_MS);
  }
  return {
    ...http.url,
    pid: weir.pid,
    startMs: performance.now() - startMs,
    rtspUrl: weir.rtspUrl(STREAM),
    rtmpUrl: weir.rtmpUrl(STREAM),
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
  };
}

async function startMediamtx(protocol: LoadProtocol): Promise<BenchServer> {
  const ports = freeServerPorts();
  const http = httpOf(protocol);
  const server = await startInFolder(ports.rtmpPort, async (folder) => {
    const file = join(folder, "mediamtx.yml");
    const config = MEDIAMTX_CONFIG + http.config;
    await Deno.writeTextFile(file, serverConfig(config, ports));
    return startProcess(Deno.env.get("MEDIAMTX_BIN")!, [file]);
  });
  const rtspUrl = `rtsp://127.0.0.1:${ports.rtspPort}/${STREAM}`;
  return { ...server, ...http.url, rtspUrl };
}

/** Keys of the HTTP server, the same for both servers that have one, and where it is. */
function httpOf(
  protocol: LoadProtocol,
): { config: string; port?: number; url?: { httpUrl: string } } {
  if (!OVER_HTTP.includes(protocol)) return { config: "" };
  const port = freeTcpPort();
  return {
    port,
    url: { httpUrl: `http://127.0.0.1:${port}/${STREAM}` },
    config: [
      "hls: yes",
      `hlsAddress: 127.0.0.1:${port}`,
      "hlsVariant: lowLatency",
      "hlsPartDuration: 200ms",
      "hlsSegmentDuration: 1s",
      "",
    ].join("\n"),
  };
}

function startNginx(): Promise<BenchServer> {
  const { executable, module } = nginxRtmp()!;
  const port = freeTcpPort();
  return startInFolder(port, async (folder) => {
    const file = join(folder, "nginx.conf");
    await Deno.writeTextFile(
      file,
      `
        load_module ${module};
        ${nginxKeys(folder)}
        rtmp {
          access_log off;
          server {
            listen 127.0.0.1:${port};
            chunk_size 65536;
            application live { live on; }
          }
        }
      `,
    );
    return startProcess(executable, ["-p", folder, "-c", file]);
  });
}

/** A server of files as large as those of low-latency HLS: what they cost at least. */
async function startNginxOfFiles(): Promise<BenchServer> {
  const { executable } = nginxRtmp()!;
  const port = freeTcpPort();
  const server = await startInFolder(port, async (folder) => {
    await writeHlsFiles(folder);
    const file = join(folder, "nginx.conf");
    await Deno.writeTextFile(
      file,
      `
        ${nginxKeys(folder)}
        http {
          access_log off;
          sendfile on;
          keepalive_requests 1000000;
          client_body_temp_path ${folder}/temp;
          proxy_temp_path ${folder}/temp;
          fastcgi_temp_path ${folder}/temp;
          uwsgi_temp_path ${folder}/temp;
          scgi_temp_path ${folder}/temp;
          server {
            listen 127.0.0.1:${port};
            root ${folder};
          }
        }
      `,
    );
    return startProcess(executable, ["-p", folder, "-c", file]);
  });
  return { ...server, httpUrl: `http://127.0.0.1:${port}` };
}

function nginxKeys(folder: string): string {
  return `
    daemon off;
    master_process off;
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events { worker_connections 4096; }
  `;
}

function startNodeMediaServer(): Promise<BenchServer> {
  const port = freeTcpPort();
  return startInFolder(port, (folder) => {
    const args = ["run", "--quiet", "--no-check", "--allow-all"];
    return startProcess(
      Deno.execPath(),
      [...args, NODE_MEDIA_SERVER, `${port}`, folder],
    );
  });
}

/** Starts a server that keeps its files in a folder of its own. */
async function startInFolder(
  port: number,
  start: (folder: string) => RunningProcess | Promise<RunningProcess>,
): Promise<BenchServer> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_bench_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const startMs = performance.now();
  const running = opened.use(await start(folder));
  await waitForListener(port, running);
  const readyMs = performance.now();
  const owned = opened.move();
  return {
    pid: running.pid,
    startMs: readyMs - startMs,
    rtmpUrl: `rtmp://127.0.0.1:${port}/${STREAM}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function waitForListener(
  port: number,
  running: RunningProcess,
): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!await accepts(port)) {
    if (performance.now() > deadlineMs) {
      throw new Error(
        `Nothing listens on ${port}: ${running.lines.join("\n")}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
