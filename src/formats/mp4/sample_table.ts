import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { type Box, findBox, needBox } from "#formats/fmp4/box_reader.ts";
import { readFullBoxHead } from "#formats/fmp4/box_reader.ts";

/** Rows of one byte range: numbers of 32 bits that are read where they stand. */
class Rows {
  /** Rows that are there. */
  readonly count: number;
  #view: DataView;
  #rowBytes: number;

  constructor(bytes: Uint8Array, rowBytes: number, count: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#rowBytes = rowBytes;
    this.count = count;
  }

  u32(row: number, column = 0): number {
    return this.#view.getUint32(row * this.#rowBytes + column * 4);
  }

  i32(row: number, column = 0): number {
    return this.#view.getInt32(row * this.#rowBytes + column * 4);
  }

  u64(row: number): number {
    return this.u32(row) * 2 ** 32 + this.u32(row, 1);
  }
}

const NO_ROWS = new Rows(new Uint8Array(), 1, 0);

/** Sizes of samples: one for all, or a table. */
interface SampleSizes {
  /** Bytes of every sample; 0 if they differ. */
  readonly constantBytes: number;
  readonly count: number;
  readonly rows: Rows;
  /** Bits of a row: 32, or 16 or 8 in a compact table. */
  readonly rowBits: 8 | 16 | 32;
  readonly bytes: Uint8Array;
}

/**
 * The tables of one track of a file without fragments. They are read where they stand: nothing is unrolled.
 *
 * Limits: counts that are not backed by bytes are refused, but for samples of one constant size.
 * Spec: ISO/IEC 14496-12 §8.6, §8.7.
 */
export class SampleTable {
  /** Samples of the track. */
  readonly sampleCount: number;
  /** Bytes of every sample; 0 if they differ. */
  readonly constantSizeBytes: number;
  /** Runs of equal durations: count, ticks. */
  readonly times: Rows;
  /** Runs of equal composition offsets: count, ticks; none if there are none. */
  readonly offsets: Rows;
  /** Runs of chunks of as many samples: first chunk from 1, samples. */
  readonly chunkRuns: Rows;
  /** Chunks. */
  readonly chunkCount: number;
  #sizes: SampleSizes;
  #chunks: Rows;
  #hasLargeChunkOffsets: boolean;
  #syncs: Rows | undefined;

  /** Input: the boxes of `stbl`. @throws {ParseError} if a table is missing or cut. */
  constructor(boxes: readonly Box[]) {
    this.times = rowsOf(needBox(boxes, "stts", "stbl"), "stts", 8);
    const offsets = findBox(boxes, "ctts");
    this.offsets = offsets ? rowsOf(offsets, "ctts", 8) : NO_ROWS;
    this.chunkRuns = rowsOf(needBox(boxes, "stsc", "stbl"), "stsc", 12);
    this.#sizes = sizesOf(boxes);
    this.sampleCount = this.#sizes.count;
    this.constantSizeBytes = this.#sizes.constantBytes;
    const large = findBox(boxes, "co64");
    this.#hasLargeChunkOffsets = large !== undefined;
    this.#chunks = large
      ? rowsOf(large, "co64", 8)
      : rowsOf(needBox(boxes, "stco", "stbl"), "stco", 4);
    this.chunkCount = this.#chunks.count;
    const syncs = findBox(boxes, "stss");
    this.#syncs = syncs && rowsOf(syncs, "stss", 4);
  }

  /** Bytes of a sample, counted from 0. */
  sizeBytes(sample: number): number {
    const { constantBytes, rows, rowBits, bytes } = this.#sizes;
    if (constantBytes > 0) return constantBytes;
    if (rowBits === 32) return rows.u32(sample);
    return rowBits === 16
      ? bytes[2 * sample]! << 8 | bytes[2 * sample + 1]!
      : bytes[sample]!;
  }

  /** How much later than it is shown a sample is decoded at most: offsets may be negative. */
  get maxLatenessTicks(): number {
    let latenessTicks = 0;
    for (let row = 0; row < this.offsets.count; row++) {
      latenessTicks = Math.max(latenessTicks, -this.offsets.i32(row, 1));
    }
    return latenessTicks;
  }

  /** Where a chunk, counted from 0, begins in the file. */
  chunkOffsetBytes(chunk: number): number {
    return this.#hasLargeChunkOffsets
      ? this.#chunks.u64(chunk)
      : this.#chunks.u32(chunk);
  }

  /** Whether a decoder may start at a sample. */
  isSync(sample: number): boolean {
    return this.syncAtOrBefore(sample) === sample;
  }

  /** The last sample up to this one at which a decoder may start; -1 if there is none. */
  syncAtOrBefore(sample: number): number {
    const syncs = this.#syncs;
    if (syncs === undefined) return sample;
    let low = 0;
    let high = syncs.count;
    while (low < high) {
      const middle = low + high >>> 1;
      if (syncs.u32(middle) - 1 <= sample) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : syncs.u32(low - 1) - 1;
  }

  /** The last sample that is decoded at or before a time; the first one if none is. */
  sampleAt(dtsTicks: number): number {
    let sample = 0;
    let ticks = 0;
    for (let row = 0; row < this.times.count; row++) {
      const count = this.times.u32(row);
      const deltaTicks = this.times.u32(row, 1);
      const endTicks = ticks + count * deltaTicks;
      if (dtsTicks < endTicks) {
        const into = Math.max(0, Math.floor((dtsTicks - ticks) / deltaTicks));
        return Math.min(sample + into, this.#lastSample);
      }
      sample += count;
      ticks = endTicks;
    }
    return this.#lastSample;
  }

  get #lastSample(): number {
    return Math.max(0, this.sampleCount - 1);
  }
}

/** Rows behind their count. @throws {ParseError} if they are cut. */
function rowsOf(body: Uint8Array, type: string, rowBytes: number): Rows {
  const reader = new ByteReader(body, `MP4 box ${type}`);
  readFullBoxHead(reader);
  const count = reader.u32("entry_count");
  return new Rows(reader.take(count * rowBytes, "entries"), rowBytes, count);
}

function sizesOf(boxes: readonly Box[]): SampleSizes {
  const compact = findBox(boxes, "stz2");
  const type = compact ? "stz2" : "stsz";
  const reader = new ByteReader(
    compact ?? needBox(boxes, "stsz", "stbl"),
    `MP4 box ${type}`,
  );
  readFullBoxHead(reader);
  const first = reader.u32(compact ? "field_size" : "sample_size");
  const count = reader.u32("sample_count");
  if (!compact && first > 0) {
    const bytes = new Uint8Array();
    return { constantBytes: first, count, rows: NO_ROWS, rowBits: 32, bytes };
  }
  const rowBits = compact ? first & 0xff : 32;
  if (rowBits !== 8 && rowBits !== 16 && rowBits !== 32) {
    throw new ParseError(`must be 8 or 16, found ${rowBits}`, {
      format: "MP4 box stz2",
      field: "field_size",
      offsetBytes: 4,
    });
  }
  const bytes = reader.take(count * rowBits / 8, "entry_size");
  const rows = rowBits === 32 ? new Rows(bytes, 4, count) : NO_ROWS;
  return { constantBytes: 0, count, rows, rowBits, bytes };
}
