import { ParseError } from "./errors.ts";

const MAX_GOLOMB_ZERO_BITS = 32;

/** Most significant bit first reader, with Exp-Golomb codes; throws past the end. */
export class BitReader {
  /** Structure that is being read, for error texts. */
  readonly format: string;
  #bytes: Uint8Array;
  #bitOffset = 0;

  /** Starts at the first bit of `bytes`. */
  constructor(bytes: Uint8Array, format: string) {
    this.#bytes = bytes;
    this.format = format;
  }

  /** Bits from the start to the cursor. */
  get offsetBits(): number {
    return this.#bitOffset;
  }

  /** Bits from the cursor to the end. */
  get remainingBits(): number {
    return this.#bytes.length * 8 - this.#bitOffset;
  }

  /** Reads up to 32 bits, unsigned. @throws {ParseError} past the end. */
  bits(countBits: number, field: string): number {
    if (countBits > this.remainingBits) {
      throw this.error(
        `needs ${countBits} bits, ${this.remainingBits} left`,
        field,
      );
    }
    let value = 0;
    let restBits = countBits;
    while (restBits > 0) {
      const inByte = this.#bitOffset & 7;
      const takeBits = Math.min(8 - inByte, restBits);
      const byte = this.#bytes[this.#bitOffset >>> 3]!;
      const part = byte >>> (8 - inByte - takeBits) & (1 << takeBits) - 1;
      value = value * (1 << takeBits) + part;
      this.#bitOffset += takeBits;
      restBits -= takeBits;
    }
    return value;
  }

  /** Reads one bit. @throws {ParseError} past the end. */
  flag(field: string): boolean {
    return this.bits(1, field) === 1;
  }

  /** Skips bits. @throws {ParseError} past the end. */
  skip(countBits: number, field: string): void {
    if (countBits > this.remainingBits) {
      throw this.error(
        `needs ${countBits} bits, ${this.remainingBits} left`,
        field,
      );
    }
    this.#bitOffset += countBits;
  }

  /** Reads `ue(v)`. Spec: ITU-T H.264 §9.1. @throws {ParseError} past the end or over 32 bits. */
  unsignedGolomb(field: string): number {
    let zeroBits = 0;
    while (!this.flag(field)) {
      if (++zeroBits > MAX_GOLOMB_ZERO_BITS) {
        throw this.error(`has over ${MAX_GOLOMB_ZERO_BITS} zero bits`, field);
      }
    }
    return 2 ** zeroBits - 1 + this.bits(zeroBits, field);
  }

  /** Reads `se(v)`. Spec: ITU-T H.264 §9.1.1. @throws {ParseError} past the end or over 32 bits. */
  signedGolomb(field: string): number {
    const code = this.unsignedGolomb(field);
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** An error about the current position, for the caller to throw. */
  error(reason: string, field: string): ParseError {
    const offsetBytes = this.#bitOffset >>> 3;
    return new ParseError(reason, { format: this.format, field, offsetBytes });
  }
}
