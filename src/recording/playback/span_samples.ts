import {
  isJoined,
  joinedOffsetUs,
  type RecordedSegment,
  type SegmentInput,
} from "./recorded_segment.ts";
import { errorText, ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { rescaleTicks } from "#base/time.ts";
import type { Mp4Movie } from "#formats/fmp4/movie_reader.ts";
import type { SampleEntry } from "#formats/fmp4/sample_entry.ts";
import { FileFragments } from "#formats/mp4/file_fragments.ts";
import { type Mp4File, openMp4File } from "#formats/mp4/mp4_file.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";

const MICROSECONDS_HZ = 1_000_000;

/** Pictures before the start that are kept until it is known whether a decoder needs them. */
const MAX_LEAD_SAMPLES = 16_384;

/** A sample may be asked for after the next segment has been opened. */
const MAX_OPEN_FILES = 2;

/** A track of a span. */
export interface SpanTrack {
  /** Number in the files. */
  readonly number: number;
  readonly clockRateHz: number;
  readonly entry: SampleEntry;
}

/** A sample of a span. */
export interface SpanSample {
  readonly trackNumber: number;
  /** Decoding time since the start of the span, in ticks of the track; below 0 if only a decoder needs it. */
  readonly dtsTicks: number;
  /** Presentation time likewise. */
  readonly ptsTicks: number;
  /** Until the next sample of the track. */
  readonly durationTicks: number;
  readonly isSync: boolean;
  readonly sizeBytes: number;
  /** Of the fragment it came with; grows. */
  readonly fragmentNumber: number;
  /** Reads the bytes, before the next sample is asked for. Output: a view. */
  readonly read: () => Promise<Uint8Array>;
}

/** What is to be read. */
export interface SpanOptions {
  /** The oldest first; at least one. */
  readonly segments: readonly RecordedSegment[];
  /** Wall clock, microseconds since the epoch. */
  readonly startUs: number;
  readonly durationUs: number;
  /** Goes on behind a gap, as if it were none; else a gap is the end. */
  readonly skipsGaps: boolean;
  readonly logger: Logger;
}

/** What is known of a track on the way. */
interface TrackProgress {
  readonly track: SpanTrack;
  lastTicks: number;
  isVisible: boolean;
  /** From the last key frame before the start on. */
  lead: SpanSample[];
  /** Waits for the next one, which tells how long it lasts. */
  waiting: SpanSample | undefined;
}

/** A segment and where it begins in the span. */
interface PlacedSegment {
  readonly segment: RecordedSegment;
  /** What is behind it is not wanted. */
  readonly endUs: number;
  readonly offsetUs: number;
}

/** A stretch of a path's recording: samples of as many segments as it takes, two of them open at a time. */
export class RecordedSpan implements Disposable {
  /** As in the first segment. */
  readonly tracks: readonly SpanTrack[];
  #options: SpanOptions;
  #progress: ReadonlyMap<number, TrackProgress>;
  #files: SegmentInput[] = [];
  #fragmentNumber = 0;

  /** Use {@linkcode openRecordedSpan}. */
  constructor(options: SpanOptions, tracks: readonly SpanTrack[]) {
    this.#options = options;
    this.tracks = tracks;
    this.#progress = new Map(tracks.map((track) => [track.number, {
      track,
      lastTicks: -Infinity,
      isVisible: false,
      lead: [],
      waiting: undefined,
    }]));
  }

  /**
   * The samples, those of each track in their order: once.
   *
   * Pictures before the start are there if the first one that is wanted needs them. A segment that is malformed ends
   * there, and is named in the log.
   *
   * @throws {PlatformError} if a segment cannot be opened.
   */
  async *samples(): AsyncGenerator<SpanSample, void> {
    for await (const sample of this.#wanted()) {
      const progress = this.#progress.get(sample.trackNumber)!;
      const before = progress.waiting;
      progress.waiting = sample;
      if (before === undefined) continue;
      yield { ...before, durationTicks: sample.dtsTicks - before.dtsTicks };
    }
    for (const { waiting } of this.#progress.values()) {
      if (waiting !== undefined) yield waiting;
    }
  }

  /** Closes the files. Idempotent. */
  [Symbol.dispose](): void {
    for (const file of this.#files.splice(0)) file[Symbol.dispose]();
  }

  async *#wanted(): AsyncGenerator<SpanSample, void> {
    for (const placed of placeSegments(this.#options)) {
      for await (const sample of this.#samplesOf(placed)) {
        const progress = this.#progress.get(sample.trackNumber)!;
        if (sample.dtsTicks < 0) {
          if (sample.isSync) progress.lead.length = 0;
          if (progress.lead.length < MAX_LEAD_SAMPLES) {
            progress.lead.push(sample);
          }
          continue;
        }
        if (!progress.isVisible) {
          progress.isVisible = true;
          if (!sample.isSync) yield* progress.lead;
          progress.lead = [];
        }
        yield sample;
      }
    }
  }

  /** Those of one segment that begin before the end of the span. */
  async *#samplesOf(
    { segment, endUs, offsetUs }: PlacedSegment,
  ): AsyncGenerator<SpanSample, void> {
    if (this.#files.length === MAX_OPEN_FILES) {
      this.#files.shift()![Symbol.dispose]();
    }
    const file = await segment.open();
    this.#files.push(file);
    const input: RandomAccessInput = {
      sizeBytes: Math.min(file.sizeBytes, segment.sizeBytes),
      readAt: (offsetBytes, lengthBytes) =>
        file.readAt(offsetBytes, lengthBytes),
    };
    const mp4 = await this.#open(segment, input);
    if (mp4 === undefined) return;
    const { movie, headerEndBytes } = mp4;
    const fragments = new FileFragments(input, movie, headerEndBytes);
    for (;;) {
      const fragment = await this.#next(segment, fragments);
      if (fragment === undefined) return;
      this.#fragmentNumber++;
      let isBehindEnd = fragment.samples.length > 0;
      for (const one of fragment.samples) {
        const progress = this.#progress.get(one.trackNumber);
        if (progress === undefined) continue;
        const { clockRateHz } = progress.track;
        const toTicks = (us: number) =>
          rescaleTicks(us, MICROSECONDS_HZ, clockRateHz);
        const baseTicks = toTicks(offsetUs);
        const dtsTicks = Math.max(
          one.dtsTicks + baseTicks,
          progress.lastTicks,
        );
        if (dtsTicks >= toTicks(endUs)) continue;
        isBehindEnd = false;
        progress.lastTicks = dtsTicks;
        yield {
          trackNumber: one.trackNumber,
          dtsTicks,
          ptsTicks: one.ptsTicks + baseTicks,
          durationTicks: one.durationTicks,
          isSync: one.isSync,
          sizeBytes: one.sizeBytes,
          fragmentNumber: this.#fragmentNumber,
          read: () => mp4.read(one),
        };
      }
      if (isBehindEnd) return;
    }
  }

  async #open(
    { file }: RecordedSegment,
    input: RandomAccessInput,
  ): Promise<Mp4File | undefined> {
    try {
      return await openMp4File(input);
    } catch (error) {
      this.#warn(file, error);
      return undefined;
    }
  }

  async #next({ file }: RecordedSegment, fragments: FileFragments) {
    try {
      return await fragments.next();
    } catch (error) {
      this.#warn(file, error);
      return undefined;
    }
  }

  #warn(file: string, error: unknown): void {
    if (!(error instanceof ParseError)) throw error;
    const { logger } = this.#options;
    logger.warn(`skipping the rest of segment ${file}: ${errorText(error)}`);
  }
}

