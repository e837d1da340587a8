import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { nginxRtmp } from "#test/programs.ts";

const NODE_MEDIA_SERVER = fileURLToPath(
  new URL("./node_media_server_peer.ts", import.meta.url),
);

const START_TIMEOUT_MS = 60_000;

/** Another RTMP server, which relays. */
export interface RtmpServer extends AsyncDisposable {
  readonly process: RunningProcess;
  /** Its address of `app/name`. */
  url(path: string): string;
}

/**
 * Starts nginx with three applications: `pulled` fetches a stream that somebody
 * plays from `origin`, `pushed` sends what somebody publishes there. Both keep
 * the stream's name. `live` only hands on.
 */
export function startNginx(
  origin = "rtmp://127.0.0.1:1/none",
): Promise<RtmpServer> {
  const { executable, module } = nginxRtmp()!;
  return startServer(/getrlimit/, async (folder, port) => {
    const file = join(folder, "nginx.conf");
    await Deno.writeTextFile(
      file,
      `
        load_module ${module};
        daemon off;
        master_process off;
        worker_processes 1;
        pid ${folder}/nginx.pid;
        error_log stderr info;
        events {}
        rtmp {
          access_log off;
          server {
            listen 127.0.0.1:${port};
            publish_notify on;
            application live { live on; }
            application pulled { live on; pull ${origin}; }
            application pushed { live on; wait_video on; push ${origin}; }
          }
        }
      `,
    );
    return startProcess(executable, ["-p", folder, "-c", file]);
  });
}

/** Starts node-media-server; its process takes the commands of `node_media_server_peer.ts`. */
export function startNodeMediaServer(): Promise<RtmpServer> {
  return startServer(/Store ready/, (folder, port) => {
    const flags = "run --quiet --no-check --allow-all".split(" ");
    return startProcess(
      Deno.execPath(),
      [...flags, NODE_MEDIA_SERVER, `${port}`, folder],
      { input: true },
    );
  });
}

/** Starts a server that keeps its files in a folder of its own. */
async function startServer(
  readyLine: RegExp,
  start: (
    folder: string,
    port: number,
  ) => RunningProcess | Promise<RunningProcess>,
): Promise<RtmpServer> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_peer_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const port = freeTcpPort();
  const process = opened.use(await start(folder, port));
  await process.waitForLine(readyLine, START_TIMEOUT_MS);
  const owned = opened.move();
  return {
    process,
    url: (path) => `rtmp://127.0.0.1:${port}/${path}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
