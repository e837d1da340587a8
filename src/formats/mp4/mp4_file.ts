import type { FileSample } from "#formats/fmp4/fragment_reader.ts";
import {
  type Mp4Movie,
  type Mp4MovieTrack,
  parseMovie,
} from "#formats/fmp4/movie_reader.ts";
import { FileBoxes, fileError } from "./file_boxes.ts";
import { type FileFragment, FileFragments } from "./file_fragments.ts";
import { InputWindow, type RandomAccessInput } from "./random_access_input.ts";
import { SampleCursor } from "./sample_cursor.ts";
import { SampleTable } from "./sample_table.ts";

/** Most bytes of one sample. */
export const MAX_SAMPLE_BYTES = 32 * 1_024 * 1_024;

/** Formats of linear PCM, whose samples are read in groups. */
const PCM_FORMATS: readonly string[] = [
  ...["ipcm", "sowt", "twos", "in24", "raw ", "ulaw", "alaw"],
];
const PCM_GROUP_SAMPLES = 1_024;

/** Which samples are wanted. */
export interface SampleRange {
  /** Numbers of tracks; all that can be read if left out. */
  readonly trackNumbers?: readonly number[];
  /**
   * Presentation time in seconds from which on pictures are to be shown: samples begin where a decoder must start for
   * that. From the beginning if left out.
   */
  readonly fromSeconds?: number;
  /**
   * Decoding times are moved so that none is later than when the sample is shown, as units have it. Files may have
   * negative composition offsets: what is in their fragments moves more once more is known.
   */
  readonly decodesInTime?: boolean;
}

/** A track with the samples of a file without fragments. */
interface TabledTrack {
  readonly track: Mp4MovieTrack;
  readonly table: SampleTable;
  readonly cursor: SampleCursor;
  /** What decoding times are moved by. */
  readonly latenessTicks: number;
  next: FileSample | undefined;
  /** Of all samples so far. */
  sampleBytes: number;
}

/**
 * An MP4 file, with or without fragments, that is read where it is needed.
 *
 * Limits: 64 MiB of header, {@linkcode MAX_SAMPLE_BYTES} a sample.
 */
export class Mp4File {
  /** The header. */
  readonly movie: Mp4Movie;
  /** Where the header ends: fragments begin there or later. */
  readonly headerEndBytes: number;
  #input: RandomAccessInput;
  #windows = new Map<number, InputWindow>();

  /** Use {@linkcode openMp4File}. */
  constructor(
    input: RandomAccessInput,
    movie: Mp4Movie,
    headerEndBytes: number,
  ) {
    this.#input = input;
    this.movie = movie;
    this.headerEndBytes = headerEndBytes;
  }

  /**
   * Samples of the wanted tracks in the order of their decoding times, without their bytes.
   *
   * Output: times without the edit list; {@linkcode Mp4MovieTrack.editOffsetTicks} is to be added.
   *
   * @throws {ParseError} if the file is malformed there.
   */
  samples(range: SampleRange = {}): AsyncGenerator<FileSample, void> {
    const tracks = this.movie.tracks.filter(({ number, entry }) =>
      entry !== undefined && (range.trackNumbers?.includes(number) ?? true)
    );
    return this.movie.isFragmented
      ? this.#fragmented(tracks, range)
      : this.#tabled(tracks, range);
  }

  /**
   * Reads the bytes of a sample. Output: a view of something larger.
   *
   * @throws {ParseError} if it is over the limit, or not within the file.
   */
  async read(sample: FileSample): Promise<Uint8Array> {
    const { trackNumber, offsetBytes, sizeBytes } = sample;
    if (sizeBytes > MAX_SAMPLE_BYTES) {
      throw fileError(
        `must be at most ${MAX_SAMPLE_BYTES}, found ${sizeBytes}`,
        "sample_size",
        offsetBytes,
      );
    }
    let window = this.#windows.get(trackNumber);
    if (window === undefined) {
      window = new InputWindow(this.#input);
      this.#windows.set(trackNumber, window);
    }
    const bytes = await window.read(offsetBytes, sizeBytes);
    if (bytes.length === sizeBytes) return bytes;
    throw fileError("is cut", "sample", offsetBytes);
  }

  async *#tabled(
    tracks: readonly Mp4MovieTrack[],
    { fromSeconds, decodesInTime = false }: SampleRange,
  ): AsyncGenerator<FileSample, void> {
    const tabled = tracks.map((track) => openTable(track, decodesInTime));
    if (fromSeconds !== undefined) seekTables(tabled, fromSeconds);
    for (const one of tabled) this.#advance(one);
    for (;;) {
      let first: TabledTrack | undefined;
      let firstSeconds = Infinity;
      for (const one of tabled) {
        if (one.next === undefined) continue;
        const seconds = decodeSeconds(one.track, one.next);
        if (seconds < firstSeconds) {
          first = one;
          firstSeconds = seconds;
        }
      }
      if (first?.next === undefined) return;
      yield movedBack(first.next, first.latenessTicks);
      this.#advance(first);
    }
  }