/**
 * Opens a stretch of a recording.
 *
 * @throws {ParseError | PlatformError} if the first segment cannot be read.
 */
export async function openRecordedSpan(
  options: SpanOptions,
): Promise<RecordedSpan> {
  using input = await options.segments[0]!.open();
  const { movie } = await openMp4File(input);
  return new RecordedSpan(options, tracksOf(movie));
}

/** The tracks of a segment that have pictures or sound. */
export function tracksOf({ tracks }: Mp4Movie): SpanTrack[] {
  const found: SpanTrack[] = [];
  for (const { number, timescaleHz, entry } of tracks) {
    if (entry === undefined) continue;
    found.push({ number, clockRateHz: timescaleHz, entry });
  }
  return found;
}

/** Says where each segment begins in the span, up to the first gap or, if gaps are skipped, to the first other layout. */
export function* placeSegments(
  { segments, startUs, durationUs, skipsGaps }: SpanOptions,
): Generator<PlacedSegment, void> {
  let first = segments[0]!;
  let before: RecordedSegment | undefined;
  let skippedUs = 0;
  let reachedUs = 0;
  for (const segment of segments) {
    if (before === undefined || !isJoined(before, segment)) {
      if (before && (!skipsGaps || before.layout !== segment.layout)) return;
      first = segment;
      const offsetUs = segment.startUs - startUs - skippedUs;
      if (skipsGaps && (before || offsetUs > 0)) {
        skippedUs += offsetUs - reachedUs;
      }
    }
    before = segment;
    const offsetUs = first.startUs - startUs - skippedUs +
      joinedOffsetUs(first, segment);
    const endUs = durationUs - skippedUs;
    if (offsetUs >= endUs) return;
    yield { segment, offsetUs, endUs };
    reachedUs = Math.max(0, offsetUs + segment.durationUs);
  }
}
