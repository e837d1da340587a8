/** What a request on a path failed of; protocols turn the code into their answer. */
export type PathErrorCode =
  | "invalid_path_name"
  | "path_not_configured"
  | "no_stream"
  | "publisher_exists"
  | "not_a_publisher_path"
  | "configuration_changed"
  | "too_many_readers"
  | "source_timed_out"
  | "terminated";

/** A path cannot do what a session asked for. */
export class PathError extends Error {
  override readonly name = "PathError";
  /** Stable identifier for logs, metrics and protocol answers. */
  readonly code: PathErrorCode;

  /** `message` is shown to the peer where its protocol carries text. */
  constructor(code: PathErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
