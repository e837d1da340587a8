import { errorText } from "#base/errors.ts";
import { codecString } from "#codecs/codec_string.ts";
import type { Track } from "#core/track.ts";
import { serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import { SampleTimer, type TimedSample } from "#formats/fmp4/sample_timer.ts";
import type { Mp4Sample } from "#formats/fmp4/unit_samples.ts";
import { HlsMuxerError } from "./errors.ts";
import type { HlsFile, PlaylistWindow } from "./playlist_window.ts";
import type { PlaylistTargets } from "./playlist_targets.ts";

/** Each file has one track. */
const TRACK_NUMBER = 1;

/** Times are sums of fractions. */
const EPSILON_SECONDS = 1e-6;

/** What all renditions of a stream share. */
export interface RenditionOptions {
  readonly window: PlaylistWindow;
  readonly targets: PlaylistTargets;
  readonly hasParts: boolean;
  readonly maxSegmentBytes: number;
  /** Told of parameters that cannot be used. */
  readonly onError: (message: string) => void;
}

/** Since when the samples of a track follow each other. */
export interface RenditionEpoch {
  readonly track: Track;
  /** What file names begin with. */
  readonly prefix: string;
  /** Time 0 of the files, on the stream's time line. */
  readonly originSeconds: number;
  /** Where its first segment begins, on the time line of the files. */
  readonly startSeconds: number;
  /** It does not follow on what came before. */
  readonly hasDiscontinuity: boolean;
}

/** Makes the segments and parts of one track. */
export class Fmp4Rendition {
  readonly window: PlaylistWindow;
  #options: RenditionOptions;
  #epoch: RenditionEpoch;
  #timer: SampleTimer;
  #writer: Fmp4PartWriter;
  #header: HlsFile | undefined;
  #codecName: string | undefined;
  #needsDiscontinuity: boolean;
  /** Where the open segment begins, and the samples that were written end. */
  #startSeconds: number;
  #endSeconds: number;
  /** Where the next segment begins, once that is known. */
  #cutSeconds: number | undefined;
  #isPartIndependent = false;
  #segmentBytes = 0;
  #sampleCount = 0;

  /** Starts with an epoch. */
  constructor(options: RenditionOptions, epoch: RenditionEpoch) {
    this.#options = options;
    this.window = options.window;
    this.#epoch = epoch;
    const { track, originSeconds, startSeconds } = epoch;
    const originTicks = Math.round(originSeconds * track.clockRateHz);
    this.#timer = new SampleTimer(originTicks);
    this.#writer = new Fmp4PartWriter([{
      trackId: track.id,
      trackNumber: TRACK_NUMBER,
      clockRateHz: track.clockRateHz,
    }]);
    this.#needsDiscontinuity = epoch.hasDiscontinuity;
    this.#startSeconds = startSeconds;
    this.#endSeconds = startSeconds;
  }

  /** The track, its parameters as they were told last. */
  get track(): Track {
    return this.#epoch.track;
  }

  /** Where the open segment begins. */
  get startSeconds(): number {
    return this.#startSeconds;
  }

  /** Where the samples that were written end: where the one that is held back begins. */
  get endSeconds(): number {
    return this.#endSeconds;
  }

  /** Whether the header of the files is written: its parameters cannot change any more. */
  get hasHeader(): boolean {
    return this.#header !== undefined;
  }

  /** What players call the codec; undefined before the header of the files is written. */
  get codecName(): string | undefined {
    return this.#codecName;
  }

  /** Whether a sample is from before its epoch. */
  isBeforeStart({ dtsTicks }: Mp4Sample): boolean {
    const { track, originSeconds, startSeconds } = this.#epoch;
    return dtsTicks < (originSeconds + startSeconds) * track.clockRateHz;
  }

  /** Takes parameters that have become known. */
  setTrack(track: Track): void {
    this.#epoch = { ...this.#epoch, track };
  }

  /** Whether files can begin with this sample: it tells, with the parameters, what a decoder must know. */
  canBegin(sample: Mp4Sample): boolean {
    this.#header ??= this.#makeHeader(sample);
    return this.#header !== undefined;
  }

  /** Takes the next sample. Hot path. @throws {HlsMuxerError} if the segment is too large. */
  push(sample: Mp4Sample): void {
    if (!this.canBegin(sample)) return;
    const timed = this.#timer.push(sample);
    if (timed) this.#add(timed);
  }

  /** The segment ends at this time, as soon as what belongs to it is there. */
  cutAt(seconds: number): void {
    if (this.#cutSeconds !== undefined) this.#cut(this.#cutSeconds);
    this.#cutSeconds = seconds;
    if (this.#endSeconds >= seconds - EPSILON_SECONDS) this.#cut(seconds);
  }

  /** Nothing follows on the last sample: all that there is becomes a segment. */
  finish(): void {
    const timed = this.#timer.flush();
    if (timed) this.#add(timed);
    if (this.window.isOpen) this.#cut(this.#endSeconds);
  }

  #makeHeader(sample: Mp4Sample): HlsFile | undefined {
    const { track, prefix } = this.#epoch;
    try {
      const bytes = serializeInitSegment([{
        trackNumber: TRACK_NUMBER,
        codec: track.codec,
        clockRateHz: track.clockRateHz,
        firstSample: sample.bytes,
      }]);
      if (bytes) this.#codecName = codecString(track.codec, sample.bytes);
      const name = `${prefix}_${this.window.options.id}_init.mp4`;
      return bytes && { name, bytes };
    } catch (error) {
      this.#options.onError(errorText(error));
      return undefined;
    }
  }

  #add(timed: TimedSample): void {
    const { track: { clockRateHz } } = this.#epoch;
    const { decodeTicks, durationTicks, sample } = timed;
    const startSeconds = decodeTicks / clockRateHz;
    const durationSeconds = durationTicks / clockRateHz;
    const cutSeconds = this.#cutSeconds;
    if (
      cutSeconds !== undefined && startSeconds >= cutSeconds - EPSILON_SECONDS
    ) this.#cut(cutSeconds);
    const { hasParts, targets } = this.#options;
    if (hasParts) {
      const writtenSeconds = startSeconds + durationSeconds -
        this.#epoch.startSeconds;
      targets.fitSample(writtenSeconds / ++this.#sampleCount);
      if (!this.#hasRoomFor(durationSeconds)) this.#finishPart();
    }
    if (!this.window.isOpen) this.#open(sample, startSeconds);
    if (this.#writer.payloadBytes === 0) {
      this.#isPartIndependent = sample.isSync;
    }
    this.#writer.add(timed);
    this.#endSeconds = startSeconds + durationSeconds;
    this.#segmentBytes += sample.bytes.length;
    if (this.#segmentBytes > this.#options.maxSegmentBytes) {
      throw new HlsMuxerError(
        "segment_too_large",
        "reached maximum segment size",
      );
    }
    // The next sample is most likely as long as this one.
    if (hasParts && !this.#hasRoomFor(durationSeconds)) this.#finishPart();
  }

  /** Whether a sample so long would still be within the open part. */
  #hasRoomFor(durationSeconds: number): boolean {
    const { spanSeconds } = this.#writer;
    return spanSeconds === 0 ||
      spanSeconds + durationSeconds <=
        this.#options.targets.partSeconds + EPSILON_SECONDS;
  }

  #open(sample: Mp4Sample, startSeconds: number): void {
    this.#startSeconds = startSeconds;
    this.window.open({
      prefix: this.#epoch.prefix,
      header: this.#header,
      hasDiscontinuity: this.#needsDiscontinuity,
      startSeconds,
      startWallMs: sample.wallClockMs,
    });
    this.#needsDiscontinuity = false;
  }

  #cut(seconds: number): void {
    this.#cutSeconds = undefined;
    this.#finishPart();
    if (this.window.isOpen) this.window.close();
    else {
      const durationSeconds = seconds - this.#startSeconds;
      this.window.addGap(this.#startSeconds, Math.max(0, durationSeconds));
    }
    this.#startSeconds = seconds;
    this.#segmentBytes = 0;
  }

  #finishPart(): void {
    const part = this.#writer.finish(this.window.nextPartNumber);
    if (!part) return;
    this.window.addPart(part.bytes, {
      durationSeconds: part.endSeconds - part.startSeconds,
      isIndependent: this.#isPartIndependent,
    });
  }
}
