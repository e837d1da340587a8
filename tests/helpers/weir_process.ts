import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freeTcpPort, freeUdpPortPair } from "./ports.ts";
import { type RunningProcess, startProcess } from "./processes.ts";

/** What a server process is started with. */
export interface WeirOptions {
  /**
   * YAML text; addresses and paths it does not name are added. Without it
   * everything may be published.
   */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Executable to run instead of `main.ts`; else `WEIR_BIN`, if set. */
  readonly bin?: string;
  /** Words before the command, such as those of `nsenter`. */
  readonly runner?: readonly string[];
}

/** Ports of a media server. */
export interface ServerPorts {
  readonly rtspPort: number;
  readonly rtmpPort: number;
  /** Even; RTCP is on the port after it. */
  readonly rtpPort: number;
}

/** Flags that `main.ts` is run with: those of the task `start`. */
export const WEIR_FLAGS: readonly string[] = [
  "--no-prompt",
  "--v8-flags=--max-semi-space-size=2",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-run",
  "--allow-sys=ca,inspector,statfs",
];

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

const START_TIMEOUT_MS = 60_000;

/** Ports that are free now. */
export function freeServerPorts(): ServerPorts {
  return {
    rtspPort: freeTcpPort(),
    rtmpPort: freeTcpPort(),
    rtpPort: freeUdpPortPair(),
  };
}

/**
 * A configuration file: `config` and, for every key it does not have, the
 * ports given, the other servers off, and a path that takes everything.
 */
export function serverConfig(config: string, ports: ServerPorts): string {
  const defaults = {
    rtspAddress: `127.0.0.1:${ports.rtspPort}`,
    rtpAddress: `127.0.0.1:${ports.rtpPort}`,
    rtcpAddress: `127.0.0.1:${ports.rtpPort + 1}`,
    rtmpAddress: `127.0.0.1:${ports.rtmpPort}`,
    hls: "no",
    webrtc: "no",
    srt: "no",
    moq: "no",
    paths: "{all_others: {}}",
  };
  const added = Object.entries(defaults)
    .filter(([key]) => !hasKey(config, key))
    .map(([key, value]) => `${key}: ${value}\n`);
  return `${added.join("")}${config}\n`;
}

/**
 * Starts the server on free ports and waits until it listens.
 *
 * @throws {Error} with its log, if it ends or does not listen in time.
 */
export async function startWeir(
  options: WeirOptions = {},
): Promise<WeirProcess> {
  const config = options.config ?? "";
  const ports = freeServerPorts();
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const file = join(folder, "weir.yml");
  await Deno.writeTextFile(file, serverConfig(config, ports));
  const process = opened.use(startServer(file, options));
  for (const server of listeningServers(config)) {
    const line = new RegExp(`\\[${server}\\] started with listener`);
    await process.waitForLine(line, START_TIMEOUT_MS);
  }
  return new WeirProcess(process, { ...ports, file }, opened.move());
}

/** Names of the servers that a configuration switches on. */
function listeningServers(config: string): string[] {
  return ["rtsp", "rtmp"].flatMap((key) => {
    const valueOf = (name: string, ifNone: string) =>
      new RegExp(`^${name}: *"?(\\w+)`, "m").exec(config)?.[1] ?? ifNone;
    if (["no", "false"].includes(valueOf(key, "yes"))) return [];
    const encryption = valueOf(`${key}Encryption`, "no");
    const name = key.toUpperCase();
    return [
      ...encryption === "strict" ? [] : [name],
      ...encryption === "no" ? [] : [`${name}S`],
    ];
  });
}

function startServer(file: string, options: WeirOptions): RunningProcess {
  const env = options.env ?? {};
  const executable = options.bin ?? Deno.env.get("WEIR_BIN");
  const [program, ...args] = [
    ...options.runner ?? [],
    ...executable === undefined
      ? [Deno.execPath(), "run", "--quiet", "--no-check", ...WEIR_FLAGS, MAIN]
      : [executable],
    file,
  ];
  return startProcess(program!, args, { env });
}

function hasKey(config: string, key: string): boolean {
  return new RegExp(`^${key}:`, "m").test(config);
}

/** A running server; dispose of it to kill it. */
export class WeirProcess implements AsyncDisposable {
  readonly rtspPort: number;
  readonly rtmpPort: number;
  readonly rtpPort: number;
  readonly pid: number;
  /** Its configuration file, in a folder of its own. */
  readonly file: string;
  #process: RunningProcess;
  #opened: AsyncDisposableStack;

  /** Takes over `opened`; use {@linkcode startWeir}. */
  constructor(
    process: RunningProcess,
    ports: ServerPorts & { readonly file: string },
    opened: AsyncDisposableStack,
  ) {
    this.rtspPort = ports.rtspPort;
    this.rtmpPort = ports.rtmpPort;
    this.rtpPort = ports.rtpPort;
    this.pid = process.pid;
    this.file = ports.file;
    this.#process = process;
    this.#opened = opened;
  }

  /** Lines logged so far. */
  get log(): readonly string[] {
    return this.#process.lines;
  }

  /**
   * Waits for a line of the log, those already there included.
   *
   * @throws {Error} with the log's end, if the line does not come.
   */
  waitForLog(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return this.#process.waitForLine(pattern, timeoutMs);
  }

  /** Writes the configuration file anew, with the ports that it has; the server sees it by itself. */
  async rewriteConfig(config: string): Promise<void> {
    await Deno.writeTextFile(this.file, serverConfig(config, this));
  }

  /** RTSP address of a path. */
  rtspUrl(path: string): string {
    return `rtsp://127.0.0.1:${this.rtspPort}/${path}`;
  }

  /** RTMP address of a path. */
  rtmpUrl(path: string): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/${path}`;
  }

  /** Sends a signal to the server. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Asks the server to end and returns its exit code. */
  async stop(): Promise<number> {
    return (await this.#process.stop()).code;
  }

  /** Kills the server if it still runs and removes its files. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}
