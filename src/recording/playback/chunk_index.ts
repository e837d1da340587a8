import type { RecordedSegment } from "./recorded_segment.ts";
import { ParseError } from "#base/errors.ts";
import type { Mp4MovieTrack } from "#formats/fmp4/movie_reader.ts";
import {
  type FileFragment,
  FileFragments,
} from "#formats/mp4/file_fragments.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";

const US_PER_SECOND = 1_000_000;

/** Length at which a chunk ends with the next key frame. */
const CHUNK_SECONDS = 4;

/** Segments whose chunks are remembered: some 30 KB for an hour. */
const MAX_REMEMBERED = 256;

/** A piece of a segment that a player can start with. */
export interface RecordedChunk {
  /** Since the start of the segment. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Where to look for its samples from: a fragment of the file. */
  readonly offsetBytes: number;
}

/** Finds out where segments can be cut, and remembers it. */
export class ChunkIndex {
  #remembered = new Map<string, Promise<readonly RecordedChunk[]>>();

  /**
   * The chunks of a segment, one after the other: at least one.
   *
   * @throws {ParseError | PlatformError} if its header cannot be read; what is malformed behind it ends the last chunk.
   */
  chunksOf(segment: RecordedSegment): Promise<readonly RecordedChunk[]> {
    const key = `${segment.file} ${segment.sizeBytes}`;
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const chunks = known ?? findChunks(segment);
    this.#remembered.set(key, chunks);
    chunks.catch(() => this.#remembered.delete(key)); // whoever asked is told
    if (this.#remembered.size > MAX_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
    return chunks;
  }
}

async function findChunks(
  segment: RecordedSegment,
): Promise<readonly RecordedChunk[]> {
  using opened = await segment.open();
  const input = {
    sizeBytes: Math.min(segment.sizeBytes, opened.sizeBytes),
    readAt: (offsetBytes: number, lengthBytes: number) =>
      opened.readAt(offsetBytes, lengthBytes),
  };
  const { movie, headerEndBytes } = await openMp4File(input);
  const tracks = movie.tracks.filter(({ entry }) => entry !== undefined);
  const leading = tracks.find(({ entry }) => entry?.kind === "video") ??
    tracks[0];
  const starts: { seconds: number; offsetBytes: number }[] = [];
  const fragments = new FileFragments(input, movie, headerEndBytes);
  let beforeBytes = headerEndBytes;
  for (;;) {
    const fragment = await readableFragment(fragments);
    if (fragment === undefined || leading === undefined) break;
    for (const seconds of keyFrameSeconds(fragment, leading)) {
      const last = starts.at(-1);
      if (last && seconds - last.seconds < CHUNK_SECONDS) continue;
      // What belongs to other tracks may stand in the fragment before.
      starts.push({ seconds: last ? seconds : 0, offsetBytes: beforeBytes });
    }
    beforeBytes = fragment.offsetBytes;
  }
  if (starts.length === 0) {
    starts.push({ seconds: 0, offsetBytes: headerEndBytes });
  }
  return starts.map(({ seconds, offsetBytes }, i) => ({
    startSeconds: seconds,
    endSeconds: starts[i + 1]?.seconds ??
      Math.max(seconds, segment.durationUs / US_PER_SECOND),
    offsetBytes,
  }));
}

async function readableFragment(
  fragments: FileFragments,
): Promise<FileFragment | undefined> {
  try {
    return await fragments.next();
  } catch (error) {
    if (error instanceof ParseError) return undefined; // the whole part counts
    throw error;
  }
}

function* keyFrameSeconds(
  { samples }: FileFragment,
  { number, timescaleHz }: Mp4MovieTrack,
): Generator<number, void> {
  for (const { trackNumber, isSync, dtsTicks } of samples) {
    if (isSync && trackNumber === number) yield dtsTicks / timescaleHz;
  }
}
