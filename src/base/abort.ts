import type { Clock } from "./clock.ts";

/** How long something may take, and what else ends it. */
export interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Text of the error when the time is over. */
  readonly message: string;
  readonly signal: AbortSignal;
}

/**
 * Does `work` with a signal that aborts when the time is over, or with the signal of the deadline; nothing is left
 * behind on the latter.
 *
 * @throws {Error} what `work` throws; it is given the reason with its signal.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, timeoutMs, message, signal }: Deadline,
): Promise<T> {
  signal.throwIfAborted();
  const abort = new AbortController();
  const leave = () => abort.abort(signal.reason);
  signal.addEventListener("abort", leave);
  const cancel = clock.after(timeoutMs, () => abort.abort(new Error(message)));
  try {
    return await work(abort.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", leave);
  }
}

/** Waits for `durationMs`, or until `signal` aborts, on which nothing is left behind. */
export function pause(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    cancel();
    signal.removeEventListener("abort", end);
    resolve();
  };
  const cancel = clock.after(durationMs, end);
  signal.addEventListener("abort", end);
  return promise;
}
