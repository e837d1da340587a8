import type { CodecName } from "./codecs/load_codec.ts";
import type { HlsRow } from "./hls_files.ts";
import type { HlsFigures } from "./hls_measure.ts";
import type { Combination, Figures } from "./measure.ts";
import type { LoadProtocol } from "./reader.ts";
import type { ServerName } from "./servers.ts";

/** Everything that was measured: medians over the rounds. */
export interface BenchResult {
  readonly figures: readonly Figures[];
  /** Milliseconds to the first key frame, of each late joiner. */
  readonly lateJoins: readonly LateJoins[];
  readonly leftOut: readonly LeftOut[];
  /** Of low-latency HLS. */
  readonly hls: readonly HlsFigures[];
}

/** Waits of the late joiners of one combination. */
export interface LateJoins extends Combination {
  readonly waitsMs: readonly number[];
}

/** A combination that was not measured. */
export interface LeftOut extends Combination {
  readonly reason: string;
}

/** One goal, and how far it was reached. */
export interface GoalResult {
  readonly goal: string;
  readonly codec: CodecName;
  readonly value: number;
  readonly must: number;
  readonly aim?: number;
  readonly verdict: "aim met" | "met" | "MISSED";
  /** What it was compared with, if that is another codec. */
  readonly note: string;
}

/** A measured value; the note tells if it is about another codec, too. */
interface Measured {
  readonly value: number;
  readonly note?: string;
}

/** What of a result a goal is about; `undefined` if it was not measured. */
type Measure = (result: BenchResult, codec: CodecName) => Measured | undefined;

interface Goal {
  readonly goal: string;
  readonly measure: Measure;
  readonly must: number;
  readonly aim?: number;
}

/** Largest values that are good, of our own server. */
const GOALS: readonly Goal[] = [
  {
    goal: "RTMP, CPU against nginx-rtmp",
    measure: cpuRatio("rtmp", "nginx-rtmp", "rtmp"),
    must: 1.5,
    aim: 1.1,
  },
  {
    goal: "RTSP over TCP, CPU against MediaMTX",
    measure: cpuRatio("rtsp-tcp", "mediamtx", "rtsp-tcp"),
    must: 0.25,
    aim: 0.15,
  },
  {
    goal: "RTSP over TCP, CPU against nginx-rtmp's RTMP",
    measure: cpuRatio("rtsp-tcp", "nginx-rtmp", "rtmp"),
    must: 1.8,
    aim: 1.2,
  },
  {
    goal: "RTSP over UDP, CPU against MediaMTX",
    measure: cpuRatio("rtsp-udp", "mediamtx", "rtsp-udp"),
    must: 0.4,
    aim: 0.25,
  },
  {
    goal: "RTSP over UDP, CPU against our RTSP over TCP",
    measure: (result, codec) => {
      const peer = { server: "mediamtx", protocol: "rtsp-udp", codec } as const;
      return findComparable(result, peer) === undefined
        ? cpuRatio("rtsp-udp", "weir", "rtsp-tcp")(result, codec)
        : undefined;
    },
    must: 2.2,
  },
  ...["rtsp-tcp", "rtsp-udp"].flatMap((protocol) => [{
    goal: `${protocol}, latency p99 (ms)`,
    measure: ours(protocol as LoadProtocol, "latencyP99Ms"),
    must: 8,
  }]),
  {
    goal: "rtsp-tcp, latency p50 (ms)",
    measure: ours("rtsp-tcp", "latencyP50Ms"),
    must: 2.5,
  },
  ...(["rtsp-tcp", "rtsp-udp", "rtmp", "http-flv"] as const).flatMap((
    protocol,
  ) => [
    {
      goal: `${protocol}, memory idle (MB)`,
      measure: ours(protocol, "idleRssMb"),
      must: 90,
      aim: 60,
    },
    {
      goal: `${protocol}, memory under load (MB)`,
      measure: ours(protocol, "loadedRssMb"),
      must: 120,
    },
    {
      goal: `${protocol}, lost`,
      measure: ours(protocol, "lost"),
      must: 0,
    },
    {
      goal: `${protocol}, late joiner's first picture (ms)`,
      measure: lateJoin(protocol),
      must: 300,
    },
  ]),
  {
    goal: "HTTP-FLV, CPU against our RTMP",
    measure: cpuRatio("http-flv", "weir", "rtmp"),
    must: 1.2,
  },
  {
    goal: "LL-HLS of 120 KB, core/Gbit",
    measure: oursOfHls("ll-hls-120kb", "coreSecondsPerGbit"),
    must: 0.06,
  },
  {
    goal: "LL-HLS of 2 KB, us of CPU a request",
    measure: oursOfHls("ll-hls-2kb", "usPerRequest"),
    must: 20,
    aim: 12,
  },
  ...(["ll-hls-120kb", "ll-hls-2kb"] as const).flatMap((row) => [
    {
      goal: `${row}, latency p99 (ms)`,
      measure: oursOfHls(row, "latencyP99Ms"),
      must: 15,
    },
    { goal: `${row}, lost`, measure: oursOfHls(row, "lost"), must: 0 },
    { goal: `${row}, errors`, measure: oursOfHls(row, "errors"), must: 0 },
  ]),
  {
    goal: "start to listening, binds the executable (ms)",
    measure: ({ figures }, codec) => {
      const own = figures.find((one) =>
        one.server === "weir" && one.codec === codec
      );
      return own && { value: own.startMs };
    },
    must: 250,
    aim: 100,
  },
];

