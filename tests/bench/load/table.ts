import { type BenchResult, find, type GoalResult, median } from "./goals.ts";
import type { Figures } from "./measure.ts";

const HEADINGS = [
  "protocol",
  "server",
  "readers",
  "Gbit/s",
  "core/Gbit",
  "weir is",
  "p50 ms",
  "p99 ms",
  "RSS idle",
  "RSS MB",
  "lost",
  "ended",
  "start ms",
  "late join ms",
];

/** The result as text, a line for each server and protocol. */
export function formatResult(result: BenchResult): string {
  return formatTable([
    HEADINGS,
    ...result.figures.map((figures) => rowOf(figures, result)),
  ]);
}

/** The goals as text, a line for each. */
export function formatGoals(goals: readonly GoalResult[]): string {
  return formatTable([
    ["goal", "value", "must", "aim", "verdict"],
    ...goals.map(({ goal, value, must, aim, verdict }) => [
      goal,
      value.toFixed(2),
      `<= ${must}`,
      aim === undefined ? "" : `<= ${aim}`,
      verdict,
    ]),
  ]);
}

function rowOf(figures: Figures, result: BenchResult): string[] {
  const { server, protocol } = figures;
  const own = find(result, "weir", protocol);
  const joins = result.lateJoins.find((one) =>
    one.server === server && one.protocol === protocol
  );
  return [
    protocol,
    server,
    `${figures.readers}`,
    figures.deliveredGbps.toFixed(3),
    figures.coreSecondsPerGbit.toFixed(4),
    own === undefined || own === figures
      ? ""
      : `${ratio(own, figures).toFixed(2)} x`,
    figures.latencyP50Ms.toFixed(2),
    figures.latencyP99Ms.toFixed(2),
    figures.idleRssMb.toFixed(0),
    figures.loadedRssMb.toFixed(0),
    `${figures.lost}`,
    `${figures.ended}`,
    figures.startMs.toFixed(0),
    joins === undefined ? "" : median(joins.waitsMs).toFixed(0),
  ];
}

function ratio(own: Figures, other: Figures): number {
  return own.coreSecondsPerGbit / other.coreSecondsPerGbit;
}

/** Columns of equal width, the first two to the left, the others to the right. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  ).join("\n");
}
