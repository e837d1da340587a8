import type { Mp4Sample } from "./unit_samples.ts";

/** A sample with its place in a file. */
export interface TimedSample {
  readonly sample: Mp4Sample;
  /** Decoding time in the track's ticks since the file's origin, 0 or more. */
  readonly decodeTicks: number;
  /** Until the next sample of the track is decoded, 0 or more. */
  readonly durationTicks: number;
  /** Presentation time minus `decodeTicks`; negative where a decoding time had to be moved. */
  readonly compositionOffsetTicks: number;
}

/**
 * Gives the samples of one track their times in a file: each is held back until the next one tells how long it lasts.
 *
 * Files know neither times before their origin nor ones that fall: such a sample is decoded at the origin, or with
 * the one before, and shown when it was meant to be.
 */
export class SampleTimer {
  #originTicks: number;
  #waiting: Mp4Sample | undefined;
  #waitingTicks = 0;
  #lastDurationTicks = 0;

  /** `originTicks`: time 0 of the file, in the track's ticks on the stream's time line. */
  constructor(originTicks: number) {
    this.#originTicks = originTicks;
  }

  /** The sample that is held back. */
  get waiting(): Mp4Sample | undefined {
    return this.#waiting;
  }

  /** Takes the next sample; answers the one before. Hot path. */
  push(sample: Mp4Sample): TimedSample | undefined {
    const before = this.#waiting;
    const beforeTicks = this.#waitingTicks;
    this.#waiting = sample;
    this.#waitingTicks = Math.max(
      sample.dtsTicks - this.#originTicks,
      beforeTicks,
    );
    if (before === undefined) return undefined;
    this.#lastDurationTicks = this.#waitingTicks - beforeTicks;
    return this.#timed(before, beforeTicks, this.#lastDurationTicks);
  }

  /** The last sample, which lasts as long as it says, or as the one before. */
  flush(): TimedSample | undefined {
    const sample = this.#waiting;
    if (sample === undefined) return undefined;
    this.#waiting = undefined;
    const durationTicks = sample.durationTicks ?? this.#lastDurationTicks;
    const timed = this.#timed(sample, this.#waitingTicks, durationTicks);
    this.#waitingTicks += durationTicks;
    return timed;
  }

  #timed(
    sample: Mp4Sample,
    decodeTicks: number,
    durationTicks: number,
  ): TimedSample {
    const compositionOffsetTicks = sample.ptsTicks - this.#originTicks -
      decodeTicks;
    return { sample, decodeTicks, durationTicks, compositionOffsetTicks };
  }
}
