import type { Clock } from "#base/clock.ts";
import { libc } from "./libc.ts";

/** Connections whose end leaves enough behind to be worth the time. */
const MIN_CLOSINGS = 256;

/** The runtime has collected its own garbage by then. */
const TRIM_DELAY_MS = 30_000;

/**
 * Gives memory back that the C library keeps after many connections have ended.
 *
 * It keeps what it once had, in pieces: after ten thousand connections in a row that is as much as the whole server.
 * Trimming takes up to some milliseconds, so it is done once after a storm, not all the time.
 */
export class MemoryTrimmer implements Disposable {
  #clock: Clock;
  #trim: () => void;
  #closings = 0;
  #cancel: (() => void) | undefined;

  /** `trim`: how it is done; the C library's way where it has one, if left out. */
  constructor(clock: Clock, trim: () => void = trimLibrary) {
    this.#clock = clock;
    this.#trim = trim;
  }

  /** A connection has ended. */
  handleClosing(): void {
    if (++this.#closings < MIN_CLOSINGS) return;
    this.#cancel ??= this.#clock.after(TRIM_DELAY_MS, () => {
      this.#cancel = undefined;
      this.#closings = 0;
      this.#trim();
    });
  }

  /** Trims no more. */
  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** Does nothing where the C library cannot be called, or has no such call, as musl. */
function trimLibrary(): void {
  libc?.calls.malloc_trim?.(0);
}
