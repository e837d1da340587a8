import { ParseError } from "#base/errors.ts";
import type { Mp4MovieTrack } from "#formats/fmp4/movie_reader.ts";
import {
  type FileFragment,
  FileFragments,
} from "#formats/mp4/file_fragments.ts";
import type { Mp4File } from "#formats/mp4/mp4_file.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";

/** Length at which a chunk ends with the next key frame. */
const CHUNK_SECONDS = 4;

/** A piece of a segment that a player can start with. */
export interface RecordedChunk {
  /** Since the start of the segment. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Where to look for its samples from: a fragment of the file. */
  readonly offsetBytes: number;
}

/** Where a chunk begins. */
interface ChunkStart {
  readonly seconds: number;
  readonly offsetBytes: number;
}

/** Finds out where a segment can be cut, and goes on where it was when the file has grown. */
export class ChunkScan {
  #starts: ChunkStart[] = [];
  /** The fragment that was read last, and where it ends. */
  #lastBytes = 0;
  #nextBytes = 0;
  /** Nothing comes any more that is earlier: the last fragment has nothing before. */
  #wholeSeconds = 0;
  #endSeconds = 0;

  /** Where the latest sample ends. */
  get endSeconds(): number {
    return this.#endSeconds;
  }

  /** Chunks that are whole, whatever comes. */
  get wholeCount(): number {
    const behind = this.#starts.findLastIndex(({ seconds }) =>
      seconds <= this.#wholeSeconds
    );
    return Math.max(0, behind);
  }

  /**
   * Reads what is whole of the file and has not been read; what is malformed ends it.
   *
   * @throws {PlatformError} if it cannot be read.
   */
  async read(
    input: RandomAccessInput,
    { movie, headerEndBytes }: Mp4File,
  ): Promise<void> {
    const tracks = movie.tracks.filter(({ entry }) => entry !== undefined);
    const leading = tracks.find(({ entry }) => entry?.kind === "video") ??
      tracks[0];
    this.#nextBytes ||= headerEndBytes;
    this.#lastBytes ||= headerEndBytes;
    const fragments = new FileFragments(input, movie, this.#nextBytes);
    for (;;) {
      const fragment = await readableFragment(fragments);
      if (fragment === undefined || leading === undefined) return;
      this.#add(fragment, leading, tracks);
    }
  }

  /** All chunks, one after the other, at least one. Input: `endSeconds` is where the segment ends. */
  chunks(endSeconds: number): RecordedChunk[] {
    const starts = this.#starts.length > 0
      ? this.#starts
      : [{ seconds: 0, offsetBytes: this.#lastBytes }];
    return starts.map(({ seconds, offsetBytes }, i) => ({
      startSeconds: seconds,
      endSeconds: starts[i + 1]?.seconds ?? Math.max(seconds, endSeconds),
      offsetBytes,
    }));
  }

  #add(
    { offsetBytes, endBytes, samples }: FileFragment,
    leading: Mp4MovieTrack,
    tracks: readonly Mp4MovieTrack[],
  ): void {
    let earliestSeconds = Infinity;
    for (const { trackNumber, dtsTicks, durationTicks, isSync } of samples) {
      const track = tracks.find(({ number }) => number === trackNumber);
      if (track === undefined) continue;
      const seconds = dtsTicks / track.timescaleHz;
      earliestSeconds = Math.min(earliestSeconds, seconds);
      const endSeconds = (dtsTicks + durationTicks) / track.timescaleHz;
      this.#endSeconds = Math.max(this.#endSeconds, endSeconds);
      if (isSync && track === leading) this.#addKeyFrame(seconds);
    }
    if (earliestSeconds < Infinity) this.#wholeSeconds = earliestSeconds;
    this.#lastBytes = offsetBytes;
    this.#nextBytes = endBytes;
  }

  #addKeyFrame(seconds: number): void {
    const last = this.#starts.at(-1);
    if (last && seconds - last.seconds < CHUNK_SECONDS) return;
    // What belongs to other tracks may stand in the fragment before.
    const offsetBytes = this.#lastBytes;
    this.#starts.push({ seconds: last ? seconds : 0, offsetBytes });
  }
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
