// Big-endian numbers at fixed offsets, for hot paths: the caller has checked the length.

/** Reads 16 bits at a checked offset. */
export function readU16(bytes: Uint8Array, offsetBytes: number): number {
  return bytes[offsetBytes]! << 8 | bytes[offsetBytes + 1]!;
}

/** Reads 32 bits at a checked offset, unsigned. */
export function readU32(bytes: Uint8Array, offsetBytes: number): number {
  return (bytes[offsetBytes]! << 24 | bytes[offsetBytes + 1]! << 16 |
    bytes[offsetBytes + 2]! << 8 | bytes[offsetBytes + 3]!) >>> 0;
}

/** Writes the lowest 16 bits of an integer at a checked offset. */
export function writeU16(
  into: Uint8Array,
  offsetBytes: number,
  value: number,
): void {
  into[offsetBytes] = value >>> 8;
  into[offsetBytes + 1] = value;
}

/** Writes the lowest 32 bits of an integer, which may be larger or negative, at a checked offset. */
export function writeU32(
  into: Uint8Array,
  offsetBytes: number,
  value: number,
): void {
  into[offsetBytes] = value >>> 24;
  into[offsetBytes + 1] = value >>> 16;
  into[offsetBytes + 2] = value >>> 8;
  into[offsetBytes + 3] = value >>> 0;
}
