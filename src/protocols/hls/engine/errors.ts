/** Why a muxer cannot go on; also the label of its counter. */
export type HlsMuxerErrorCode =
  | "segment_too_large"
  | "unsupported_codecs"
  | "too_few_segments";

/** Segments of a stream cannot be made. */
export class HlsMuxerError extends Error {
  override readonly name = "HlsMuxerError";
  readonly code: HlsMuxerErrorCode;

  /** `message` is for the log. */
  constructor(
    code: HlsMuxerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}
