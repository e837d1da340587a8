import { joinBytes } from "#base/join_bytes.ts";

/** A length of one byte that says: the length has two bytes, behind. */
const LONG_LENGTH = 0xff;

/** Joins byte strings to one, each with its length, so that mutations move the borders between them, too. */
export function joinFramed(parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts.flatMap((part) => [lengthOf(part), part]));
}

/** Takes apart what {@linkcode joinFramed} joined, or a mutation of it; the last part may be short. */
export function splitFramed(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    let length = bytes[at++]!;
    if (length === LONG_LENGTH) {
      length = (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
      at += 2;
    }
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return length < LONG_LENGTH
    ? Uint8Array.of(length)
    : Uint8Array.of(LONG_LENGTH, length >> 8, length & 0xff);
}
