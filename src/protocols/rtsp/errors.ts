import { ParseError } from "#base/errors.ts";
import { AuthenticationError, PathError } from "#core/errors.ts";
import type { RtspStatus } from "./wire/response.ts";

/** A request that cannot be done: the connection ends after its answer. */
export class RtspError extends Error {
  override readonly name = "RtspError";
  /** Status of the answer. */
  readonly status: RtspStatus;

  /** `message` goes to the log. */
  constructor(status: RtspStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** Status that tells the peer about an error. */
export function statusOf(error: unknown): RtspStatus {
  if (error instanceof RtspError) return error.status;
  if (error instanceof AuthenticationError) return 401;
  if (error instanceof PathError) return error.code === "no_stream" ? 404 : 400;
  return error instanceof ParseError ? 400 : 500;
}
