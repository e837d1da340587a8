import { fileURLToPath } from "node:url";
import {
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import type { CodecName } from "./codecs/load_codec.ts";
import { partFile } from "./hls_files.ts";
import type { LoadProtocol } from "./reader.ts";
import type { ReadersSnapshot } from "./readers.ts";
import type { BenchServer } from "./servers.ts";

/** What is published to a server, and how it is read. */
export interface LoadStream {
  readonly server: BenchServer;
  readonly protocol: LoadProtocol;
  readonly codec: CodecName;
  readonly framesPerSecond: number;
  readonly frameBytes: number;
}

/** Everything that was counted until a moment. */
export interface LoadSnapshot extends ReadersSnapshot {
  readonly atMs: number;
  /** Of the server. */
  readonly cpuSeconds: number;
}

/** Readers start that long after the publisher: some servers need it. */
export const PUBLISHER_LEAD_MS = 3_000;

/** Readers whose delays are noted, in a process of their own. */
export const SAMPLED_READERS = 10;

/** Longest wait for an answer of the readers, which their work may delay. */
export const ANSWER_TIMEOUT_MS = 30_000;

/** Units of `/proc/PID/stat`; the same on every Linux. */
const CLOCK_TICKS_PER_SECOND = 100;

const PUBLISHER = fileURLToPath(new URL("./publisher.ts", import.meta.url));
const READERS = fileURLToPath(new URL("./readers.ts", import.meta.url));

/** Publishes until it is killed; the first frame is sent. */
export async function startPublisher(
  stream: LoadStream,
  gopFrames: number,
): Promise<RunningProcess> {
  const { codec, framesPerSecond, frameBytes } = stream;
  const numbers = [framesPerSecond, frameBytes, gopFrames].map(String);
  const args = [publishUrl(stream), ...numbers, codec];
  const publisher = startDeno(PUBLISHER, args);
  await publisher.waitForLine(/^publishing$/);
  return publisher;
}

/** A process for readers, none connected. */
export function startReaders(
  stream: LoadStream,
  mode: "count" | "sample",
): RunningProcess {
  const { protocol, codec, framesPerSecond } = stream;
  const args = [protocol, readUrl(stream), `${framesPerSecond}`, mode, codec];
  return startDeno(READERS, args);
}

/** Connects readers, one after the other; `name` is used once. */
export async function connect(
  process: RunningProcess,
  name: string,
  count: number,
): Promise<void> {
  await process.writeLine(`connect ${name} ${count}`);
  await process.waitForLine(
    new RegExp(`^connected ${name}$`),
    ANSWER_TIMEOUT_MS,
  );
}

/** Asks everybody what was counted; `name` is used once. */
export async function snapshot(
  serverPid: number,
  processes: readonly RunningProcess[],
  name: string,
): Promise<LoadSnapshot> {
  const atMs = performance.now();
  const cpuSecondsNow = await cpuSeconds(serverPid);
  const parts = await Promise.all(processes.map(async (process) => {
    await process.writeLine(`mark ${name}`);
    const pattern = new RegExp(`^mark ${name} (.*)`);
    const [, json] = await process.waitForLine(pattern, ANSWER_TIMEOUT_MS);
    return JSON.parse(json!) as ReadersSnapshot;
  }));
  const sum = (
    key: "payloadBytes" | "requests" | "errors" | "lost" | "ended",
  ) => parts.reduce((total, part) => total + part[key], 0);
  return {
    atMs,
    cpuSeconds: cpuSecondsNow,
    payloadBytes: sum("payloadBytes"),
    requests: sum("requests"),
    errors: sum("errors"),
    lost: sum("lost"),
    ended: sum("ended"),
    delaysUs: parts.flatMap((part) => part.delaysUs),
  };
}

/** Memory of a process that is not swapped out. */
export async function rssMb(pid: number): Promise<number> {
  const status = await cat(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1_024;
}

/** Value below which `percent` of the values are; NaN if there are none. */
export function percentile(
  values: readonly number[],
  percent: number,
): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.ceil(sorted.length * percent / 100) - 1;
  return sorted[Math.max(0, index)] ?? NaN;
}

/** Waits. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function publishUrl({ server, protocol }: LoadStream): string {
  const overRtmp = protocol === "rtmp" || protocol === "http-flv";
  return needed(overRtmp ? server.rtmpUrl : server.rtspUrl, protocol);
}

function readUrl(stream: LoadStream): string {
  const { server, protocol, frameBytes } = stream;
  switch (protocol) {
    case "http-flv":
      return `${needed(server.httpUrl, protocol)}.flv`;
    case "ll-hls":
    case "ll-hls-hints":
      return needed(server.httpUrl, protocol);
    case "http-files":
      return `${needed(server.httpUrl, protocol)}/${partFile(frameBytes)}`;
    default:
      return publishUrl(stream);
  }
}

function needed(url: string | undefined, protocol: LoadProtocol): string {
  if (url === undefined) throw new Error(`Cannot read over ${protocol}`);
  return url;
}

function startDeno(script: string, args: readonly string[]): RunningProcess {
  const options = ["run", "--quiet", "--no-check", "--allow-net"];
  return startProcess(Deno.execPath(), [...options, script, ...args], {
    input: true,
  });
}

/** User and system time of a process and its threads. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await cat(`/proc/${pid}/stat`);
  // The second field, the program's name, is in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return (userTicks + systemTicks) / CLOCK_TICKS_PER_SECOND;
}

async function cat(path: string): Promise<string> {
  const { code, stdout, stderr } = await runProcess("cat", [path]);
  if (code !== 0) throw new Error(`Cannot read ${path}: ${stderr}`);
  return stdout;
}
