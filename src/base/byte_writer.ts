const INITIAL_CAPACITY_BYTES = 256;

/**
 * Growing big-endian writer for structures whose size is not known before.
 *
 * Not for the hot path: there, compute the size and allocate once.
 */
export class ByteWriter {
  #bytes = new Uint8Array(INITIAL_CAPACITY_BYTES);
  #length = 0;

  /** Bytes written so far. */
  get lengthBytes(): number {
    return this.#length;
  }

  /** Appends one byte. */
  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Appends 16 bits. */
  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  /** Appends 24 bits. */
  u24(value: number): this {
    return this.u8(value >>> 16).u16(value);
  }

  /** Appends 32 bits. */
  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  /** Appends a copy of `view`. */
  bytes(view: Uint8Array): this {
    this.#reserve(view.length);
    this.#bytes.set(view, this.#length);
    this.#length += view.length;
    return this;
  }

  /** Overwrites 16 bits written earlier, for lengths known only now. */
  patchU16(offsetBytes: number, value: number): this {
    this.#bytes[offsetBytes] = value >>> 8;
    this.#bytes[offsetBytes + 1] = value;
    return this;
  }

  /** Overwrites 32 bits written earlier, for lengths known only now. */
  patchU32(offsetBytes: number, value: number): this {
    return this.patchU16(offsetBytes, value >>> 16)
      .patchU16(offsetBytes + 2, value & 0xffff);
  }

  /** A copy of what was written, owned by the caller. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(extraBytes: number): void {
    const neededBytes = this.#length + extraBytes;
    if (neededBytes <= this.#bytes.length) return;
    const grown = new Uint8Array(
      Math.max(neededBytes, this.#bytes.length * 2),
    );
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
