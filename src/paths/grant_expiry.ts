import { AuthenticationError, type Identity } from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";

/** A timer waits no longer, so that a wall clock that was set is noticed; the runtime's own limit is 24 days. */
const MAX_TIMER_MS = 3_600_000;

/** What {@linkcode GrantExpiry} is given. */
export interface GrantExpiryOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  /** The permission is over, for this reason. */
  readonly onEnd: (reason: string) => void;
}

/** Ends a permission when its identity expires, unless that can be renewed and is. */
export class GrantExpiry implements Disposable {
  #identity: Identity;
  readonly #clock: Clock;
  readonly #onEnd: (reason: string) => void;
  readonly #disposal = new AbortController();
  #cancelTimer: (() => void) | undefined;

  /** Waits for nothing yet. */
  constructor({ identity, clock, onEnd }: GrantExpiryOptions) {
    this.#identity = identity;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Begins to wait; nothing ends before the next turn of the event loop. */
  start(): void {
    const { expiresAtMs } = this.#identity;
    if (expiresAtMs === undefined) return;
    const leftMs = Math.max(0, expiresAtMs - this.#clock.wallMs());
    this.#cancelTimer = this.#clock.after(
      Math.min(leftMs, MAX_TIMER_MS),
      () => {
        if (this.#clock.wallMs() < expiresAtMs) this.start();
        else void this.#expire();
      },
    );
  }

  /** Ends the wait: nothing happens any more. */
  [Symbol.dispose](): void {
    this.#cancelTimer?.();
    this.#disposal.abort();
  }

  /** Never throws. */
  async #expire(): Promise<void> {
    const { user, renew } = this.#identity;
    const { signal } = this.#disposal;
    const whose = user === "" ? "" : ` of user '${user}'`;
    if (!renew) {
      this.#onEnd(`the token${whose} has expired`);
      return;
    }
    try {
      const renewed = await renew(signal);
      if (signal.aborted) return;
      this.#identity = renewed;
      this.start();
    } catch (error) {
      if (signal.aborted) return;
      const what = error instanceof AuthenticationError
        ? "was taken back"
        : "could not be renewed";
      this.#onEnd(`the permission${whose} ${what}: ${errorText(error)}`);
    }
  }
}
