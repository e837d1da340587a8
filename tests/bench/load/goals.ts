import type { Figures } from "./measure.ts";
import type { LoadProtocol } from "./reader.ts";
import type { ServerName } from "./servers.ts";

/** Everything that was measured: medians over the rounds. */
export interface BenchResult {
  readonly figures: readonly Figures[];
  /** Milliseconds to the first key frame, of each late joiner. */
  readonly lateJoins: readonly LateJoins[];
}

/** Waits of the late joiners of one server and protocol. */
export interface LateJoins {
  readonly server: ServerName;
  readonly protocol: LoadProtocol;
  readonly waitsMs: readonly number[];
}

/** One goal, and how far it was reached. */
export interface GoalResult {
  readonly goal: string;
  readonly value: number;
  readonly must: number;
  readonly aim?: number;
  readonly verdict: "aim met" | "met" | "MISSED";
}

/** What of a result a goal is about; `undefined` if it was not measured. */
type Value = (result: BenchResult) => number | undefined;

interface Goal {
  readonly goal: string;
  readonly value: Value;
  readonly must: number;
  readonly aim?: number;
}

/** Largest values that are good, of our own server. */
const GOALS: readonly Goal[] = [
  {
    goal: "RTMP, CPU against nginx-rtmp",
    value: cpuRatio("rtmp", "nginx-rtmp", "rtmp"),
    must: 1.5,
    aim: 1.1,
  },
  {
    goal: "RTSP over TCP, CPU against MediaMTX",
    value: cpuRatio("rtsp-tcp", "mediamtx", "rtsp-tcp"),
    must: 0.25,
    aim: 0.15,
  },
  {
    goal: "RTSP over TCP, CPU against nginx-rtmp's RTMP",
    value: cpuRatio("rtsp-tcp", "nginx-rtmp", "rtmp"),
    must: 1.8,
    aim: 1.2,
  },
  {
    goal: "RTSP over UDP, CPU against MediaMTX",
    value: cpuRatio("rtsp-udp", "mediamtx", "rtsp-udp"),
    must: 0.4,
    aim: 0.25,
  },
  {
    goal: "RTSP over UDP, CPU against our RTSP over TCP",
    value: (result) =>
      find(result, "mediamtx", "rtsp-udp") === undefined
        ? cpuRatio("rtsp-udp", "weir", "rtsp-tcp")(result)
        : undefined,
    must: 2.2,
  },
  ...["rtsp-tcp", "rtsp-udp"].flatMap((protocol) => [{
    goal: `${protocol}, latency p99 (ms)`,
    value: ours(protocol as LoadProtocol, "latencyP99Ms"),
    must: 8,
  }]),
  {
    goal: "rtsp-tcp, latency p50 (ms)",
    value: ours("rtsp-tcp", "latencyP50Ms"),
    must: 2.5,
  },
  ...(["rtsp-tcp", "rtsp-udp", "rtmp"] as const).flatMap((protocol) => [
    {
      goal: `${protocol}, memory idle (MB)`,
      value: ours(protocol, "idleRssMb"),
      must: 90,
      aim: 60,
    },
    {
      goal: `${protocol}, memory under load (MB)`,
      value: ours(protocol, "loadedRssMb"),
      must: 120,
    },
    {
      goal: `${protocol}, lost`,
      value: ours(protocol, "lost"),
      must: 0,
    },
    {
      goal: `${protocol}, late joiner's first picture (ms)`,
      value: lateJoin(protocol),
      must: 300,
    },
  ]),
  {
    goal: "start to listening, binds the executable (ms)",
    value: (result) =>
      result.figures.find((one) => one.server === "weir")?.startMs,
    must: 250,
    aim: 100,
  },
];

/** Judges what was measured of each goal. */
export function evaluateGoals(result: BenchResult): GoalResult[] {
  return GOALS.flatMap(({ value, ...goal }) => {
    const found = value(result);
    if (found === undefined) return [];
    const isAimMet = goal.aim !== undefined && found <= goal.aim;
    const verdict = isAimMet
      ? "aim met"
      : found <= goal.must
      ? "met"
      : "MISSED";
    return [{ ...goal, value: found, verdict }];
  });
}

/** The figures of one server and protocol. */
export function find(
  result: BenchResult,
  server: ServerName,
  protocol: LoadProtocol,
): Figures | undefined {
  return result.figures.find((one) =>
    one.server === server && one.protocol === protocol
  );
}

/** Middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function cpuRatio(
  protocol: LoadProtocol,
  peer: ServerName,
  peerProtocol: LoadProtocol,
): Value {
  return (result) => {
    const own = find(result, "weir", protocol);
    const other = find(result, peer, peerProtocol);
    if (own === undefined || other === undefined) return undefined;
    return own.coreSecondsPerGbit / other.coreSecondsPerGbit;
  };
}

function ours(
  protocol: LoadProtocol,
  key: "latencyP50Ms" | "latencyP99Ms" | "idleRssMb" | "loadedRssMb" | "lost",
): Value {
  return (result) => find(result, "weir", protocol)?.[key];
}

function lateJoin(protocol: LoadProtocol): Value {
  return (result) => {
    const joins = result.lateJoins.find((one) =>
      one.server === "weir" && one.protocol === protocol
    );
    return joins === undefined ? undefined : Math.max(...joins.waitsMs);
  };
}
