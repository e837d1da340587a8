import type { ChunkIndex } from "./chunk_index.ts";
import type { RecordedChunk } from "./chunk_scan.ts";
import {
  isJoined,
  joinedOffsetUs,
  type RecordedSegment,
} from "./recorded_segment.ts";
import type { WallRange } from "./segment_range.ts";
import { HttpError } from "#http/http_error.ts";

const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** Longest recording that one playlist lists: 43,200 chunks of four seconds. */
const MAX_PLAYLIST_US = 48 * 3_600 * US_PER_SECOND;

/** What a playlist lists. */
export interface PlaylistRequest {
  /** The oldest first. */
  readonly segments: readonly RecordedSegment[];
  readonly range: WallRange;
  /** Goes on in the query of every address. */
  readonly query: URLSearchParams;
}

/** A chunk in the playlist. */
interface Entry {
  readonly segment: RecordedSegment;
  readonly chunk: RecordedChunk;
  readonly chunkNumber: number;
  /** Where the segment begins on the time line since the last gap. */
  readonly offsetUs: number;
  /** The first of its segment in this playlist. */
  readonly opensSegment: boolean;
  /** What comes before was recorded at another time. */
  readonly isBehindGap: boolean;
  /** Needs another header than what comes before. */
  readonly needsHeader: boolean;
}

/**
 * A playlist of a range: chunks that begin with a key frame, a discontinuity at every gap.
 *
 * Limits: two days.
 * Spec: RFC 8216 §4.3.
 *
 * @throws {HttpError} 400 over the limit, 404 if nothing is in the range.
 */
export async function recordedPlaylist(
  { segments, range, query }: PlaylistRequest,
  index: ChunkIndex,
): Promise<string> {
  const { startUs = -Infinity, endUs = Infinity } = range;
  const wanted = segments.filter((one) =>
    one.startUs + one.durationUs > startUs && one.startUs < endUs
  );
  const totalUs = wanted.reduce((sum, one) => sum + one.durationUs, 0);
  if (totalUs > MAX_PLAYLIST_US) {
    throw new HttpError(
      400,
      "Cannot list all of it in one playlist: ask for two days of recording at most, by start and end",
    );
  }
  const entries: Entry[] = [];
  let first: RecordedSegment | undefined;
  let before: RecordedSegment | undefined;
  let header = "";
  for (const [at, segment] of wanted.entries()) {
    const isBehindGap = before !== undefined && !isJoined(before, segment);
    if (first === undefined || isBehindGap) first = segment;
    before = segment;
    const offsetUs = Math.max(0, joinedOffsetUs(first, segment));
    let opensSegment = true;
    const chunks = upTo(await index.chunksOf(segment), segment, wanted[at + 1]);
    for (const [i, chunk] of chunks.entries()) {
      const chunkStartUs = wallUs(segment, chunk.startSeconds);
      const chunkEndUs = wallUs(segment, chunk.endSeconds);
      if (chunkEndUs <= startUs || chunkStartUs >= endUs) continue;
      entries.push({
        ...{ segment, chunk, chunkNumber: i, offsetUs, opensSegment },
        isBehindGap: isBehindGap && opensSegment,
        needsHeader: opensSegment && (isBehindGap || header !== segment.header),
      });
      header = segment.header;
      opensSegment = false;
    }
  }
  if (entries.length === 0) {
    throw new HttpError(404, "no recording segments found");
  }
  return serialize(entries, { startUs, query });
}

/** Sound may reach into the segment that is joined: there the last chunk ends all the same. */
function upTo(
  chunks: readonly RecordedChunk[],
  segment: RecordedSegment,
  next: RecordedSegment | undefined,
): readonly RecordedChunk[] {
  if (next === undefined || !isJoined(segment, next)) return chunks;
  const last = chunks.at(-1)!;
  const endSeconds = joinedOffsetUs(segment, next) / US_PER_SECOND;
  if (endSeconds <= last.startSeconds) return chunks;
  return [...chunks.slice(0, -1), { ...last, endSeconds }];
}

function serialize(
  entries: readonly Entry[],
  { startUs, query }: {
    readonly startUs: number;
    readonly query: URLSearchParams;
  },
): string {
  const longest = Math.max(1, ...[...lengths(entries)].map(Math.ceil));
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${longest}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
  ];
  const { segment, chunk } = entries[0]!;
  const leadUs = startUs - wallUs(segment, chunk.startSeconds);
  if (leadUs > 0 && leadUs < Infinity) {
    const offset = (leadUs / US_PER_SECOND).toFixed(3);
    lines.push(`#EXT-X-START:TIME-OFFSET=${offset},PRECISE=YES`);
  }
  for (const entry of entries) addEntry(lines, entry, query);
  lines.push("#EXT-X-ENDLIST", "");
  return lines.join("\n");
}

function addEntry(
  lines: string[],
  entry: Entry,
  query: URLSearchParams,
): void {
  const { segment, chunk, chunkNumber, offsetUs } = entry;
  const address = (name: string, parameters: Record<string, number>) => {
    const own = new URLSearchParams(query);
    for (const [key, value] of Object.entries(parameters)) {
      own.set(key, String(value));
    }
    return `${name}?${own}`;
  };
  const file = segment.startUs;
  if (entry.isBehindGap) lines.push("#EXT-X-DISCONTINUITY");
  if (entry.needsHeader) {
    lines.push(`#EXT-X-MAP:URI="${address("init.mp4", { file })}"`);
  }
  if (entry.opensSegment) {
    const wall = new Date(wallUs(segment, chunk.startSeconds) / US_PER_MS);
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${wall.toISOString()}`);
  }
  lines.push(
    `#EXTINF:${(chunk.endSeconds - chunk.startSeconds).toFixed(5)},`,
    address("chunk.mp4", { file, chunk: chunkNumber, offset: offsetUs }),
  );
}

function* lengths(entries: readonly Entry[]): Generator<number, void> {
  for (const { chunk } of entries) yield chunk.endSeconds - chunk.startSeconds;
}

function wallUs({ startUs }: RecordedSegment, seconds: number): number {
  return startUs + seconds * US_PER_SECOND;
}
