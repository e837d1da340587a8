import { rescaleTicks } from "#base/time.ts";
import type { Track } from "./track.ts";

/** Stream time of the first unit: what decodes before it is shown has a positive time, too. */
export const EPOCH_LEAD_MS = 1_000;

/** A unit further than this from the latest one is a jump of the publisher's clock, not a pause. */
const MAX_STEP_MS = 10_000;

/** So is one that is further than this behind the latest of its own track: nearer ones are only held back. */
const MAX_BACK_STEP_MS = 1_000;

/** After so many units that do not get ahead the publisher begins anew all the time: each step back is a jump. */
const MAX_HELD_UNITS = 250;

/** Wall clock estimates further in the past than this are taken anew. */
const MAX_WALL_CLOCK_LAG_MS = 5_000;

const MICROSECONDS_HZ = 1_000_000;

interface TrackLine {
  readonly clockRateHz: number;
  /** Added to the publisher's ticks. */
  offsetTicks: number;
  /** Latest decoding time, in ticks of stream time. */
  lastDtsTicks: number;
  maxBackStepMs: number;
  /** Units since `lastDtsTicks` has grown. */
  heldUnits: number;
}

/**
 * Puts a publisher's timestamps on the stream's time line.
 *
 * The first unit of a publication is placed at `startMs` of stream time, and all tracks move by the same time,
 * so that they stay in sync. A jump of the publisher's clock is taken out: a track that jumps tries the
 * latest shift first, so that tracks which jump together stay together. Decoding times of a track never go back, are
 * never negative, and do not stand still while the publisher's go on.
 */
export class Timeline {
  /** Jumps taken out so far. */
  jumps = 0;
  /** Latest decoding time placed so far, milliseconds of stream time. */
  lastStreamMs: number;
  #lines = new Map<number, TrackLine>();
  #shiftUs: number | undefined;
  #wallClockAnchorMs = 0;

  /** `startMs`: stream time of the first unit. */
  constructor(startMs: number) {
    this.lastStreamMs = startMs;
  }

  /** Ticks to add to the publisher's timestamps of `track` at a unit that decodes at `dtsTicks`. Hot path. */
  offsetTicks(track: Track, dtsTicks: number): number {
    const line = this.#lines.get(track.id) ?? this.#addLine(track, dtsTicks);
    if (!this.#isContinuous(line, dtsTicks)) this.#takeOutJump(line, dtsTicks);
    const placedTicks = dtsTicks + line.offsetTicks;
    if (placedTicks > line.lastDtsTicks) {
      line.lastDtsTicks = placedTicks;
      line.heldUnits = 0;
    } else if (++line.heldUnits > MAX_HELD_UNITS) line.maxBackStepMs = 0;
    const streamMs = msOf(line, placedTicks);
    if (streamMs > this.lastStreamMs) this.lastStreamMs = streamMs;
    return line.offsetTicks;
  }

  /** Latest decoding time of a track that has units. Hot path. */
  lastDtsTicks(track: Track): number {
    return this.#lines.get(track.id)!.lastDtsTicks;
  }

  /**
   * Wall clock of a unit at `streamMs`, milliseconds since the epoch. Hot path.
   *
   * The same line for all tracks, taken anew when the result lies in the future or over five seconds in the past.
   */
  wallClockMs(streamMs: number, nowMs: number): number {
    const estimateMs = this.#wallClockAnchorMs + streamMs;
    if (estimateMs <= nowMs && estimateMs >= nowMs - MAX_WALL_CLOCK_LAG_MS) {
      return estimateMs;
    }
    this.#wallClockAnchorMs = nowMs - streamMs;
    return nowMs;
  }

  #addLine({ id, clockRateHz }: Track, dtsTicks: number): TrackLine {
    const line: TrackLine = {
      clockRateHz,
      offsetTicks: 0,
      lastDtsTicks: -Infinity,
      maxBackStepMs: MAX_BACK_STEP_MS,
      heldUnits: 0,
    };
    this.#shiftUs ??= this.#shiftToLatestUs(line, dtsTicks);
    applyShift(line, this.#shiftUs);
    this.#lines.set(id, line);
    return line;
  }

  #isContinuous(line: TrackLine, dtsTicks: number): boolean {
    const placedTicks = dtsTicks + line.offsetTicks;
    const stepMs = msOf(line, placedTicks) - this.lastStreamMs;
    const backMs = msOf(line, line.lastDtsTicks - placedTicks);
    return Math.abs(stepMs) <= MAX_STEP_MS && backMs <= line.maxBackStepMs &&
      placedTicks >= 0;
  }

  #takeOutJump(line: TrackLine, dtsTicks: number): void {
    applyShift(line, this.#shiftUs!);
    if (this.#isContinuous(line, dtsTicks)) return;
    this.jumps++;
    this.lastStreamMs++;
    this.#shiftUs = this.#shiftToLatestUs(line, dtsTicks);
    applyShift(line, this.#shiftUs);
  }

  #shiftToLatestUs({ clockRateHz }: TrackLine, dtsTicks: number): number {
    return Math.round(this.lastStreamMs * 1_000) -
      rescaleTicks(dtsTicks, clockRateHz, MICROSECONDS_HZ);
  }
}

function msOf({ clockRateHz }: TrackLine, ticks: number): number {
  return ticks * 1_000 / clockRateHz;
}

function applyShift(line: TrackLine, shiftUs: number): void {
  line.offsetTicks = rescaleTicks(shiftUs, MICROSECONDS_HZ, line.clockRateHz);
}
