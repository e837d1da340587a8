/** How long to wait between attempts. */
export interface ReconnectLimits {
  /** After the first failure. */
  readonly minMs: number;
  /** However often it failed. */
  readonly maxMs: number;
}

/**
 * Waits that double with each failure, with a random part, so that many sources of one origin do not come back at once.
 */
export class ReconnectDelay {
  #limits: ReconnectLimits;
  #random: () => number;
  #stepMs: number;

  /** `random`: 0 to 1. */
  constructor(limits: ReconnectLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
    this.#stepMs = limits.minMs;
  }

  /** Milliseconds until the next attempt: half of the step or more, never under the least. */
  next(): number {
    const { minMs, maxMs } = this.#limits;
    const delayMs = this.#stepMs * (0.5 + this.#random() / 2);
    this.#stepMs = Math.min(Math.max(maxMs, minMs), this.#stepMs * 2);
    return Math.max(minMs, delayMs);
  }

  /** It worked: begins anew. */
  reset(): void {
    this.#stepMs = this.#limits.minMs;
  }
}
