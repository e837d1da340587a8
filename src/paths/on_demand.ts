import type { Clock } from "#base/clock.ts";
import { PathError } from "#core/errors.ts";

/** Why something that was started on demand is stopped. */
export type DemandEnd =
  | "timed out"
  | "not needed by anyone"
  | "an error occurred"
  | "path is closing";

/** What an on-demand machine drives. */
export interface OnDemandOptions {
  readonly pathName: string;
  readonly clock: Clock;
  readonly startTimeoutMs: number;
  readonly closeAfterMs: number;
  /** Somebody wants the stream: begin. `query` is the first requester's. */
  readonly start: (query: string) => void;
  readonly stop: (reason: DemandEnd) => void;
}

interface HeldRequest {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Starts what brings a stream when somebody wants to read it, and stops it when nobody does any more.
 *
 * `initial` -> request -> `waiting` -> stream -> `closing` <-> `ready`; many requests make one start. A stream that is
 * lost while it is wanted has the start timeout to come back.
 */
export class OnDemand {
  #options: OnDemandOptions;
  #state: "initial" | "waiting" | "closing" | "ready" = "initial";
  #held = new Set<HeldRequest>();
  #cancelTimer: () => void = () => {};

  /** Does nothing until somebody asks. */
  constructor(options: OnDemandOptions) {
    this.#options = options;
  }

  /** Somebody waits, or what was started has not been stopped yet. */
  get isActive(): boolean {
    return this.#state !== "initial";
  }

  /**
   * Waits for the stream, which is not there.
   *
   * @throws {PathError} if it does not come in time or the path is closed; the signal's reason if it aborts first.
   */
  async request(query: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const held = { resolve, reject };
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    this.#held.add(held);
    const isNew = this.#state === "initial";
    if (this.#state !== "waiting") this.#waitForStream();
    try {
      if (isNew) this.#options.start(query);
      await promise;
    } finally {
      this.#held.delete(held);
      signal.removeEventListener("abort", leave);
    }
  }

  /** The stream is there: whoever waited goes on, and has to register as a reader before the close timeout. */
  handleStream(): void {
    if (this.#state !== "waiting") return;
    this.#waitForReaders();
    for (const { resolve } of this.#held) resolve();
  }

  /** The stream is gone, what was started still runs. */
  handleLoss(): void {
    if (this.#state === "ready") this.#waitForReaders();
  }

  /** Readers of the stream, whenever their number has changed. */
  handleReaders(count: number): void {
    if (this.#state === "closing" && count > 0) this.#enter("ready");
    else if (this.#state === "ready" && count === 0) this.#waitForReaders();
  }

  /** What was started has failed for good: the next request starts it again. */
  handleFailure(): void {
    if (this.#state === "closing" || this.#state === "ready") {
      this.#end("an error occurred", undefined);
    }
  }

  /** The path is closed. */
  close(): void {
    if (this.#state === "initial") return;
    this.#end("path is closing", new PathError("terminated", "terminated"));
  }

  #waitForStream(): void {
    const { pathName, startTimeoutMs } = this.#options;
    this.#enter("waiting", startTimeoutMs, () => {
      const message = `source of path '${pathName}' has timed out`;
      this.#end("timed out", new PathError("source_timed_out", message));
    });
  }

  #waitForReaders(): void {
    this.#enter(
      "closing",
      this.#options.closeAfterMs,
      () => this.#end("not needed by anyone", undefined),
    );
  }

  #enter(
    state: "waiting" | "closing" | "ready",
    durationMs?: number,
    onTimeout?: () => void,
  ): void {
    this.#cancelTimer();
    this.#state = state;
    this.#cancelTimer = durationMs === undefined || !onTimeout
      ? () => {}
      : this.#options.clock.after(durationMs, onTimeout);
  }

  #end(reason: DemandEnd, error: PathError | undefined): void {
    this.#cancelTimer();
    this.#state = "initial";
    for (const { reject } of this.#held) reject(error);
    this.#options.stop(reason);
  }
}
