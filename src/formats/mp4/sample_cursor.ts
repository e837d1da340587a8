import { ParseError } from "#base/errors.ts";
import type { FileSample } from "#formats/fmp4/fragment_reader.ts";
import type { SampleTable } from "./sample_table.ts";

/** A place in a run-length coded table. */
interface RunPlace {
  row: number;
  /** Samples of the row that are still to come. */
  left: number;
}

/** What a cursor must know beside the tables. */
export interface CursorOptions {
  readonly trackNumber: number;
  /** Samples that follow each other without a gap count as one, up to so many: those of linear PCM are tiny. */
  readonly maxGroup: number;
}

/** Walks through the samples of one track of a file without fragments. */
export class SampleCursor {
  #table: SampleTable;
  #options: CursorOptions;
  #sample = 0;
  #dtsTicks = 0;
  #time: RunPlace = { row: -1, left: 0 };
  #offset: RunPlace = { row: -1, left: 0 };
  #chunkRow = -1;
  #chunk = -1;
  #leftInChunk = 0;
  #offsetBytes = 0;

  /** Stands before the first sample. */
  constructor(table: SampleTable, options: CursorOptions) {
    this.#table = table;
    this.#options = options;
  }

  /** Moves before a sample, counted from 0. @throws {ParseError} if the tables do not reach so far. */
  seek(sample: number): void {
    const table = this.#table;
    this.#sample = sample;
    this.#dtsTicks = 0;
    this.#time = { row: -1, left: 0 };
    let skipped = 0;
    while (skipped < sample) {
      this.#nextTime();
      const count = Math.min(this.#time.left, sample - skipped);
      this.#dtsTicks += count * table.times.u32(this.#time.row, 1);
      this.#time.left -= count;
      skipped += count;
    }
    this.#offset = { row: -1, left: 0 };
    for (let left = sample; left > 0 && this.#nextOffset();) {
      const count = Math.min(this.#offset.left, left);
      this.#offset.left -= count;
      left -= count;
    }
    this.#seekChunk(sample);
  }

  /** The next sample; undefined behind the last one. @throws {ParseError} if the tables do not reach so far. */
  next(): FileSample | undefined {
    const table = this.#table;
    if (this.#sample >= table.sampleCount) return undefined;
    if (this.#time.left === 0) this.#nextTime();
    while (this.#leftInChunk === 0) this.#nextChunk();
    const hasOffset = this.#offset.left > 0 || this.#nextOffset();
    const first = this.#sample;
    const count = Math.min(
      this.#options.maxGroup,
      this.#time.left,
      this.#leftInChunk,
      table.sampleCount - first,
    );
    const sizeBytes = count * table.sizeBytes(first);
    const durationTicks = count * table.times.u32(this.#time.row, 1);
    const offsetTicks = hasOffset ? table.offsets.i32(this.#offset.row, 1) : 0;
    const sample: FileSample = {
      trackNumber: this.#options.trackNumber,
      dtsTicks: this.#dtsTicks,
      ptsTicks: this.#dtsTicks + offsetTicks,
      durationTicks,
      isSync: table.isSync(first),
      offsetBytes: this.#offsetBytes,
      sizeBytes,
    };
    this.#sample += count;
    this.#dtsTicks += durationTicks;
    this.#time.left -= count;
    if (hasOffset) this.#offset.left -= count;
    this.#leftInChunk -= count;
    this.#offsetBytes += sizeBytes;
    return sample;
  }

  #nextTime(): void {
    const { times } = this.#table;
    while (this.#time.left === 0) {
      if (++this.#time.row >= times.count) throw tableError("stts");
      this.#time.left = times.u32(this.#time.row);
    }
  }

  /** Whether there is an offset for the next sample: tables may end early. */
  #nextOffset(): boolean {
    const { offsets } = this.#table;
    while (this.#offset.left === 0) {
      if (this.#offset.row + 1 >= offsets.count) return false;
      this.#offset.left = offsets.u32(++this.#offset.row);
    }
    return true;
  }

  #seekChunk(sample: number): void {
    const { chunkRuns } = this.#table;
    // Behind the last one until it is found.
    this.#chunk = this.#table.chunkCount;
    this.#chunkRow = chunkRuns.count - 1;
    this.#leftInChunk = 0;
    let skipped = 0;
    let isFound = false;
    for (let row = 0; row < chunkRuns.count; row++) {
      const first = Math.max(0, chunkRuns.u32(row) - 1);
      const end = row + 1 < chunkRuns.count
        ? chunkRuns.u32(row + 1) - 1
        : this.#table.chunkCount;
      const perChunk = chunkRuns.u32(row, 1);
      const inRow = Math.max(0, end - first) * perChunk;
      isFound = sample < skipped + inRow;
      if (isFound) {
        const chunks = Math.floor((sample - skipped) / perChunk);
        this.#chunkRow = row - 1;
        this.#chunk = first - 1 + chunks;
        skipped += chunks * perChunk;
        break;
      }
      skipped += inRow;
    }
    if (!isFound) return;
    this.#nextChunk();
    while (skipped < sample && this.#leftInChunk > 0) {
      const constantBytes = this.#table.constantSizeBytes;
      const count = constantBytes > 0
        ? Math.min(sample - skipped, this.#leftInChunk)
        : 1;
      this.#offsetBytes += count * this.#table.sizeBytes(skipped);
      this.#leftInChunk -= count;
      skipped += count;
    }
  }

  #nextChunk(): void {
    const { chunkRuns, chunkCount } = this.#table;
    this.#chunk++;
    while (
      this.#chunkRow + 1 < chunkRuns.count &&
      chunkRuns.u32(this.#chunkRow + 1) - 1 <= this.#chunk
    ) this.#chunkRow++;
    if (this.#chunk >= chunkCount || this.#chunkRow < 0) {
      throw tableError("stsc");
    }
    this.#leftInChunk = chunkRuns.u32(this.#chunkRow, 1);
    this.#offsetBytes = this.#table.chunkOffsetBytes(this.#chunk);
  }
}

function tableError(field: string): ParseError {
  return new ParseError("ends before the samples do", {
    format: "MP4 sample table",
    field,
    offsetBytes: 0,
  });
}
