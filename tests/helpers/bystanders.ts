import { fileURLToPath } from "node:url";
import type { LoadProtocol } from "../bench/load/reader.ts";
import type { ReadersSnapshot } from "../bench/load/readers.ts";
import { assertEquals } from "./assert.ts";
import { type RunningProcess, runProcess, startProcess } from "./processes.ts";
import type { WeirProcess } from "./weir_process.ts";

/** What the bystanders' publisher sends. */
export interface BystanderStream {
  readonly framesPerSecond: number;
  readonly frameBytes: number;
  /** Frames from one key frame to the next. */
  readonly gopFrames: number;
}

/** Who publishes and who reads while something else happens to the server. */
export interface BystanderOptions {
  /** Of two parts, as RTMP's application and key. */
  readonly path: string;
  /** Protocol of the publisher. */
  readonly publisher: "rtsp" | "rtmp";
  /** Readers of each protocol. */
  readonly readers: Partial<Readonly<Record<LoadProtocol, number>>>;
  readonly stream?: BystanderStream;
  /** The delay of every frame is noted. */
  readonly isSampled?: boolean;
}

/** A small stream: enough to notice every loss. */
const SMALL_STREAM: BystanderStream = {
  framesPerSecond: 30,
  frameBytes: 3_000,
  gopFrames: 30,
};

/** Readers that play on get their next frame long before this. */
const PLAYING_DEADLINE_MS = 10_000;
const POLL_INTERVAL_MS = 10;

const PUBLISHER = fileURLToPath(
  new URL("../bench/load/publisher.ts", import.meta.url),
);
const READERS = fileURLToPath(
  new URL("../bench/load/readers.ts", import.meta.url),
);

/** A good publisher and good readers, in processes of their own, that must not notice anything. */
export class Bystanders implements AsyncDisposable {
  readonly publisher: RunningProcess;
  #readers: ReadonlyMap<LoadProtocol, RunningProcess>;
  #opened: AsyncDisposableStack;
  #marks = 0;

  /** Takes over `opened`; use {@linkcode startBystanders}. */
  constructor(
    publisher: RunningProcess,
    readers: ReadonlyMap<LoadProtocol, RunningProcess>,
    opened: AsyncDisposableStack,
  ) {
    this.publisher = publisher;
    this.#readers = readers;
    this.#opened = opened;
  }

  /** What the readers of each protocol have received so far. */
  async snapshots(): Promise<ReadonlyMap<LoadProtocol, ReadersSnapshot>> {
    const name = `m${++this.#marks}`;
    const snapshots = new Map<LoadProtocol, ReadersSnapshot>();
    for (const [protocol, process] of this.#readers) {
      await process.writeLine(`mark ${name}`);
      const [, json] = await process.waitForLine(
        new RegExp(`^mark ${name} (.*)`),
      );
      snapshots.set(protocol, JSON.parse(json!));
    }
    return snapshots;
  }

  /** Fails if a reader has missed anything, was thrown out, or gets nothing any more. */
  async assertUnharmed(): Promise<void> {
    const before = await this.snapshots();
    for (const [protocol, { lost, ended }] of before) {
      assertEquals({ protocol, lost, ended }, { protocol, lost: 0, ended: 0 });
    }
    const isStuck = (now: ReadonlyMap<LoadProtocol, ReadersSnapshot>) =>
      [...now].some(([protocol, { payloadBytes }]) =>
        payloadBytes === before.get(protocol)!.payloadBytes
      );
    const deadlineMs = performance.now() + PLAYING_DEADLINE_MS;
    while (isStuck(await this.snapshots())) {
      if (performance.now() > deadlineMs) {
        throw new Error("The readers get nothing any more");
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }

  /** Ends the readers, then the publisher. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

/** Starts a publisher, waits until it publishes, and connects the readers. */
export async function startBystanders(
  server: WeirProcess,
  options: BystanderOptions,
): Promise<Bystanders> {
  await using opened = new AsyncDisposableStack();
  const { path, stream = SMALL_STREAM } = options;
  const url = options.publisher === "rtsp"
    ? server.rtspUrl(path)
    : server.rtmpUrl(path);
  const numbers = [
    stream.framesPerSecond,
    stream.frameBytes,
    stream.gopFrames,
  ];
  const publisher = opened.use(
    startScript(PUBLISHER, [url, ...numbers.map(String)]),
  );
  await publisher.waitForLine(/^publishing$/);
  await server.waitForLog(
    new RegExp(`\\[path ${path}\\] stream is available`),
  );
  const readers = new Map<LoadProtocol, RunningProcess>();
  for (const protocol of ["rtsp-tcp", "rtsp-udp", "rtmp"] as const) {
    const count = options.readers[protocol];
    if (count === undefined) continue;
    const from = protocol === "rtmp"
      ? server.rtmpUrl(path)
      : server.rtspUrl(path);
    const process = opened.use(
      startScript(READERS, [
        ...[protocol, from, `${stream.framesPerSecond}`],
        options.isSampled ? "sample" : "count",
      ]),
    );
    await process.writeLine(`connect all ${count}`);
    await process.waitForLine(/^connected all$/);
    readers.set(protocol, process);
  }
  return new Bystanders(publisher, readers, opened.move());
}

/** Resident memory of a process, in bytes; the runtime itself may read /proc only with every permission. */
export async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await runProcess("cat", [`/proc/${pid}/status`]);
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(stdout)?.[1]) * 1_024;
}

function startScript(script: string, args: readonly string[]): RunningProcess {
  const options = ["run", "--quiet", "--no-check", "--allow-net"];
  return startProcess(Deno.execPath(), [...options, script, ...args], {
    input: true,
  });
}
