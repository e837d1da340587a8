/** Most significant bit first writer; the last byte is padded with zero bits. */
export class BitWriter {
  #bytes: number[] = [];
  #bitLength = 0;

  /** Bits written so far. */
  get lengthBits(): number {
    return this.#bitLength;
  }

  /** Appends the lowest `countBits` (up to 32) of `value`. */
  bits(countBits: number, value: number): this {
    for (let i = countBits - 1; i >= 0; i--) {
      const inByte = this.#bitLength & 7;
      if (inByte === 0) this.#bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      this.#bytes[this.#bytes.length - 1]! |= bit << (7 - inByte);
      this.#bitLength++;
    }
    return this;
  }

  /** Appends whole bytes at the current bit position. */
  bytes(view: Uint8Array): this {
    for (const byte of view) this.bits(8, byte);
    return this;
  }

  /** What was written, owned by the caller. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}
