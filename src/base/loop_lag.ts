import type { Clock } from "./clock.ts";

/** Time between two looks at the event loop. */
const INTERVAL_MS = 100;

/** Looks that the quantiles are about: the last minute. */
const WINDOW_SAMPLES = 600;

/** How late the event loop was, in milliseconds. */
export interface LoopLag {
  /** Half of the looks of the last minute were not later than this. */
  readonly p50Ms: number;
  /** 99 of 100 were not. */
  readonly p99Ms: number;
  /** The latest look of the last minute. */
  readonly maxMs: number;
  /** Sum of all looks since the start. */
  readonly totalMs: number;
  /** All looks since the start. */
  readonly samples: number;
}

/**
 * Looks ten times a second how much later than asked for a timer runs.
 *
 * What waits for the event loop, each packet for one, waits for about as long.
 */
export class LoopLagSampler implements Disposable {
  #clock: Clock;
  #window = new Float64Array(WINDOW_SAMPLES);
  #samples = 0;
  #totalMs = 0;
  #cancel: () => void;

  /** Looks from now on, until disposed of. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#cancel = this.#lookLater();
  }

  /** What was seen so far; zeros before the first look. */
  read(): LoopLag {
    const count = Math.min(this.#samples, WINDOW_SAMPLES);
    const sorted = this.#window.slice(0, count).sort();
    const quantileMs = (part: number) =>
      sorted[Math.max(0, Math.ceil(count * part) - 1)] ?? 0;
    return {
      p50Ms: quantileMs(0.5),
      p99Ms: quantileMs(0.99),
      maxMs: quantileMs(1),
      totalMs: this.#totalMs,
      samples: this.#samples,
    };
  }

  /** Looks no more. */
  [Symbol.dispose](): void {
    this.#cancel();
  }

  #lookLater(): () => void {
    const dueMs = this.#clock.monotonicMs() + INTERVAL_MS;
    return this.#clock.after(INTERVAL_MS, () => {
      const lateMs = Math.max(0, this.#clock.monotonicMs() - dueMs);
      this.#window[this.#samples++ % WINDOW_SAMPLES] = lateMs;
      this.#totalMs += lateMs;
      this.#cancel = this.#lookLater();
    });
  }
}
