/** What a peer did wrong, or what it cannot have here. */
export type RtmpErrorCode =
  | "no_connect"
  | "already_started"
  | "no_supported_codec"
  | "too_many_tracks";

/** Ends an RTMP connection: the protocol has no answer for it. */
export class RtmpError extends Error {
  override readonly name = "RtmpError";
  /** Stable identifier for logs and metrics. */
  readonly code: RtmpErrorCode;

  /** `message` goes to the log. */
  constructor(code: RtmpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
