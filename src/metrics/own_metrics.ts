import type { EventCounts } from "./event_counts.ts";
import {
  type Labels,
  labelText,
  metricLine,
  type MetricType,
  section,
} from "./text_format.ts";
import type { LoopLag } from "#base/loop_lag.ts";
import type { PathRates } from "#base/rates.ts";
import type { PathInfo } from "#core/path_info.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { ProcessFigures } from "#platform/process_figures.ts";

/** What the metrics of our own are made of. */
export interface OwnFigures {
  readonly version: string;
  readonly process: ProcessFigures;
  readonly loopLag: LoopLag;
  readonly counts: Pick<EventCounts, "failures" | "hooks" | "reloads">;
  readonly paths: readonly PathInfo[];
  readonly sessions: readonly SessionInfo[];
  /** Kinds of sessions that are counted even if there are none. */
  readonly sessionTypes: readonly SessionInfo["type"][];
  readonly rateOf: (pathName: string) => PathRates;
}

interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  /** Behind the metric's name, as summaries have it. */
  readonly suffix?: "_sum" | "_count";
}

interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Metrics that only this server has, one by one, with their descriptions; their names begin with `weir_`. */
export function ownText(figures: OwnFigures): Generator<string> {
  return section(
    "weir",
    [
      ...processMetrics(figures),
      ...descriptorMetrics(figures.process),
      loopMetric(figures.loopLag),
      objectMetric(figures),
      ...countMetrics(figures.counts),
      ...pathMetrics(figures),
    ].values().map(metricText),
  );
}

function metricText({ name, type, help, samples }: Metric): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels = {}, value, suffix = "" }) =>
    metricLine(name + suffix, labelText(labels), value)
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function single(
  name: string,
  type: MetricType,
  help: string,
  value: number,
): Metric {
  return { name, type, help, samples: [{ value }] };
}

function processMetrics({ version, process }: OwnFigures): Metric[] {
  return [
    {
      name: "weir_build_info",
      type: "gauge",
      help: "Always 1; the version is its label.",
      samples: [{ labels: { version }, value: 1 }],
    },
    single(
      "weir_process_uptime_seconds",
      "gauge",
      "Time since the process has started.",
      process.uptimeSeconds,
    ),
    single(
      "weir_process_cpu_seconds_total",
      "counter",
      "CPU time of all threads of the process.",
      process.cpuSeconds,
    ),
    single(
      "weir_process_resident_memory_bytes",
      "gauge",
      "Memory of the process that is in RAM.",
      process.residentBytes,
    ),
    single(
      "weir_process_heap_used_bytes",
      "gauge",
      "Part of the heap that objects take.",
      process.heapUsedBytes,
    ),
    single(
      "weir_process_heap_size_bytes",
      "gauge",
      "Size of the heap.",
      process.heapTotalBytes,
    ),
    single(
      "weir_process_external_memory_bytes",
      "gauge",
      "Memory outside the heap that objects hold, media for one.",
      process.externalBytes,
    ),
  ];
}

function descriptorMetrics({ descriptors }: ProcessFigures): Metric[] {
  if (descriptors === undefined) return [];
  return [
    single(
      "weir_process_open_descriptors",
      "gauge",
      "Open files and sockets of the process.",
      descriptors.open,
    ),
    single(
      "weir_process_open_sockets",
      "gauge",
      "Open sockets of the process.",
      descriptors.sockets,
    ),
    single(
      "weir_process_max_descriptors",
      "gauge",
      "Files and sockets that the process may open.",
      descriptors.limit,
    ),
  ];
}

function loopMetric({ p50Ms, p99Ms, maxMs, ...all }: LoopLag): Metric {
  const quantiles = [["0.5", p50Ms], ["0.99", p99Ms], ["1", maxMs]] as const;
  return {
    name: "weir_event_loop_lag_seconds",
    type: "summary",
    help:
      "How late the event loop ran timers: quantiles of the last minute, 1 is the maximum.",
    samples: [
      ...quantiles.map(([quantile, valueMs]) => ({
        labels: { quantile },
        value: seconds(valueMs),
      })),
      { value: seconds(all.totalMs), suffix: "_sum" },
      { value: all.samples, suffix: "_count" },
    ],
  };
}

