import { ParseError } from "./errors.ts";

/**
 * Bounds-checked big-endian cursor over owned bytes; every read names its field.
 *
 * For structures outside the hot path. Returned byte ranges are views.
 */
export class ByteReader {
  /** Structure that is being read, for error texts. */
  readonly format: string;
  #bytes: Uint8Array;
  #offset = 0;
  #fieldOffset = 0;

  /** Starts at the first byte of `bytes`. */
  constructor(bytes: Uint8Array, format: string) {
    this.#bytes = bytes;
    this.format = format;
  }

  /** Bytes from the start to the cursor. */
  get offsetBytes(): number {
    return this.#offset;
  }

  /** Bytes from the cursor to the end. */
  get remainingBytes(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Reads one byte. @throws {ParseError} past the end. */
  u8(field: string): number {
    return this.take(1, field)[0]!;
  }

  /** Reads 16 bits. @throws {ParseError} past the end. */
  u16(field: string): number {
    const view = this.take(2, field);
    return view[0]! << 8 | view[1]!;
  }

  /** Reads 24 bits. @throws {ParseError} past the end. */
  u24(field: string): number {
    const view = this.take(3, field);
    return view[0]! << 16 | view[1]! << 8 | view[2]!;
  }

  /** Reads 32 bits, unsigned. @throws {ParseError} past the end. */
  u32(field: string): number {
    const view = this.take(4, field);
    return (view[0]! << 24 | view[1]! << 16 | view[2]! << 8 | view[3]!) >>> 0;
  }

  /**
   * Returns a view, not a copy: it dies with the reader's bytes.
   *
   * @throws {ParseError} past the end.
   */
  take(lengthBytes: number, field: string): Uint8Array {
    this.#fieldOffset = this.#offset;
    if (lengthBytes > this.remainingBytes) {
      throw this.error(
        `needs ${lengthBytes} bytes, ${this.remainingBytes} left`,
        field,
      );
    }
    this.#offset += lengthBytes;
    return this.#bytes.subarray(this.#offset - lengthBytes, this.#offset);
  }

  /** Takes everything up to the end, possibly nothing. */
  takeRest(field: string): Uint8Array {
    return this.take(this.remainingBytes, field);
  }

  /** An error about the field read last, for the caller to throw. */
  error(reason: string, field: string): ParseError {
    const offsetBytes = this.#fieldOffset;
    return new ParseError(reason, { format: this.format, field, offsetBytes });
  }
}
