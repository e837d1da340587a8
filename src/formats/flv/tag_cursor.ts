import { readU16, readU32 } from "#base/big_endian.ts";
import { ParseError } from "#base/errors.ts";
import { COMPOSITION_TIME_BYTES, FOUR_CC_BYTES } from "./tag_header.ts";

/** Bounds-checked cursor over tags, one after the other: reading allocates nothing. */
export class TagCursor {
  /** The tag that is read. */
  body: Uint8Array = new Uint8Array(0);
  /** Where the next field begins. */
  offsetBytes = 0;
  #format: string;

  /** `format` names the structure in errors. */
  constructor(format: string) {
    this.#format = format;
  }

  /** Goes to a field of another tag. */
  start(body: Uint8Array, offsetBytes: number): void {
    this.body = body;
    this.offsetBytes = offsetBytes;
  }

  /** Reads one byte. @throws {ParseError} past the end. */
  u8(field: string): number {
    return this.body[this.skip(1, field)]!;
  }

  /** Reads 16 bits. @throws {ParseError} past the end. */
  u16(field: string): number {
    return readU16(this.body, this.skip(2, field));
  }

  /** Reads 24 bits. @throws {ParseError} past the end. */
  u24(field: string): number {
    return this.u16(field) << 8 | this.u8(field);
  }

  /** Reads a FourCC as a number. @throws {ParseError} past the end. */
  fourCc(): number {
    return readU32(this.body, this.skip(FOUR_CC_BYTES, "fourCc"));
  }

  /** Reads the signed 24 bits of CompositionTime. @throws {ParseError} past the end. */
  compositionTimeMs(): number {
    const at = this.skip(COMPOSITION_TIME_BYTES, "compositionTime");
    return (readU16(this.body, at) << 16 | this.body[at + 2]! << 8) >> 8;
  }

  /** Moves behind the next bytes; answers where they begin. @throws {ParseError} past the end. */
  skip(lengthBytes: number, field: string): number {
    const at = this.offsetBytes;
    const leftBytes = this.body.length - at;
    if (lengthBytes > leftBytes) {
      throw this.error(`needs ${lengthBytes} bytes, ${leftBytes} left`, field);
    }
    this.offsetBytes = at + lengthBytes;
    return at;
  }

  /** An error about the field that begins here, or has just ended, for the caller to throw. */
  error(reason: string, field: string): ParseError {
    const { offsetBytes } = this;
    return new ParseError(reason, { format: this.#format, field, offsetBytes });
  }
}
