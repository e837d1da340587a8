/** A transport stream that nothing can be made of. */
export class MpegTsError extends Error {
  override readonly name = "MpegTsError";
}
