import { PlatformError } from "./errors.ts";
import type { TcpConnection } from "./tcp.ts";

/** What the beginning of a connection may take. */
export interface DeadlineOptions {
  /** What is done; completes "Cannot ...". */
  readonly action: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets `begin` do something with a connection that must not take long; the connection is closed if it fails.
 *
 * @throws {PlatformError} `timeout` if it takes too long.
 * @throws the signal's reason if it aborts first, and else what `begin` throws.
 */
export async function beginWithin<T>(
  connection: TcpConnection,
  options: DeadlineOptions,
  begin: () => Promise<T>,
): Promise<T> {
  const { action, timeoutMs, signal } = options;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const reason = `it takes over ${timeoutMs / 1_000} s`;
    late.reject(new PlatformError(action, reason, { code: "timeout" }));
  }, timeoutMs);
  const handleAbort = () => late.reject(signal?.reason);
  signal?.addEventListener("abort", handleAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([begin(), late.promise]);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", handleAbort);
  }
}
