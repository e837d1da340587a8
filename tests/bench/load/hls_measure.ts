import { HLS_ROWS, type HlsRow } from "./hls_files.ts";
import {
  connect,
  delay,
  type LoadSnapshot,
  percentile,
  PUBLISHER_LEAD_MS,
  rssMb,
  SAMPLED_READERS,
  snapshot,
  startPublisher,
  startReaders,
} from "./load_processes.ts";
import { type ServerName, SERVERS } from "./servers.ts";

/** What is put on a server. */
export interface HlsLoad {
  /** Numbers of viewers, rising; each is measured. */
  readonly viewers: readonly number[];
  /** Viewers ask for parts before they are there. */
  readonly takesHints: boolean;
  readonly warmUpSeconds: number;
  readonly measuredSeconds: number;
}

/** Figures of one number of viewers; what the server does for a single one is taken off where it says net. */
export interface HlsFigures {
  readonly server: ServerName;
  readonly row: HlsRow;
  readonly viewers: number;
  readonly requestsPerSecond: number;
  /** Parts, without playlists. */
  readonly deliveredGbps: number;
  /** Net CPU time of the server process for each request. */
  readonly usPerRequest: number;
  /** Net CPU seconds of the server process for each Gbit delivered. */
  readonly coreSecondsPerGbit: number;
  /** Part of one core that the server took, and that it took for a single viewer. */
  readonly cores: number;
  readonly coresForOne: number;
  /** From the time at which a part can be complete, when the frame behind it is written, to the read of its last byte. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  /** The same of a single viewer. */
  readonly latencyP50OfOneMs: number;
  readonly rssMb: number;
  /** Parts that came between others and were never listed. */
  readonly lost: number;
  /** Answers that were not the part that was asked for, or not later than the one before. Faults count since the phase before, connecting included. */
  readonly errors: number;
  /** Viewers that the server has thrown out. */
  readonly ended: number;
}

const FRAMES_PER_SECOND = 30;

/** A segment a second. */
const GOP_FRAMES = 30;

/** Measures a fresh server with one viewer, then with each number of them. */
export async function measureHls(
  { server: name, row }: { server: ServerName; row: HlsRow },
  load: HlsLoad,
): Promise<HlsFigures[]> {
  const isOfFiles = SERVERS[name].protocols.includes("http-files");
  // How long a frame lasts is known when the next one comes; files are there.
  const waitMs = isOfFiles ? 0 : 1_000 / FRAMES_PER_SECOND;
  const protocol = isOfFiles
    ? "http-files"
    : load.takesHints
    ? "ll-hls-hints"
    : "ll-hls";
  await using server = await SERVERS[name].start(protocol);
  const stream = {
    server,
    protocol,
    codec: "h264",
    framesPerSecond: FRAMES_PER_SECOND,
    ...HLS_ROWS[row],
  } as const;
  await using publisher = new AsyncDisposableStack();
  if (!isOfFiles) {
    publisher.use(await startPublisher(stream, GOP_FRAMES));
    await delay(PUBLISHER_LEAD_MS);
  }
  await using probe = startReaders(stream, "sample");
  await using bulk = startReaders(stream, "count");
  const readers = [probe, bulk];
  let known: Faults = { lost: 0, errors: 0, ended: 0 };
  const measure = async (phase: string): Promise<Rates & Faults> => {
    await delay(load.warmUpSeconds * 1_000);
    const before = await snapshot(server.pid, readers, `before-${phase}`);
    await delay(load.measuredSeconds * 1_000);
    const after = await snapshot(server.pid, readers, `after-${phase}`);
    const { lost, errors, ended } = after;
    const faults = {
      lost: lost - known.lost,
      errors: errors - known.errors,
      ended: ended - known.ended,
    };
    known = { lost, errors, ended };
    return { ...ratesOf(before, after, waitMs), ...faults };
  };
  await connect(probe, "first", 1);
  const one = await measure("one");
  const figures: HlsFigures[] = [];
  let [sampled, counted] = [1, 0];
  for (const viewers of load.viewers) {
    const newlySampled = Math.min(SAMPLED_READERS, viewers) - sampled;
    await connect(probe, `${viewers}`, newlySampled);
    sampled += newlySampled;
    const newlyCounted = viewers - sampled - counted;
    await connect(bulk, `${viewers}`, newlyCounted);
    counted += newlyCounted;
    const all = await measure(`${viewers}`);
    const netCores = all.cores - one.cores;
    const { requestsPerSecond, deliveredGbps } = all;
    figures.push({
      ...all,
      server: name,
      row,
      viewers,
      usPerRequest: netCores * 1e6 /
        (requestsPerSecond - one.requestsPerSecond),
      coreSecondsPerGbit: netCores / (deliveredGbps - one.deliveredGbps),
      coresForOne: one.cores,
      latencyP50OfOneMs: one.latencyP50Ms,
      rssMb: await rssMb(server.pid),
    });
  }
  return figures;
}

type Rates = Pick<
  HlsFigures,
  | "cores"
  | "requestsPerSecond"
  | "deliveredGbps"
  | "latencyP50Ms"
  | "latencyP99Ms"
>;

type Faults = Pick<HlsFigures, "lost" | "errors" | "ended">;

function ratesOf(
  before: LoadSnapshot,
  after: LoadSnapshot,
  waitMs: number,
): Rates {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const perSecond = (key: "cpuSeconds" | "requests" | "payloadBytes"): number =>
    (after[key] - before[key]) / seconds;
  return {
    cores: perSecond("cpuSeconds"),
    requestsPerSecond: perSecond("requests"),
    deliveredGbps: perSecond("payloadBytes") * 8 / 1e9,
    latencyP50Ms: percentile(after.delaysUs, 50) / 1_000 - waitMs,
    latencyP99Ms: percentile(after.delaysUs, 99) / 1_000 - waitMs,
  };
}
