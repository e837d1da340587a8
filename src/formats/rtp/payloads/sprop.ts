import { MAX_PARAMETER_SET_BYTES } from "#codecs/parameter_sets.ts";

/** Most parameter sets that one `sprop` value may hold; the rest is left out. */
const MAX_SPROP_SETS = 31;

/**
 * Reads the comma-separated Base64 parameter sets of an `a=fmtp` value.
 *
 * Output: what can be decoded; the caller picks by NAL unit type.
 * Limits: 31 sets of 16 KiB.
 * Spec: RFC 6184 §8.1, RFC 7798 §7.1.
 * Deviates: empty and garbled entries count as unknown, because cameras send them and repeat the sets in band;
 * a start code before a set is removed.
 */
export function parseSpropSets(value: string | undefined): Uint8Array[] {
  if (value === undefined) return [];
  const sets: Uint8Array[] = [];
  const maxChars = MAX_SPROP_SETS * 2 * MAX_PARAMETER_SET_BYTES;
  for (const text of value.slice(0, maxChars).split(",", MAX_SPROP_SETS)) {
    const set = withoutStartCode(decodeBase64(text.trim()));
    if (set.length > 0 && set.length <= MAX_PARAMETER_SET_BYTES) {
      sets.push(set);
    }
  }
  return sets;
}

/** Writes parameter sets as {@linkcode parseSpropSets} reads them. */
export function serializeSpropSets(sets: readonly Uint8Array[]): string {
  return sets.map((set) => set.toBase64()).join(",");
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return new Uint8Array();
    throw error;
  }
}

function withoutStartCode(set: Uint8Array): Uint8Array {
  let zeroCount = 0;
  while (set[zeroCount] === 0) zeroCount++;
  const hasStartCode = zeroCount >= 2 && set[zeroCount] === 1;
  return hasStartCode ? set.subarray(zeroCount + 1) : set;
}
