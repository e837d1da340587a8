import { ParseError } from "#base/errors.ts";

/** Largest parameter set that is kept; also what fits the 16-bit lengths of `avcC` and `hvcC`. */
export const MAX_PARAMETER_SET_BYTES = 16_384;

/** Tells whether two byte ranges hold the same. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Takes a parameter set among the known ones; one with the same id is replaced.
 *
 * Input: `nal` is borrowed and copied if kept; `idOf` reads the id of a set and may throw a `ParseError`.
 * Output: `known` itself if nothing changes, which includes a set that is unreadable or over
 * {@linkcode MAX_PARAMETER_SET_BYTES}.
 */
export function withParameterSet(
  known: readonly Uint8Array[],
  nal: Uint8Array,
  idOf: (nal: Uint8Array) => number,
): readonly Uint8Array[] {
  for (const set of known) if (isSameBytes(set, nal)) return known;
  if (nal.length > MAX_PARAMETER_SET_BYTES) return known;
  const id = readId(nal, idOf);
  if (id === undefined) return known;
  const index = known.findIndex((set) => readId(set, idOf) === id);
  return index < 0 ? [...known, nal.slice()] : known.with(index, nal.slice());
}

function readId(
  nal: Uint8Array,
  idOf: (nal: Uint8Array) => number,
): number | undefined {
  try {
    return idOf(nal);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
