import type { Clock } from "#base/clock.ts";

/** Wall clock at which every fake clock starts, milliseconds since the epoch. */
export const START_WALL_MS = 1_750_000_000_000;

/** Monotonic time at which every fake clock starts: not zero, as on a machine that has run for a while. */
export const START_MONOTONIC_MS = 5_000;

interface FakeTimer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #wallShiftMs = 0;
  #timers = new Set<FakeTimer>();

  /** Timers that wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  wallMs(): number {
    return START_WALL_MS + this.#elapsedMs + this.#wallShiftMs;
  }

  monotonicMs(): number {
    return START_MONOTONIC_MS + this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves time on and runs what is due meanwhile, each at its own time, those they start included. */
  advance(durationMs: number): void {
    const endMs = this.#elapsedMs + durationMs;
    for (
      let timer = this.#nextTimer(endMs);
      timer !== undefined;
      timer = this.#nextTimer(endMs)
    ) {
      this.#timers.delete(timer);
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.atMs);
      timer.run();
    }
    this.#elapsedMs = endMs;
  }

  /** Somebody sets the machine's wall clock; monotonic time goes on as before. */
  shiftWall(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  #nextTimer(endMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      const isDue = timer.atMs <= endMs;
      if (isDue && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

/** Waits one turn of the event loop: whatever could go on without the outside world has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
