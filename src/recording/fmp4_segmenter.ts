import { assert } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type { Batch } from "#core/batch.ts";
import type { Track } from "#core/track.ts";
import { mp4CodecOf } from "#formats/fmp4/mp4_codecs.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import type { TimedSample } from "#formats/fmp4/sample_timer.ts";
import { type Mp4Sample, samplesOfStep } from "#formats/fmp4/unit_samples.ts";
import { durationPatch, segmentHeader } from "./fmp4_header.ts";
import { type FileOrigin, Fmp4Track } from "./fmp4_track.ts";
import {
  DRIFT_MESSAGE,
  isSegmentEnd,
  NO_KEY_FRAME_MESSAGE,
  type Segmenter,
  type SegmenterOptions,
  type SegmentPatch,
} from "./segmenter.ts";

/** A track whose next sample is older than the newest by more does not say where a file begins. */
const MAX_ORIGIN_LAG_MS = 1_000;

/** A sample so much older than the file is left out; one that is less so is shown before the rest. */
const MAX_LATENESS_MS = 1_000;

interface OpenSegment {
  readonly origin: FileOrigin;
  readonly parts: Fmp4PartWriter;
  /** Tracks in the header; undefined until the first part is complete. */
  tracks: readonly Fmp4Track[] | undefined;
  /** What stands in for the duration until the file is complete. */
  patchOf: ((durationMs: number) => SegmentPatch) | undefined;
  endSeconds: number;
}

/**
 * Makes files of fragmented MP4 of a stream.
 *
 * All files of one stream identifier can be joined by whoever plays them. Tracks of which too little is known when a
 * file's first part is complete are in the next file.
 */
export class Fmp4Segmenter implements Segmenter {
  #options: SegmenterOptions;
  #onWarning: (message: string) => void;
  #given: readonly Track[] = [];
  #tracks: readonly Fmp4Track[] = [];
  #hasVideo = false;
  #streamId = new Uint8Array();
  #segmentNumber = 0n;
  #sequenceNumber = 0;
  #segment: OpenSegment | undefined;

