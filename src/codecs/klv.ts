import { readU32 } from "#base/big_endian.ts";

/** A universal label. Spec: SMPTE ST 298. */
const KEY_BYTES = 16;
const KEY_PREFIX = 0x060e2b34;
/** Longest length field: the byte that counts the others, and those. */
const MAX_LONG_LENGTH_BYTES = 8;

/**
 * Whether bytes are a KLV unit: one or more whole items, each a universal label, a BER length and a value.
 *
 * A unit that lost a packet on its way is none. Values are not looked into.
 * Spec: SMPTE ST 336 §4, RFC 6597 §3.
 */
export function isKlvUnit(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const sizeBytes = klvItemSizeBytes(bytes, at);
    if (sizeBytes === undefined || sizeBytes > bytes.length - at) return false;
    at += sizeBytes;
  }
  return at > 0;
}

/** Size of the item at `at`, as its length field says; undefined if none begins there. */
function klvItemSizeBytes(bytes: Uint8Array, at: number): number | undefined {
  const lengthAt = at + KEY_BYTES;
  if (lengthAt >= bytes.length || readU32(bytes, at) !== KEY_PREFIX) {
    return undefined;
  }
  const first = bytes[lengthAt]!;
  if (first < 0x80) return KEY_BYTES + 1 + first;
  const countBytes = first & 0x7f;
  if (
    countBytes === 0 || countBytes > MAX_LONG_LENGTH_BYTES ||
    lengthAt + countBytes >= bytes.length
  ) return undefined;
  let valueBytes = 0;
  for (let i = 1; i <= countBytes; i++) {
    valueBytes = valueBytes * 256 + bytes[lengthAt + i]!;
  }
  return KEY_BYTES + 1 + countBytes + valueBytes;
}
