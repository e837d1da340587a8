import {
  type FileSample,
  MAX_FRAGMENT_SAMPLES,
  parseFragment,
} from "#formats/fmp4/fragment_reader.ts";
import type { Mp4Movie } from "#formats/fmp4/movie_reader.ts";
import { ParseError } from "#base/errors.ts";
import { FileBoxes } from "./file_boxes.ts";
import type { RandomAccessInput } from "./random_access_input.ts";

/** A fragment of a file whose data is there. */
export interface FileFragment {
  /** Where `moof` begins. */
  readonly offsetBytes: number;
  /** Where the fragment ends: behind its `mdat`. */
  readonly endBytes: number;
  /** In the order of the runs. */
  readonly samples: readonly FileSample[];
}

/** Walks through the fragments of a file. */
export class FileFragments {
  #input: RandomAccessInput;
  #movie: Mp4Movie;
  #boxes: FileBoxes;
  #nextDecodeTicks = new Map<number, number>();

  /** Begins at `offsetBytes`, where a box must begin. */
  constructor(input: RandomAccessInput, movie: Mp4Movie, offsetBytes = 0) {
    this.#input = input;
    this.#movie = movie;
    this.#boxes = new FileBoxes(input, offsetBytes);
  }

  /**
   * The next fragment; undefined where the file ends, or the last one is cut.
   *
   * @throws {ParseError} if a fragment is malformed.
   */
  async next(): Promise<FileFragment | undefined> {
    for (;;) {
      const box = await this.#boxes.next();
      if (box === undefined) return undefined;
      if (box.type !== "moof") continue;
      const moof = await this.#boxes.readBody(box);
      const samples = parseFragment(moof, {
        moofOffsetBytes: box.offsetBytes,
        movie: this.#movie,
        nextDecodeTicks: this.#nextDecodeTicks,
        budget: { leftSamples: MAX_FRAGMENT_SAMPLES },
      });
      const data = await this.#boxes.next();
      if (data === undefined) return undefined;
      const endBytes = data.offsetBytes + data.sizeBytes;
      for (const sample of samples) {
        if (sample.offsetBytes + sample.sizeBytes > this.#input.sizeBytes) {
          return undefined;
        }
        const { trackNumber, dtsTicks, durationTicks } = sample;
        this.#nextDecodeTicks.set(trackNumber, dtsTicks + durationTicks);
      }
      return { offsetBytes: box.offsetBytes, endBytes, samples };
    }
  }
}

/** What is whole of a fragmented file. */
export interface WholePart {
  /** Where the last whole fragment ends, or the header if there is none. */
  readonly endBytes: number;
  /** Bytes behind it: of a fragment that was being written. */
  readonly surplusBytes: number;
  readonly fragmentCount: number;
  /** When the latest sample of any track ends, since time 0 of the file. */
  readonly endSeconds: number;
}

/**
 * Finds out how much of a fragmented file is whole: a program that ended at once may leave a cut tail.
 *
 * Input: `headerEndBytes` is where the first fragment may begin. What cannot be read ends the whole part.
 */
export async function findWholePart(
  input: RandomAccessInput,
  movie: Mp4Movie,
  headerEndBytes: number,
): Promise<WholePart> {
  const fragments = new FileFragments(input, movie, headerEndBytes);
  let endBytes = headerEndBytes;
  let fragmentCount = 0;
  let endSeconds = 0;
  for (;;) {
    const fragment = await nextReadable(fragments);
    if (fragment === undefined) break;
    fragmentCount++;
    endBytes = fragment.endBytes;
    for (const { trackNumber, dtsTicks, durationTicks } of fragment.samples) {
      const track = movie.tracks.find(({ number }) => number === trackNumber);
      if (track === undefined) continue;
      endSeconds = Math.max(
        endSeconds,
        (dtsTicks + durationTicks) / track.timescaleHz,
      );
    }
  }
  const surplusBytes = input.sizeBytes - endBytes;
  return { endBytes, surplusBytes, fragmentCount, endSeconds };
}

async function nextReadable(
  fragments: FileFragments,
): Promise<FileFragment | undefined> {
  try {
    return await fragments.next();
  } catch (error) {
    // A tail may be of blocks that the disk never wrote.
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
