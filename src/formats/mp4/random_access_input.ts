import { ParseError } from "#base/errors.ts";

/** Bytes that are read at once where little is asked for. */
const WINDOW_BYTES = 131_072;

/** A file, or a part of a remote one, that can be read anywhere. */
export interface RandomAccessInput {
  readonly sizeBytes: number;
  /**
   * Reads a range that lies within `sizeBytes`.
   *
   * Output: owned; exactly so many bytes, unless the file has become shorter.
   */
  readAt(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
}

/** Reads on from where it read last without asking the input for every few bytes. */
export class InputWindow {
  #input: RandomAccessInput;
  #windowBytes: number;
  #bytes: Uint8Array = new Uint8Array();
  #startBytes = 0;

  /** `windowBytes`: what is read at once at least. */
  constructor(input: RandomAccessInput, windowBytes = WINDOW_BYTES) {
    this.#input = input;
    this.#windowBytes = windowBytes;
  }

  /**
   * Reads a range. Output: a view; shorter only at the end of the input.
   *
   * @throws {ParseError} if the range begins outside of the input.
   */
  async read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const { sizeBytes } = this.#input;
    if (offsetBytes < 0 || offsetBytes > sizeBytes) {
      throw new ParseError(`must lie within ${sizeBytes} bytes`, {
        format: "MP4 file",
        field: "offset",
        offsetBytes,
      });
    }
    const at = offsetBytes - this.#startBytes;
    const isThere = at >= 0 && at + lengthBytes <= this.#bytes.length;
    if (!isThere) {
      this.#bytes = await this.#input.readAt(
        offsetBytes,
        Math.min(
          Math.max(lengthBytes, this.#windowBytes),
          sizeBytes - offsetBytes,
        ),
      );
      this.#startBytes = offsetBytes;
    }
    const from = offsetBytes - this.#startBytes;
    return this.#bytes.subarray(
      from,
      Math.min(from + lengthBytes, this.#bytes.length),
    );
  }
}
