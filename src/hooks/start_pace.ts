import type { Clock } from "#base/clock.ts";

/** Of the time that a start took, this many times is left to everything else before the next one. */
const REST_FACTOR = 2;

/**
 * Lets programs be started one after another, with pauses.
 *
 * The system copies this process for each of them, and everything stands still meanwhile (12 ms at 400 MB): a thousand
 * readers that come at once must not stop the media.
 */
export class StartPace {
  #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  /** The first start is at once. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles when everything was started and the last pause is over. */
  get idle(): Promise<void> {
    return this.#last;
  }

  /** Calls `start` when it is its turn. @throws what `start` throws. */
  async turn(start: () => void): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    const startedAtMs = this.#clock.monotonicMs();
    try {
      start();
    } finally {
      const tookMs = this.#clock.monotonicMs() - startedAtMs;
      if (tookMs > 0) this.#clock.after(tookMs * REST_FACTOR, resolve);
      else resolve();
    }
  }
}
