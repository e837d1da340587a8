import type { Clock } from "#base/clock.ts";

/** Tokens that are remembered; the ones that were kicked first go first. */
export const MAX_REVOKED_TOKENS = 10_000;

/** Tokens that let nobody in any more, each until it would have ended by itself. */
export class RevokedTokens {
  readonly #clock: Clock;
  /** When they end, milliseconds since the epoch, by id. */
  readonly #endsAtMs = new Map<string, number>();

  /** Holds none. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a token; `expiresAtMs` is undefined if nobody knows when it ends. */
  add(tokenId: string, expiresAtMs: number | undefined): void {
    const nowMs = this.#clock.wallMs();
    for (const [id, endMs] of this.#endsAtMs) {
      if (endMs <= nowMs) this.#endsAtMs.delete(id);
    }
    this.#endsAtMs.delete(tokenId); // so that it counts as the newest
    this.#endsAtMs.set(tokenId, expiresAtMs ?? Infinity);
    if (this.#endsAtMs.size <= MAX_REVOKED_TOKENS) return;
    const [oldest] = this.#endsAtMs.keys();
    this.#endsAtMs.delete(oldest!);
  }

  /** Whether a token lets nobody in any more. */
  has(tokenId: string): boolean {
    const endMs = this.#endsAtMs.get(tokenId);
    return endMs !== undefined && endMs > this.#clock.wallMs();
  }
}
