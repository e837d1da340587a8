import { type CodecName, codecNameLabel } from "#codecs/codec.ts";
import { FLV_CODECS } from "#formats/flv/flv_codecs.ts";
import { CODEC_MATRIX } from "./codec_matrix.ts";
import type { MatrixPeer, MatrixTrack } from "./codec_matrix_row.ts";
import { type Way, WAYS } from "./ffmpeg_peer.ts";

const INTRODUCTION = `# Codecs

Every run of the tests publishes these codecs with real programs over every way
that carries them, and reads each over every way: what comes out must be what
went in. Pictures are compared decoded, sound and data byte by byte, all of it
with its times where the reader tells them.

**ffmpeg** is that of Debian 12 (5.1), **ffmpeg 9** a newer one (9.0.2) that
knows enhanced RTMP, **GStreamer** that of Debian 12 (1.22). "untried" is what
the server carries, but none of these programs does; "–" is what it does not.
`;

const OUTRO = `
Between RTSP over TCP and over UDP a codec makes no difference: where RTMP is
not among the ways, what was published over the one is read over the other. This
page is made from the table that the tests run,
[codec_matrix.ts](../tests/interop/codec_matrix.ts).
`;

/** A line of the printed matrix. */
interface Line {
  readonly track: MatrixTrack;
  readonly publishers: Map<Way, Set<string>>;
  readonly readers: Map<Way, Set<string>>;
  readonly notes: Set<string>;
}

/** Text of `docs/codecs.md`, as the table makes it. */
export function codecsPage(): string {
  const header = [
    "codec",
    ...WAYS.map((way) => `publish ${way}`),
    ...WAYS.map((way) => `read ${way}`),
    "",
  ];
  const rows = linesOfMatrix().map((line) => [
    labelOf(line.track),
    ...WAYS.map((way) => cellOf(line.track, way, line.publishers)),
    ...WAYS.map((way) => cellOf(line.track, way, line.readers)),
    [...line.notes].join("; "),
  ]);
  return `${INTRODUCTION}\n${alignedTable([header, ...rows])}${OUTRO}`;
}

/** Codecs that stand in the matrix. */
export function codecsOfMatrix(): Set<CodecName> {
  return new Set(linesOfMatrix().map(({ track }) => track.codec));
}

/** A line for each codec and variant, in the order in which the table names them first. */
function linesOfMatrix(): Line[] {
  const lines = new Map<string, Line>();
  for (const row of Object.values(CODEC_MATRIX).flat()) {
    for (const track of row.tracks) {
      const label = labelOf(track);
      const line = lines.get(label) ??
        { track, publishers: new Map(), readers: new Map(), notes: new Set() };
      lines.set(label, line);
      addPeers(line.publishers, row.publishers);
      addPeers(line.readers, row.readers);
      if (row.limit !== undefined) line.notes.add(row.limit);
    }
  }
  return [...lines.values()];
}

function addPeers(
  programs: Map<Way, Set<string>>,
  peers: readonly MatrixPeer[],
): void {
  for (const { program, ways } of peers) {
    for (const way of ways) {
      programs.set(way, (programs.get(way) ?? new Set()).add(program));
    }
  }
}

function labelOf({ codec, variant }: MatrixTrack): string {
  const label = codec === "generic" ? "any other" : codecNameLabel(codec);
  return variant === undefined ? label : `${label}, ${variant}`;
}

function cellOf(
  { codec, isRtpOnly = false }: MatrixTrack,
  way: Way,
  programs: ReadonlyMap<Way, ReadonlySet<string>>,
): string {
  const names = programs.get(way);
  if (names !== undefined) return [...names].join(", ");
  const isCarried = way !== "RTMP" || (codec in FLV_CODECS && !isRtpOnly);
  return isCarried ? "untried" : "–";
}

/** A table of Markdown with columns as wide as their widest cell. */
function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]!.length))
  );
  const [header, ...others] = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!))
  );
  const rule = widths.map((width) => "-".repeat(width));
  return [header!, rule, ...others]
    .map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
