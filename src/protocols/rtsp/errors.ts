import { ParseError } from "#base/errors.ts";
import { AuthenticationError, type RefusalCode } from "#base/access.ts";
import { PathError } from "#core/errors.ts";
import type { RtspStatus } from "./wire/response.ts";

/** Answers to who is not let in. */
const REFUSAL_STATUS: Readonly<Record<RefusalCode, RtspStatus>> = {
  unauthorized: 401,
  forbidden: 403,
  expired: 419,
};

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
  if (error instanceof AuthenticationError) return REFUSAL_STATUS[error.code];
  if (error instanceof PathError) return error.code === "no_stream" ? 404 : 400;
  return error instanceof ParseError ? 400 : 500;
}
