import { fileURLToPath } from "node:url";
import {
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import type { CodecName } from "./codecs/load_codec.ts";
import type { LoadProtocol } from "./reader.ts";
import type { ReadersSnapshot } from "./readers.ts";
import { type BenchServer, type ServerName, SERVERS } from "./servers.ts";

/** What a run puts on a server. */
export interface Load {
  readonly readers: number;
  readonly framesPerSecond: number;
  readonly frameBytes: number;
  readonly warmUpSeconds: number;
  readonly measuredSeconds: number;
}

/** A server, how it is read, and what it carries. */
export interface Combination {
  readonly server: ServerName;
  readonly protocol: LoadProtocol;
  readonly codec: CodecName;
}

/** Figures of one run, or the medians of several. */
export interface Figures extends Combination {
  readonly readers: number;
  /** Media payload that the readers got. */
  readonly deliveredGbps: number;
  /** CPU seconds of the server process for each Gbit delivered. */
  readonly coreSecondsPerGbit: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly idleRssMb: number;
  readonly loadedRssMb: number;
  /** Packets (RTP) or frames (RTMP) that the readers missed. */
  readonly lost: number;
  /** Readers that the server has thrown out. */
  readonly ended: number;
  /** From the start of the process until it accepts connections. */
  readonly startMs: number;
}

/** What is published to a server, and how it is read. */
interface Stream {
  readonly url: string;
  readonly protocol: LoadProtocol;
  readonly codec: CodecName;
  readonly framesPerSecond: number;
  readonly frameBytes: number;
}

/** Frames from one key frame to the next, under load and for late joiners. */
const GOP_FRAMES = 60;
const LATE_JOIN_GOP_SECONDS = 10;

/** Readers start that long after the publisher: some servers need it. */
const PUBLISHER_LEAD_MS = 3_000;

const IDLE_MS = 1_000;

/** Readers whose delays are noted, in a process of their own. */
const SAMPLED_READERS = 10;

/** Units of `/proc/PID/stat`; the same on every Linux. */
const CLOCK_TICKS_PER_SECOND = 100;

/** Longest wait for an answer of the readers, which their work may delay. */
const ANSWER_TIMEOUT_MS = 30_000;

const PUBLISHER = fileURLToPath(new URL("./publisher.ts", import.meta.url));
const READERS = fileURLToPath(new URL("./readers.ts", import.meta.url));

/** Puts the load on a fresh server and measures it. */
export async function measureLoad(
  combination: Combination,
  load: Load,
): Promise<Figures> {
  await using server = await SERVERS[combination.server].start();
  await delay(IDLE_MS);
  const idleRssMb = await rssMb(server.pid);
  const stream = streamOf(server, combination, load);
  await using _publisher = await startPublisher(stream, GOP_FRAMES);
  await delay(PUBLISHER_LEAD_MS);
  await using bulk = startReaders(stream, "count");
  await using probe = startReaders(stream, "sample");
  await connectInTurns(bulk, probe, load.readers);
  await delay(load.warmUpSeconds * 1_000);
  const before = await snapshot(server.pid, [bulk, probe], "before");
  await delay(load.measuredSeconds * 1_000);
  const after = await snapshot(server.pid, [bulk, probe], "after");
  const gigabits = (after.payloadBytes - before.payloadBytes) * 8 / 1e9;
  const seconds = (after.atMs - before.atMs) / 1_000;
  const delaysUs = after.delaysUs.toSorted((a, b) => a - b);
  return {
    ...combination,
    readers: load.readers,
    deliveredGbps: gigabits / seconds,
    coreSecondsPerGbit: (after.cpuSeconds - before.cpuSeconds) / gigabits,
    latencyP50Ms: percentile(delaysUs, 50) / 1_000,
    latencyP99Ms: percentile(delaysUs, 99) / 1_000,
    idleRssMb,
    loadedRssMb: await rssMb(server.pid),
    lost: after.lost - before.lost,
    ended: after.ended,
    startMs: server.startMs,
  };
}

/**
 * Measures how long late joiners wait for their first key frame when there
 * is one in ten seconds; one joins after the other.
 */
export async function measureLateJoins(
  combination: Combination,
  options: { load: Load; joins: number },
): Promise<number[]> {
  const { load, joins } = options;
  await using server = await SERVERS[combination.server].start();
  const stream = streamOf(server, combination, load);
  const gopFrames = LATE_JOIN_GOP_SECONDS * load.framesPerSecond;
  await using _publisher = await startPublisher(stream, gopFrames);
  await delay(PUBLISHER_LEAD_MS);
  await using joiner = startReaders(stream, "count");
  const waitsMs: number[] = [];
  for (let i = 0; i < joins; i++) {
    await joiner.writeLine(`join ${i}`);
    const pattern = new RegExp(`^joined ${i} (.*)`);
    const [, ms] = await joiner.waitForLine(pattern, ANSWER_TIMEOUT_MS);
    waitsMs.push(Number(ms));
    await delay(LATE_JOIN_GOP_SECONDS * 1_000 / (joins + 1));
  }
  return waitsMs;
}

function streamOf(
  server: BenchServer,
  { protocol, codec }: Combination,
  { framesPerSecond, frameBytes }: Load,
): Stream {
  const url = protocol === "rtmp" ? server.rtmpUrl : server.rtspUrl;
  if (url === undefined) throw new Error(`Cannot read over ${protocol}`);
  return { url, protocol, codec, framesPerSecond, frameBytes };
}

async function startPublisher(
  { url, codec, framesPerSecond, frameBytes }: Stream,
  gopFrames: number,
): Promise<RunningProcess> {
  const numbers = [framesPerSecond, frameBytes, gopFrames].map(String);
  const publisher = startDeno(PUBLISHER, [url, ...numbers, codec]);
  await publisher.waitForLine(/^publishing$/);
  return publisher;
}

function startReaders(
  { url, protocol, codec, framesPerSecond }: Stream,
  mode: "count" | "sample",
): RunningProcess {
  const args = [protocol, url, `${framesPerSecond}`, mode, codec];
  return startDeno(READERS, args);
}

function startDeno(script: string, args: readonly string[]): RunningProcess {
  const options = ["run", "--quiet", "--no-check", "--allow-net"];
  return startProcess(Deno.execPath(), [...options, script, ...args], {
    input: true,
  });
}

/** Spreads the sampled readers evenly over the order in which readers come. */
async function connectInTurns(
  bulk: RunningProcess,
  probe: RunningProcess,
  readers: number,
): Promise<void> {
  const turns = Math.min(SAMPLED_READERS, readers);
  for (let turn = 1; turn <= turns; turn++) {
    await connect(probe, turn, 1);
    const from = Math.floor((turn - 1) * (readers - turns) / turns);
    const to = Math.floor(turn * (readers - turns) / turns);
    await connect(bulk, turn, to - from);
  }
}

async function connect(
  process: RunningProcess,
  turn: number,
  count: number,
): Promise<void> {
  await process.writeLine(`connect ${turn} ${count}`);
  await process.waitForLine(
    new RegExp(`^connected ${turn}$`),
    ANSWER_TIMEOUT_MS,
  );
}

interface Snapshot extends ReadersSnapshot {
  readonly atMs: number;
  readonly cpuSeconds: number;
}

async function snapshot(
  serverPid: number,
  processes: readonly RunningProcess[],
  name: string,
): Promise<Snapshot> {
  const atMs = performance.now();
  const cpuSecondsNow = await cpuSeconds(serverPid);
  const parts = await Promise.all(processes.map(async (process) => {
    await process.writeLine(`mark ${name}`);
    const pattern = new RegExp(`^mark ${name} (.*)`);
    const [, json] = await process.waitForLine(pattern, ANSWER_TIMEOUT_MS);
    return JSON.parse(json!) as ReadersSnapshot;
  }));
  return {
    atMs,
    cpuSeconds: cpuSecondsNow,
    payloadBytes: parts.reduce((sum, part) => sum + part.payloadBytes, 0),
    lost: parts.reduce((sum, part) => sum + part.lost, 0),
    ended: parts.reduce((sum, part) => sum + part.ended, 0),
    delaysUs: parts.flatMap((part) => part.delaysUs),
  };
}

/** User and system time of a process and its threads. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await cat(`/proc/${pid}/stat`);
  // The second field, the program's name, is in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return (userTicks + systemTicks) / CLOCK_TICKS_PER_SECOND;
}

async function rssMb(pid: number): Promise<number> {
  const status = await cat(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1_024;
}

async function cat(path: string): Promise<string> {
  const { code, stdout, stderr } = await runProcess("cat", [path]);
  if (code !== 0) throw new Error(`Cannot read ${path}: ${stderr}`);
  return stdout;
}

function percentile(sorted: readonly number[], percent: number): number {
  const index = Math.ceil(sorted.length * percent / 100) - 1;
  return sorted[Math.max(0, index)] ?? NaN;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