  /** A few bytes may list more samples than there is memory: those of one track do not overlap. */
  #advance(one: TabledTrack): void {
    one.next = one.cursor.next();
    one.sampleBytes += one.next?.sizeBytes ?? 0;
    if (one.sampleBytes > this.#input.sizeBytes) {
      throw fileError("must lie within the file", "samples", 0);
    }
  }

  async *#fragmented(
    tracks: readonly Mp4MovieTrack[],
    { fromSeconds, decodesInTime = false }: SampleRange,
  ): AsyncGenerator<FileSample, void> {
    const lateness = new Map<number, number>();
    const byNumber = new Map(tracks.map((track) => [track.number, track]));
    const start = fromSeconds === undefined
      ? undefined
      : await this.#findStart(byNumber, fromSeconds);
    const fragments = new FileFragments(
      this.#input,
      this.movie,
      start?.offsetBytes ?? this.headerEndBytes,
    );
    for (;;) {
      const fragment = await fragments.next();
      if (fragment === undefined) return;
      if (decodesInTime) noteLateness(lateness, fragment);
      for (const sample of inDecodingOrder(fragment, byNumber)) {
        const track = byNumber.get(sample.trackNumber)!;
        const endTicks = sample.dtsTicks + sample.durationTicks;
        const endSeconds = (endTicks + track.editOffsetTicks) /
          track.timescaleHz;
        const isBefore = start !== undefined &&
          (track === start.leading
            ? decodeSeconds(track, sample) < start.seconds
            : endSeconds <= start.seconds);
        if (isBefore) continue;
        yield movedBack(sample, lateness.get(sample.trackNumber) ?? 0);
      }
    }
  }

  /** The last place at or before a time where a decoder of the leading track may start. */
  async #findStart(
    byNumber: ReadonlyMap<number, Mp4MovieTrack>,
    fromSeconds: number,
  ): Promise<
    {
      readonly offsetBytes: number;
      readonly seconds: number;
      readonly leading: Mp4MovieTrack;
    } | undefined
  > {
    const leading = leadingTrack([...byNumber.values()]);
    if (leading === undefined) return undefined;
    const fragments = new FileFragments(
      this.#input,
      this.movie,
      this.headerEndBytes,
    );
    let start;
    for (;;) {
      const fragment = await fragments.next();
      if (fragment === undefined) return start;
      for (const sample of fragment.samples) {
        if (sample.trackNumber !== leading.number || !sample.isSync) continue;
        const ptsTicks = sample.ptsTicks + leading.editOffsetTicks;
        if (ptsTicks / leading.timescaleHz > fromSeconds) return start;
        const { offsetBytes } = fragment;
        const seconds = decodeSeconds(leading, sample);
        start = { offsetBytes, seconds, leading };
      }
    }
  }
}

/**
 * Reads the header of a file.
 *
 * Limits: those of {@linkcode Mp4File}.
 *
 * @throws {ParseError} if it has none, or it is malformed.
 */
export async function openMp4File(input: RandomAccessInput): Promise<Mp4File> {
  const boxes = new FileBoxes(input);
  for (;;) {
    const box = await boxes.next();
    if (box === undefined) throw fileError("is missing or cut", "moov", 0);
    if (box.type !== "moov") continue;
    const movie = parseMovie(await boxes.readBody(box));
    return new Mp4File(input, movie, boxes.offsetBytes);
  }
}

function movedBack(sample: FileSample, ticks: number): FileSample {
  return ticks === 0
    ? sample
    : { ...sample, dtsTicks: sample.dtsTicks - ticks };
}

function noteLateness(
  lateness: Map<number, number>,
  { samples }: FileFragment,
): void {
  for (const { trackNumber, dtsTicks, ptsTicks } of samples) {
    const known = lateness.get(trackNumber) ?? 0;
    lateness.set(trackNumber, Math.max(known, dtsTicks - ptsTicks));
  }
}

function openTable(
  track: Mp4MovieTrack,
  decodesInTime: boolean,
): TabledTrack {
  const table = new SampleTable(track.sampleTable);
  const isPcm = PCM_FORMATS.includes(track.entry?.format ?? "") &&
    table.constantSizeBytes > 0;
  const cursor = new SampleCursor(table, {
    trackNumber: track.number,
    maxGroup: isPcm ? PCM_GROUP_SAMPLES : 1,
  });
  const latenessTicks = decodesInTime ? table.maxLatenessTicks : 0;
  const next = undefined;
  return { track, table, cursor, latenessTicks, next, sampleBytes: 0 };
}

/** The one whose key frames are where a reader may start: the first of pictures, or else of sound. */
function leadingTrack(
  tracks: readonly Mp4MovieTrack[],
): Mp4MovieTrack | undefined {
  return tracks.find(({ entry }) => entry?.kind === "video") ?? tracks[0];
}

function seekTables(
  tabled: readonly TabledTrack[],
  fromSeconds: number,
): void {
  const leadingNumber = leadingTrack(tabled.map(({ track }) => track))?.number;
  const leading = tabled.find(({ track }) => track.number === leadingNumber);
  if (leading === undefined) return;
  const wanted = leading.table.sampleAt(ticksAt(leading.track, fromSeconds));
  const sync = Math.max(0, leading.table.syncAtOrBefore(wanted));
  leading.cursor.seek(sync);
  const first = leading.cursor.next();
  leading.cursor.seek(sync);
  const startSeconds = first === undefined
    ? fromSeconds
    : decodeSeconds(leading.track, first);
  for (const one of tabled) {
    if (one === leading) continue;
    one.cursor.seek(one.table.sampleAt(ticksAt(one.track, startSeconds)));
  }
}

function ticksAt(track: Mp4MovieTrack, seconds: number): number {
  return Math.floor(seconds * track.timescaleHz) - track.editOffsetTicks;
}

function decodeSeconds(track: Mp4MovieTrack, sample: FileSample): number {
  return (sample.dtsTicks + track.editOffsetTicks) / track.timescaleHz;
}

function inDecodingOrder(
  { samples }: FileFragment,
  byNumber: ReadonlyMap<number, Mp4MovieTrack>,
): FileSample[] {
  const wanted = samples.filter(({ trackNumber }) => byNumber.has(trackNumber));
  const seconds = new Map(
    wanted.map((one) => [
      one,
      decodeSeconds(byNumber.get(one.trackNumber)!, one),
    ]),
  );
  return wanted.sort((a, b) => seconds.get(a)! - seconds.get(b)!);
}
