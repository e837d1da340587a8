import type { RunningProcess } from "#test/processes.ts";
import type { CodecName } from "./codecs/load_codec.ts";
import {
  ANSWER_TIMEOUT_MS,
  connect,
  delay,
  type LoadStream,
  percentile,
  PUBLISHER_LEAD_MS,
  rssMb,
  SAMPLED_READERS,
  snapshot,
  startPublisher,
  startReaders,
} from "./load_processes.ts";
import type { LoadProtocol } from "./reader.ts";
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
  /** Packets (RTP) or frames (RTMP, FLV) that the readers missed. */
  readonly lost: number;
  /** Readers that the server has thrown out. */
  readonly ended: number;
  /** From the start of the process until it accepts connections. */
  readonly startMs: number;
}

/** Frames from one key frame to the next, under load and for late joiners. */
const GOP_FRAMES = 60;
const LATE_JOIN_GOP_SECONDS = 10;

const IDLE_MS = 1_000;

/** Puts the load on a fresh server and measures it. */
export async function measureLoad(
  combination: Combination,
  load: Load,
): Promise<Figures> {
  await using server = await SERVERS[combination.server].start(
    combination.protocol,
  );
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
  const { delaysUs } = after;
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
  await using server = await SERVERS[combination.server].start(
    combination.protocol,
  );
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
): LoadStream {
  return { server, protocol, codec, framesPerSecond, frameBytes };
}

/** Spreads the sampled readers evenly over the order in which readers come. */
async function connectInTurns(
  bulk: RunningProcess,
  probe: RunningProcess,
  readers: number,
): Promise<void> {
  const turns = Math.min(SAMPLED_READERS, readers);
  for (let turn = 1; turn <= turns; turn++) {
    await connect(probe, `${turn}`, 1);
    const from = Math.floor((turn - 1) * (readers - turns) / turns);
    const to = Math.floor(turn * (readers - turns) / turns);
    await connect(bulk, `${turn}`, to - from);
  }
}
