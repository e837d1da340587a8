import { ByteWriter } from "#base/byte_writer.ts";
import { assert } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import {
  writeFourCc,
  writeFullBox,
  writeU64,
} from "#formats/fmp4/box_writer.ts";
import {
  type EditListEntry,
  MOVIE_TIMESCALE_HZ,
  type MovieTrack,
  writeFileType,
  writeMovie,
} from "#formats/fmp4/movie_writer.ts";
import type { SampleEntry } from "#formats/fmp4/sample_entry.ts";

const MAJOR_BRAND = "isom";
const COMPATIBLE_BRANDS = ["isom", "iso2", "mp41", "mp42"];

/** A chunk is read as a whole by some players. */
const MAX_CHUNK_BYTES = 1_024 * 1_024;

/** `mdat` with a size of 64 bits. */
const DATA_HEADER_BYTES = 16;
const LARGE_SIZE = 1;
const MAX_SMALL_OFFSET_BYTES = 2 ** 32 - 1;

/** A track of a file to be written. */
export interface FileTrack {
  /** From 1. */
  readonly trackNumber: number;
  readonly clockRateHz: number;
  readonly entry: SampleEntry;
  /**
   * When the first sample is decoded, in ticks of the track; below 0 for samples that are there for a decoder only:
   * an edit list hides what is shown before 0.
   */
  readonly startTicks: number;
}

/** A sample that is going to be written. */
export interface WrittenSample {
  readonly sizeBytes: number;
  readonly durationTicks: number;
  readonly compositionOffsetTicks: number;
  readonly isSync: boolean;
}

/** What comes after the samples of a file that was begun without its header. */
export interface FileClosing {
  /** Goes behind the last sample. */
  readonly movie: Uint8Array;
  /** Overwrites what was written before. */
  readonly patch: { readonly offsetBytes: number; readonly bytes: Uint8Array };
}

/** Runs of equal values: count, value, count, value ... */
class RunLengths {
  readonly numbers: number[] = [];

  add(value: number): void {
    const { numbers } = this;
    if (numbers.at(-1) === value) numbers[numbers.length - 2]!++;
    else numbers.push(1, value);
  }

  get count(): number {
    return this.numbers.length / 2;
  }
}

/** The tables of one track while they grow. */
class WrittenTrack {
  readonly track: FileTrack;
  readonly durations = new RunLengths();
  readonly offsets = new RunLengths();
  readonly sizes: number[] = [];
  readonly syncs: number[] = [];
  /** First chunk from 1, samples in it and those that follow. */
  readonly chunkRuns: number[] = [];
  /** From the start of the data. */
  readonly chunkOffsets: number[] = [];
  durationTicks = 0;
  /** When a sample is shown for the first time, since the first is decoded. */
  #firstShownTicks = Infinity;
  /** When the sample that is shown last has ended, likewise. */
  #shownTicks = 0;
  #openChunkSamples = 0;

  constructor(track: FileTrack) {
    this.track = track;
  }

  openChunk(offsetBytes: number): void {
    this.closeChunk();
    this.chunkOffsets.push(offsetBytes);
  }