/** Judges what was measured of each goal, codec by codec. */
export function evaluateGoals(result: BenchResult): GoalResult[] {
  const codecs = new Set(result.figures.map((one) => one.codec));
  if (result.hls.length > 0) codecs.add("h264");
  return [...codecs].flatMap((codec) =>
    GOALS.flatMap(({ measure, ...goal }) => {
      const found = measure(result, codec);
      if (found === undefined) return [];
      const { value, note = "" } = found;
      const isAimMet = goal.aim !== undefined && value <= goal.aim;
      const verdict = isAimMet
        ? "aim met"
        : value <= goal.must
        ? "met"
        : "MISSED";
      return [{ ...goal, codec, value, verdict, note }];
    })
  );
}

/** What was found out about one combination. */
export function find<Found extends Combination>(
  all: readonly Found[],
  { server, protocol, codec }: Combination,
): Found | undefined {
  return all.find((one) =>
    one.server === server && one.protocol === protocol && one.codec === codec
  );
}

/** The figures of a combination; H264's where the codec was left out. */
export function findComparable(
  { figures, leftOut }: BenchResult,
  combination: Combination,
): Figures | undefined {
  const isLeftOut = find(leftOut, combination) !== undefined;
  return find(figures, {
    ...combination,
    codec: isLeftOut ? "h264" : combination.codec,
  });
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
): Measure {
  return (result, codec) => {
    const own = find(result.figures, { server: "weir", protocol, codec });
    const other = findComparable(result, {
      server: peer,
      protocol: peerProtocol,
      codec,
    });
    if (own === undefined || other === undefined) return undefined;
    // A peer whose readers got nothing is no measure.
    if (!Number.isFinite(other.coreSecondsPerGbit)) return undefined;
    const value = own.coreSecondsPerGbit / other.coreSecondsPerGbit;
    return other.codec === codec
      ? { value }
      : { value, note: `${peer} with ${other.codec}` };
  };
}

function ours(
  protocol: LoadProtocol,
  key: "latencyP50Ms" | "latencyP99Ms" | "idleRssMb" | "loadedRssMb" | "lost",
): Measure {
  return ({ figures }, codec) => {
    const own = find(figures, { server: "weir", protocol, codec });
    return own && { value: own[key] };
  };
}

/** Of the largest number of viewers; they are all of H264. */
function oursOfHls(
  row: HlsRow,
  key:
    | "coreSecondsPerGbit"
    | "usPerRequest"
    | "latencyP99Ms"
    | "lost"
    | "errors",
): Measure {
  return ({ hls }, codec) => {
    const own = hls.findLast((one) => one.server === "weir" && one.row === row);
    return own && codec === "h264" ? { value: own[key] } : undefined;
  };
}

function lateJoin(protocol: LoadProtocol): Measure {
  return ({ lateJoins }, codec) => {
    const joins = find(lateJoins, { server: "weir", protocol, codec });
    return joins && { value: Math.max(...joins.waitsMs) };
  };
}
