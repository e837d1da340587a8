/** Status codes that a request can fail with. */
export type HttpErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 408
  | 409
  | 429
  | 500
  | 503;

/** A request cannot be answered: what its peer is told. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** Status of the answer. */
  readonly status: HttpErrorStatus;

  /** `message` is shown to the peer. */
  constructor(
    status: HttpErrorStatus,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = status;
  }
}
