import { labelText, metricLine, section } from "./text_format.ts";
import type { PathInfo } from "#core/path_info.ts";

type Metric = readonly [name: string, value: (info: PathInfo) => number];

const METRICS: readonly Metric[] = [
  ["paths_inbound_bytes", (info) => info.inboundBytes],
  ["paths_outbound_bytes", (info) => info.outboundBytes],
  ["paths_inbound_frames_in_error", (info) => info.inboundErrors],
];

const OLD_METRICS: readonly Metric[] = [
  ["paths_bytes_received", (info) => info.inboundBytes],
  ["paths_bytes_sent", (info) => info.outboundBytes],
];

/**
 * Sections of the paths, path by path.
 *
 * Input: `name`, the only path that is asked for; undefined for all.
 * Output: zeros without labels if there are no paths; nothing if there are none and one is asked for.
 */
export function* pathsText(
  paths: readonly PathInfo[],
  name: string | undefined,
): Generator<string> {
  if (paths.length === 0) {
    if (name === undefined) yield* zeros();
    return;
  }
  const wanted = paths.filter((info) =>
    name === undefined || info.name === name
  )
    .map((info) => {
      const state = info.availableAtMs === undefined ? "notReady" : "ready";
      return { info, state, labels: labelText({ name: info.name, state }) };
    });
  yield* section(
    "Paths",
    wanted.values().map(({ info, state, labels }) =>
      metricLine("paths", labels, 1) + readerLines(info, state) +
      valueLines(METRICS, info, labels)
    ),
  );
  yield* section(
    "Paths (deprecated)",
    wanted.values().map(({ info, labels }) =>
      valueLines(OLD_METRICS, info, labels)
    ),
  );
}

function valueLines(
  metrics: readonly Metric[],
  info: PathInfo,
  labels: string,
): string {
  return metrics.map(([name, value]) => metricLine(name, labels, value(info)))
    .join("");
}

function readerLines({ name, readers }: PathInfo, state: string): string {
  const counts = new Map<string, number>();
  for (const { type } of readers) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  if (counts.size === 0) counts.set("", 0);
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(
    ([readerType, count]) =>
      metricLine(
        "paths_readers",
        labelText({ name, readerType, state }),
        count,
      ),
  ).join("");
}

function* zeros(): Generator<string> {
  const zero = (name: string) => metricLine(name, "", 0);
  const names = METRICS.map(([name]) => name);
  const oldNames = OLD_METRICS.map(([name]) => name);
  yield* section("Paths", ["paths", ...names].map(zero));
  yield* section(
    "Paths (deprecated)",
    [...oldNames, "paths_readers"].map(zero),
  );
}
