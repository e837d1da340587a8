const MAX_ZERO_BITS = 31;

/**
 * Reads `ue(v)` where it stands, for headers of which only that is wanted.
 *
 * Hot path: no exception. Output: -1 if it is cut or needs over 32 bits.
 * Spec: ITU-T H.264 §9.1, H.265 §9.2.
 */
export function golombAt(bytes: Uint8Array, offsetBits: number): number {
  const endBits = bytes.length * 8;
  let at = offsetBits;
  const lastStart = Math.min(endBits - 1, offsetBits + MAX_ZERO_BITS);
  while (at <= lastStart && !bitAt(bytes, at)) at++;
  const zeroBits = at - offsetBits;
  if (at > lastStart || at + zeroBits >= endBits) return -1;
  let value = 1;
  for (let i = 1; i <= zeroBits; i++) {
    value = value * 2 + (bitAt(bytes, at + i) ? 1 : 0);
  }
  return value - 1;
}

function bitAt(bytes: Uint8Array, offsetBits: number): boolean {
  return (bytes[offsetBits >>> 3]! >>> (7 - (offsetBits & 7)) & 1) === 1;
}
