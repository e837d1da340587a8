/** How long to wait between attempts. */
export interface ReconnectLimits {
  /** After the first failure. */
  readonly minMs: number;
  /** However often it failed; no less than `minMs` counts. */
  readonly maxMs: number;
}

/** Shortest wait, whatever is wanted: an origin that refuses at once must not cost a whole core. */
const SHORTEST_MS = 100;

/**
 * Waits that double with each failure, with a random part, so that many sources of one origin do not come back at once.
 */
export class ReconnectDelay {
  #minMs: number;
  #maxMs: number;
  #stepMs: number;
  #random: () => number;

  /** `random`: 0 to 1. */
  constructor(
    { minMs, maxMs }: ReconnectLimits,
    random: () => number = Math.random,
  ) {
    this.#minMs = Math.max(minMs, SHORTEST_MS);
    this.#maxMs = Math.max(maxMs, this.#minMs);
    this.#stepMs = this.#minMs;
    this.#random = random;
  }

  /** Milliseconds until the next attempt: half of the step or more, never under the least. */
  next(): number {
    const delayMs = this.#stepMs * (0.5 + this.#random() / 2);
    this.#stepMs = Math.min(this.#maxMs, this.#stepMs * 2);
    return Math.max(this.#minMs, delayMs);
  }

  /** It worked: begins anew. */
  reset(): void {
    this.#stepMs = this.#minMs;
  }
}