/** Of milliseconds, without digits that no clock has. */
function seconds(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1e6;
}

function objectMetric(
  { paths, sessions, sessionTypes }: OwnFigures,
): Metric {
  const counts = new Map<string, number>(
    sessionTypes.map((type) => [type, 0]),
  );
  for (const { type } of sessions) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const sum = (count: (info: PathInfo) => number) =>
    paths.reduce((total, info) => total + count(info), 0);
  counts.set("path", paths.length);
  counts.set("track", sum(({ tracks }) => tracks.length));
  counts.set("reader", sum(({ readers }) => readers.length));
  return {
    name: "weir_objects",
    type: "gauge",
    help: "Paths, tracks, readers, connections and sessions there are.",
    samples: [...counts].map(([kind, value]) => ({ labels: { kind }, value })),
  };
}

function countMetrics(
  { failures, hooks, reloads }: OwnFigures["counts"],
): Metric[] {
  return [
    {
      name: "weir_errors_total",
      type: "counter",
      help: "What did not work, by kind.",
      samples: [...failures].map(([kind, value]) => ({
        labels: { kind },
        value,
      })),
    },
    {
      name: "weir_hooks_total",
      type: "counter",
      help: "Commands and webhooks of events that have ended, by outcome.",
      samples: [...hooks].flatMap(([kind, { ok, failed }]) => [
        { labels: { kind, outcome: "ok" }, value: ok },
        { labels: { kind, outcome: "failed" }, value: failed },
      ]),
    },
    {
      name: "weir_config_reloads_total",
      type: "counter",
      help: "Configurations that were read while the server ran, by outcome.",
      samples: [
        { labels: { outcome: "ok" }, value: reloads.ok },
        { labels: { outcome: "failed" }, value: reloads.failed },
      ],
    },
  ];
}

function pathMetrics({ paths, rateOf }: OwnFigures): Metric[] {
  const named = paths.map((info) => ({
    info,
    labels: { name: info.name },
    rate: rateOf(info.name),
  }));
  const metric = (
    name: string,
    type: MetricType,
    help: string,
    value: (path: (typeof named)[number]) => number,
  ): Metric => ({
    name,
    type,
    help,
    samples: named.map((path) => ({ labels: path.labels, value: value(path) })),
  });
  return [
    metric(
      "weir_path_ready",
      "gauge",
      "Whether the path can be read: 1 or 0.",
      ({ info }) => info.availableAtMs === undefined ? 0 : 1,
    ),
    metric(
      "weir_path_bitrate_bps",
      "gauge",
      "What comes in, bits a second, mean of the last ten seconds.",
      ({ rate }) => rate.bitrateBps10s,
    ),
    metric(
      "weir_path_frames_per_second",
      "gauge",
      "Pictures that come in each second.",
      ({ rate }) => rate.framesPerSecond,
    ),
    metric(
      "weir_path_frames_total",
      "counter",
      "Pictures that came in since the path is ready.",
      ({ info }) => info.frames,
    ),
    {
      name: "weir_path_packets_total",
      type: "counter",
      help: "RTP packets that arrived, of the publisher there is.",
      samples: publisherPackets(paths),
    },
    metric(
      "weir_path_lost_packets_total",
      "counter",
      "Packets that did not arrive, of the publisher there is.",
      ({ info }) => info.lostPackets,
    ),
  ];
}

/** Of those publishers whose protocol numbers its packets. */
function publisherPackets(paths: readonly PathInfo[]): Sample[] {
  return paths.flatMap(({ name, source }) => {
    const value = source?.details?.["inboundRTPPackets"];
    return typeof value === "number" ? [{ labels: { name }, value }] : [];
  });
}