  /** Opens no file yet. */
  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.#onWarning = options.onWarning;
  }

  push(batch: Batch): void {
    if (batch.tracks !== this.#given) this.#take(batch.tracks);
    const samples = samplesOfStep(batch, this.#onWarning);
    for (let i = 0; i < samples.length; i++) {
      this.#add(samples[i]!, batch.isRandomAccess);
    }
  }

  end(): void {
    const hasWaiting = this.#tracks.some(({ waiting }) => waiting);
    if (this.#segment === undefined && hasWaiting) this.#beginSegment();
    for (const track of this.#tracks) this.#flush(track);
    this.#endSegment();
  }

  /** Goes on with other tracks, in another stream if files cannot go on with them. */
  #take(given: readonly Track[]): void {
    this.#given = given;
    const carried = given.filter(({ codec }) => mp4CodecOf(codec));
    const isOther = carried.length !== this.#tracks.length ||
      this.#tracks.some((one, i) => one.isOtherThan(carried[i]!));
    if (isOther) this.#beginStream(carried);
    else this.#tracks.forEach((one, i) => one.track = carried[i]!);
  }

  #beginStream(carried: readonly Track[]): void {
    this.end();
    this.#tracks = carried.map((track, i) => new Fmp4Track(i + 1, track));
    this.#hasVideo = carried.some(({ kind }) => kind === "video");
    this.#streamId = Uint8Array.fromHex(
      crypto.randomUUID().replaceAll("-", ""),
    );
    this.#segmentNumber = 0n;
    this.#sequenceNumber = 0;
  }

  #add(sample: Mp4Sample, isStartable: boolean): void {
    const track = this.#trackOf(sample.trackId);
    if (track === undefined) return;
    if (track.drift.hasDrifted(track.decodeMs(sample), sample.wallClockMs)) {
      this.#onWarning(DRIFT_MESSAGE);
      this.#beginStream(this.#tracks.map((one) => one.track));
      this.#add(sample, isStartable);
      return;
    }
    track.isStarted ||= sample.isSync || isStartable;
    if (!track.isStarted) return;
    if (this.#segment === undefined) {
      if (track.waiting === undefined) return void track.push(sample);
      this.#beginSegment();
    }
    const segment = this.#segment!;
    if (track.latenessMs(sample) > MAX_LATENESS_MS) {
      this.#onWarning(
        `sample of track ${track.number} received too late, discarding`,
      );
      return;
    }
    const isEnd = this.#isEnd(segment, track, sample);
    if (isEnd && !sample.isSync) this.#onWarning(NO_KEY_FRAME_MESSAGE);
    // Players look for a sample at which a file may be read.
    const isSync = isEnd || sample.isSync;
    const before = track.push(
      isSync === sample.isSync ? sample : { ...sample, isSync },
    );
    if (before !== undefined) this.#write(segment, track, before);
    if (isEnd) this.#beginSegment();
  }

  #trackOf(trackId: number): Fmp4Track | undefined {
    const tracks = this.#tracks;
    for (let i = 0; i < tracks.length; i++) {
      if (tracks[i]!.track.id === trackId) return tracks[i];
    }
    return undefined;
  }

  #isEnd(
    { origin: { dtsTicks, clockRateHz } }: OpenSegment,
    track: Fmp4Track,
    sample: Mp4Sample,
  ): boolean {
    if (this.#hasVideo && track.track.kind !== "video") return false;
    const lengthMs = track.decodeMs(sample) - dtsTicks * 1_000 / clockRateHz;
    return isSegmentEnd(
      { isSync: sample.isSync, lengthMs },
      this.#options.settings,
    );
  }

  /** Ends the segment and begins the next one with the samples that are held back. */
  #beginSegment(): void {
    const newestMs = Math.max(...this.#tracks.map(waitingMs));
    let oldest: Fmp4Track | undefined;
    for (const track of this.#tracks) {
      const ms = waitingMs(track);
      if (newestMs - ms > MAX_ORIGIN_LAG_MS) this.#flush(track);
      else if (oldest === undefined || ms < waitingMs(oldest)) oldest = track;
    }
    assert(oldest?.waiting, "a segment begins with a sample");
    this.#endSegment();
    const origin = {
      dtsTicks: oldest.waiting.dtsTicks,
      clockRateHz: oldest.track.clockRateHz,
      wallMs: oldest.waiting.wallClockMs,
    };
    for (const track of this.#tracks) track.beginFile(origin);
    this.#segment = {
      origin,
      parts: new Fmp4PartWriter(
        this.#tracks.map(({ number, track: { id, clockRateHz } }) => ({
          trackId: id,
          trackNumber: number,
          clockRateHz,
        })),
      ),
      tracks: undefined,
      patchOf: undefined,
      endSeconds: 0,
    };
  }

  #flush(track: Fmp4Track): void {
    const last = track.flush();
    if (last !== undefined) this.#write(this.#segment!, track, last);
  }

  #write(segment: OpenSegment, track: Fmp4Track, timed: TimedSample): void {
    const { recordPartDurationMs, recordMaxPartSizeBytes } =
      this.#options.settings;
    const isCarried = segment.tracks?.includes(track) ??
      track.isKnown(this.#onWarning);
    if (!isCarried) {
      this.#onWarning(
        `too little is known of track ${track.number}, its samples are left out`,
      );
      return;
    }
    const { parts } = segment;
    const sizeBytes = parts.payloadBytes + timed.sample.bytes.length;
    if (
      parts.spanSeconds * 1_000 >= recordPartDurationMs ||
      sizeBytes > recordMaxPartSizeBytes
    ) this.#finishPart(segment);
    parts.add(timed);
  }

  /** The header is made as late as can be: parameters may come with the first samples. */
  #finishPart(segment: OpenSegment): void {
    const part = segment.parts.finish(this.#sequenceNumber);
    if (part === undefined) return;
    this.#sequenceNumber++;
    const { output } = this.#options;
    let { bytes } = part;
    if (segment.tracks === undefined) {
      segment.tracks = this.#tracks.filter((one) =>
        one.isKnown(this.#onWarning)
      );
      const header = segmentHeader(segment.tracks, {
        origin: segment.origin,
        streamId: this.#streamId,
        segmentNumber: this.#segmentNumber++,
      });
      for (const track of this.#tracks) track.firstSample = undefined;
      segment.patchOf = (durationMs) => durationPatch(header, durationMs);
      output.begin(segment.origin.wallMs);
      bytes = joinBytes([header, bytes]);
    }
    segment.endSeconds = Math.max(segment.endSeconds, part.endSeconds);
    output.write(bytes);
  }

  #endSegment(): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    this.#finishPart(segment);
    if (segment.patchOf === undefined) return;
    const durationMs = segment.endSeconds * 1_000;
    this.#options.output.end(durationMs, segment.patchOf(durationMs));
  }
}

function waitingMs(track: Fmp4Track): number {
  return track.waiting === undefined
    ? -Infinity
    : track.decodeMs(track.waiting);
}