  add(sample: WrittenSample): void {
    this.#openChunkSamples++;
    this.sizes.push(sample.sizeBytes);
    this.durations.add(sample.durationTicks);
    this.offsets.add(sample.compositionOffsetTicks);
    if (sample.isSync) this.syncs.push(this.sizes.length);
    this.#firstShownTicks = Math.min(
      this.#firstShownTicks,
      this.durationTicks + sample.compositionOffsetTicks,
    );
    this.durationTicks += sample.durationTicks;
    this.#shownTicks = Math.max(
      this.#shownTicks,
      this.durationTicks + sample.compositionOffsetTicks,
    );
  }

  closeChunk(): void {
    const samples = this.#openChunkSamples;
    this.#openChunkSamples = 0;
    if (samples === 0 || this.chunkRuns.at(-1) === samples) return;
    this.chunkRuns.push(this.chunkOffsets.length, samples);
  }

  /** When the sample that is shown last has ended, in ticks of the movie. */
  get endMovieTicks(): number {
    const { startTicks, clockRateHz } = this.track;
    return rescaleTicks(
      Math.max(0, startTicks + this.#shownTicks),
      clockRateHz,
      MOVIE_TIMESCALE_HZ,
    );
  }

  /**
   * What is shown when: nothing up to the first picture, then everything from there on.
   *
   * Spec: ISO/IEC 14496-12 §8.6.6.
   */
  edits(): EditListEntry[] {
    const { startTicks, clockRateHz } = this.track;
    if (this.sizes.length === 0) return [];
    const isPlain = startTicks === 0 && this.#firstShownTicks === 0 &&
      this.#shownTicks <= this.durationTicks;
    if (isPlain) return [];
    const delayTicks = rescaleTicks(
      Math.max(0, startTicks + this.#firstShownTicks),
      clockRateHz,
      MOVIE_TIMESCALE_HZ,
    );
    const shown = {
      durationTicks: Math.max(0, this.endMovieTicks - delayTicks),
      mediaTicks: Math.max(-startTicks, this.#firstShownTicks, 0),
    };
    return delayTicks === 0
      ? [shown]
      : [{ durationTicks: delayTicks, mediaTicks: -1 }, shown];
  }

  /** `dataAt`: where the data begins in the file. */
  writeTables(writer: ByteWriter, dataAt: number, isLarge: boolean): void {
    writeRuns(writer, "stts", 0, this.durations);
    if (this.syncs.length < this.sizes.length) {
      writeFullBox(writer, "stss", {}, () => {
        writer.u32(this.syncs.length);
        for (const sample of this.syncs) writer.u32(sample);
      });
    }
    if (this.offsets.numbers.some((value, i) => i % 2 === 1 && value !== 0)) {
      writeRuns(writer, "ctts", 1, this.offsets);
    }
    writeFullBox(writer, "stsc", {}, () => {
      writer.u32(this.chunkRuns.length / 2);
      for (let i = 0; i < this.chunkRuns.length; i += 2) {
        writer.u32(this.chunkRuns[i]!).u32(this.chunkRuns[i + 1]!).u32(1);
      }
    });
    writeFullBox(writer, "stsz", {}, () => {
      writer.u32(0).u32(this.sizes.length);
      for (const sizeBytes of this.sizes) writer.u32(sizeBytes);
    });
    writeFullBox(writer, isLarge ? "co64" : "stco", {}, () => {
      writer.u32(this.chunkOffsets.length);
      for (const offsetBytes of this.chunkOffsets) {
        if (isLarge) writeU64(writer, dataAt + offsetBytes);
        else writer.u32(dataAt + offsetBytes);
      }
    });
  }
}

function writeRuns(
  writer: ByteWriter,
  type: string,
  version: number,
  { numbers, count }: RunLengths,
): void {
  writeFullBox(writer, type, { version }, () => {
    writer.u32(count);
    for (const number of numbers) writer.u32(number >>> 0);
  });
}

/**
 * Writes the header of a file without fragments, around samples that somebody else writes.
 *
 * With the samples told in advance, `header()` goes in front of them and the file can be streamed. Without,
 * `opening()` goes in front, and `closing()` behind.
 */
export class Mp4FileWriter {
  #tracks: ReadonlyMap<number, WrittenTrack>;
  #current: WrittenTrack | undefined;
  #chunkBytes = 0;
  #dataBytes = 0;

  /** Starts without samples. */
  constructor(tracks: readonly FileTrack[]) {
    this.#tracks = new Map(
      tracks.map((track) => [track.trackNumber, new WrittenTrack(track)]),
    );
  }

  /** Bytes of all samples so far. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** Tells of the next sample, in the order in which they stand in the file. */
  add(trackNumber: number, sample: WrittenSample): void {
    const track = this.#tracks.get(trackNumber);
    assert(track !== undefined, "a file takes samples of its tracks");
    if (track !== this.#current || this.#chunkBytes >= MAX_CHUNK_BYTES) {
      this.#current?.closeChunk();
      track.openChunk(this.#dataBytes);
      this.#current = track;
      this.#chunkBytes = 0;
    }
    track.add(sample);
    this.#chunkBytes += sample.sizeBytes;
    this.#dataBytes += sample.sizeBytes;
  }

  /** Everything in front of the samples: `ftyp`, `moov` and the head of `mdat`. Owned. */
  header(): Uint8Array<ArrayBuffer> {
    const sizeBytes = fileType().length + this.#movie(0).length +
      DATA_HEADER_BYTES;
    return new ByteWriter()
      .bytes(fileType())
      .bytes(this.#movie(sizeBytes))
      .bytes(dataHeader(this.#dataBytes))
      .finish();
  }

  /** What goes in front of samples that are not known yet: `ftyp` and the head of an `mdat`. Owned. */
  opening(): Uint8Array<ArrayBuffer> {
    return new ByteWriter().bytes(fileType()).bytes(dataHeader(0)).finish();
  }

  /** What makes a file of `opening()` and the samples. */
  closing(): FileClosing {
    const offsetBytes = fileType().length;
    return {
      movie: this.#movie(offsetBytes + DATA_HEADER_BYTES),
      patch: { offsetBytes, bytes: dataHeader(this.#dataBytes) },
    };
  }

  #movie(dataAt: number): Uint8Array<ArrayBuffer> {
    this.#current?.closeChunk();
    this.#current = undefined;
    // Headers are far smaller than what is left of 32 bits then.
    const isLarge = this.#dataBytes > MAX_SMALL_OFFSET_BYTES / 2;
    const written = [...this.#tracks.values()];
    const tracks = written.map((one): MovieTrack => ({
      trackNumber: one.track.trackNumber,
      clockRateHz: one.track.clockRateHz,
      entry: one.track.entry,
      durationTicks: one.durationTicks,
      edits: one.edits(),
      writeSampleTables: (writer) => one.writeTables(writer, dataAt, isLarge),
    }));
    const writer = new ByteWriter();
    writeMovie(writer, {
      durationTicks: Math.max(
        0,
        ...written.map(({ endMovieTicks }) => endMovieTicks),
      ),
      tracks,
      isFragmented: false,
      userData: new Uint8Array(),
    });
    return writer.finish();
  }
}

function fileType(): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeFileType(writer, MAJOR_BRAND, COMPATIBLE_BRANDS);
  return writer.finish();
}

function dataHeader(dataBytes: number): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u32(LARGE_SIZE);
  writeFourCc(writer, "mdat");
  writeU64(writer, DATA_HEADER_BYTES + dataBytes);
  return writer.finish();
}
