import { errorText } from "#base/errors.ts";
import { initEntry, serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import type { TimedSample } from "#formats/fmp4/sample_timer.ts";
import { SampleTimer } from "#formats/fmp4/sample_timer.ts";
import type { Mp4Sample } from "#formats/fmp4/unit_samples.ts";
import { rescaleTicks } from "#base/time.ts";
import type { Track } from "#core/track.ts";
import { DriftWatch } from "./segmenter.ts";

/** Where a file begins on the stream's time line. */
export interface FileOrigin {
  readonly dtsTicks: number;
  readonly clockRateHz: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: number;
}

/** One track of a recording, from one file to the next. */
export class Fmp4Track {
  /** From 1. */
  readonly number: number;
  /** As it is now. */
  track: Track;
  /** A decoder has something to begin with. */
  isStarted = false;
  /** First sample of the file, until the header is made: some codecs tell their parameters there only. */
  firstSample: Uint8Array | undefined;
  readonly drift = new DriftWatch();
  #isKnown = false;
  #waiting: Mp4Sample | undefined;
  #timer: SampleTimer | undefined;
  #originTicks = 0;

  /** Without samples. */
  constructor(number: number, track: Track) {
    this.number = number;
    this.track = track;
  }

  /** The sample that is held back until the next one tells how long it lasts. */
  get waiting(): Mp4Sample | undefined {
    return this.#timer === undefined ? this.#waiting : this.#timer.waiting;
  }

  /** Milliseconds of the stream's time line. */
  decodeMs({ dtsTicks }: Mp4Sample): number {
    return dtsTicks * 1_000 / this.track.clockRateHz;
  }

  /** How late a sample is for the file that is open, milliseconds. */
  latenessMs({ dtsTicks }: Mp4Sample): number {
    return (this.#originTicks - dtsTicks) * 1_000 / this.track.clockRateHz;
  }

  /** Takes the next sample; answers the one before, once there is a file. Hot path. */
  push(sample: Mp4Sample): TimedSample | undefined {
    this.firstSample ??= sample.bytes;
    if (this.#timer !== undefined) return this.#timer.push(sample);
    this.#waiting = sample;
    return undefined;
  }

  /** What is held back, as the last sample of the file. */
  flush(): TimedSample | undefined {
    return this.#timer?.flush();
  }

  /** A file begins; what is held back belongs to it. */
  beginFile({ dtsTicks, clockRateHz }: FileOrigin): void {
    const { waiting } = this;
    this.#originTicks = rescaleTicks(
      dtsTicks,
      clockRateHz,
      this.track.clockRateHz,
    );
    this.#timer = new SampleTimer(this.#originTicks);
    this.#waiting = undefined;
    this.firstSample = waiting?.bytes;
    if (waiting !== undefined) this.#timer.push(waiting);
  }

  /** Whether its parameters say all that a header has to. */
  isKnown(onError: (message: string) => void): boolean {
    if (this.#isKnown) return true;
    try {
      const { firstSample, track: { codec } } = this;
      this.#isKnown = initEntry({ codec, firstSample }) !== undefined;
    } catch (error) {
      onError(errorText(error));
    }
    return this.#isKnown;
  }

  /** Whether a file for the track as it was cannot go on with `next`. */
  isOtherThan(next: Track): boolean {
    const { id, clockRateHz, codec } = this.track;
    if (id !== next.id || clockRateHz !== next.clockRateHz) return true;
    if (codec.codec !== next.codec.codec) return true;
    if (codec === next.codec) return false;
    const before = headerOf(this.track);
    const after = headerOf(next);
    return before !== undefined && after !== undefined &&
      (before.length !== after.length ||
        before.some((byte, i) => byte !== after[i]));
  }
}

/** What tells two tracks apart; undefined if their parameters do not say it all. */
function headerOf({ codec, clockRateHz }: Track): Uint8Array | undefined {
  try {
    return serializeInitSegment([{ trackNumber: 1, codec, clockRateHz }]);
  } catch {
    return undefined; // nonsense: it is told when its samples come
  }
}
