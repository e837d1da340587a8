import type { Clock } from "#base/clock.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { HttpError } from "./http_error.ts";

/** What a body may take. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** How long it may take to come. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Has a read that is under way break off. Output: whether it will. */
  readonly endReading: () => boolean;
}

/**
 * Reads the body of a request.
 *
 * Output: owned bytes, none without a body.
 *
 * @throws {HttpError} 400 if it is too long or breaks off, 408 if it takes too long.
 */
export async function readBody(
  request: Request,
  limits: BodyLimits,
): Promise<Uint8Array> {
  const { maxBytes, timeoutMs, clock } = limits;
  if (Number(request.headers.get("Content-Length")) > maxBytes) {
    throw tooLong();
  }
  if (!request.body) return new Uint8Array();
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const cancel = clock.after(timeoutMs, () => resolve(undefined));
  const reading = readAll(request.body, maxBytes);
  try {
    const bytes = await Promise.race([reading, late]);
    if (bytes) return bytes;
  } catch (error) {
    if (error instanceof HttpError) {
      // It may go on for as long as the peer likes.
      limits.endReading();
      throw error;
    }
    throw new HttpError(400, "the body broke off", { cause: error });
  } finally {
    cancel();
  }
  // The runtime never ends a read that is left over when the answer has gone.
  if (limits.endReading()) await reading.catch(() => {});
  throw new HttpError(408, `the body takes over ${timeoutMs / 1_000} s`);
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of body) {
    lengthBytes += chunk.length;
    if (lengthBytes > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return joinBytes(chunks);
}

function tooLong(): HttpError {
  return new HttpError(400, "size exceeds maximum allowed");
}
