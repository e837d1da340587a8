/** Bytes of a start code: prefix 00 00 01 and the code itself. */
export const START_CODE_BYTES = 4;

/**
 * Finds the next whole start code; its code stands at the offset plus 3.
 *
 * Hot path. Output: offset of the prefix, at or behind `fromBytes`; -1 if there is none.
 * Spec: ISO/IEC 11172-2 §2.4.1, ISO/IEC 13818-2 §5.2.3, ISO/IEC 14496-2 §5.2.4.
 */
export function findStartCode(bytes: Uint8Array, fromBytes: number): number {
  let at = bytes.indexOf(1, fromBytes + 2);
  while (at >= 0 && (bytes[at - 1] !== 0 || bytes[at - 2] !== 0)) {
    at = bytes.indexOf(1, at + 1);
  }
  return at >= 0 && at + 1 < bytes.length ? at - 2 : -1;
}
