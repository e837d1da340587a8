import {
  type BenchResult,
  find,
  findComparable,
  type GoalResult,
  type LeftOut,
  median,
} from "./goals.ts";
import type { HlsFigures } from "./hls_measure.ts";
import type { Figures } from "./measure.ts";

const HEADINGS = [
  "protocol",
  "codec",
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
  "note",
];

const HLS_HEADINGS = [
  "row",
  "viewers",
  "server",
  "requests/s",
  "Gbit/s",
  "net us/request",
  "weir is",
  "net core/Gbit",
  "core",
  "core for one",
  "p50 for one",
  "p50 ms",
  "p99 ms",
  "RSS MB",
  "lost",
  "errors",
  "ended",
  "note",
];

const GOAL_HEADINGS = [
  "goal",
  "codec",
  "verdict",
  "value",
  "must",
  "aim",
  "note",
];

/** The result as text, a line for each server, protocol and codec. */
export function formatResult(result: BenchResult): string {
  return formatTable([
    HEADINGS,
    ...result.figures.map((figures) => rowOf(figures, result)),
    ...result.leftOut.map((leftOut) => rowOfLeftOut(leftOut, result)),
  ]);
}

/** The figures of low-latency HLS as text, a line for each number of viewers. */
export function formatHls(figures: readonly HlsFigures[]): string {
  return formatTable([
    HLS_HEADINGS,
    ...figures.map((one) => rowOfHls(one, figures)),
  ]);
}

/** The goals as text, a line for each. */
export function formatGoals(goals: readonly GoalResult[]): string {
  return formatTable([
    GOAL_HEADINGS,
    ...goals.map(({ goal, codec, verdict, value, must, aim, note }) => [
      goal,
      codec,
      verdict,
      value.toFixed(2),
      `<= ${must}`,
      aim === undefined ? "" : `<= ${aim}`,
      note,
    ]),
  ]);
}

function rowOf(figures: Figures, result: BenchResult): string[] {
  const { server, protocol, codec } = figures;
  const joins = find(result.lateJoins, figures);
  return [
    protocol,
    codec,
    server,
    `${figures.readers}`,
    figures.deliveredGbps.toFixed(3),
    figures.coreSecondsPerGbit.toFixed(4),
    server === "weir" ? "" : ratioTo(figures, ownOf(figures, result)),
    figures.latencyP50Ms.toFixed(2),
    figures.latencyP99Ms.toFixed(2),
    figures.idleRssMb.toFixed(0),
    figures.loadedRssMb.toFixed(0),
    `${figures.lost}`,
    `${figures.ended}`,
    figures.startMs.toFixed(0),
    joins === undefined ? "" : median(joins.waitsMs).toFixed(0),
    "",
  ];
}

function rowOfHls(one: HlsFigures, all: readonly HlsFigures[]): string[] {
  const own = all.find(({ server, row, viewers }) =>
    server === "weir" && row === one.row && viewers === one.viewers
  );
  const ratio = own && own !== one
    ? `${(own.usPerRequest / one.usPerRequest).toFixed(2)} x`
    : "";
  return [
    one.row,
    `${one.viewers}`,
    one.server,
    one.requestsPerSecond.toFixed(0),
    one.deliveredGbps.toFixed(3),
    one.usPerRequest.toFixed(1),
    ratio,
    one.coreSecondsPerGbit.toFixed(4),
    one.cores.toFixed(3),
    one.coresForOne.toFixed(3),
    one.latencyP50OfOneMs.toFixed(1),
    one.latencyP50Ms.toFixed(1),
    one.latencyP99Ms.toFixed(1),
    one.rssMb.toFixed(0),
    `${one.lost}`,
    `${one.errors}`,
    `${one.ended}`,
    "",
  ];
}

/** The figures of our server to set against those of a peer. */
function ownOf(
  { protocol, codec }: Figures | LeftOut,
  { figures }: BenchResult,
): Figures | undefined {
  return find(figures, { server: "weir", protocol, codec });
}

/** Nothing but the reason, and the ratio to the codec that the server can carry. */
function rowOfLeftOut(leftOut: LeftOut, result: BenchResult): string[] {
  const { server, protocol, codec, reason } = leftOut;
  const other = findComparable(result, leftOut);
  const ratio = ratioTo(other, ownOf(leftOut, result));
  const note = ratio === ""
    ? reason
    : `${reason}; compared with ${other!.codec}`;
  return HEADINGS.map((heading) =>
    ({ protocol, codec, server, "weir is": ratio, note })[heading] ?? ""
  );
}

function ratioTo(
  other: Figures | undefined,
  own: Figures | undefined,
): string {
  if (own === undefined || other === undefined) return "";
  return `${(own.coreSecondsPerGbit / other.coreSecondsPerGbit).toFixed(2)} x`;
}

/** Columns of equal width, the first three and the last to the left, the others to the right. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const lastColumn = rows[0]!.length - 1;
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column < 3 || column === lastColumn
        ? cell.padEnd(widths[column]!)
        : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  ).join("\n");
}
