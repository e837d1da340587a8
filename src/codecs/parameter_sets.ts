/** Largest parameter set that is kept; also what fits the 16-bit lengths of `avcC` and `hvcC`. */
export const MAX_PARAMETER_SET_BYTES = 16_384;

/** Parameter sets of a kind that are kept: H.264 allows 256 PPS, encoders have a few. */
export const MAX_PARAMETER_SETS = 64;

/** Tells whether two byte ranges hold the same. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Takes a parameter set among the known ones; one with the same id is replaced.
 *
 * Hot path: no exception. Input: `nal` is borrowed and copied if kept; `idOf` reads the id of a set, undefined if it has
 * none. Output: `known` itself if nothing changes, which includes a set that is unreadable, over
 * {@linkcode MAX_PARAMETER_SET_BYTES}, or one more than {@linkcode MAX_PARAMETER_SETS}.
 */
export function withParameterSet(
  known: readonly Uint8Array[],
  nal: Uint8Array,
  idOf: (nal: Uint8Array) => number | undefined,
): readonly Uint8Array[] {
  for (let i = 0; i < known.length; i++) {
    if (isSameBytes(known[i]!, nal)) return known;
  }
  if (nal.length > MAX_PARAMETER_SET_BYTES) return known;
  const id = idOf(nal);
  if (id === undefined) return known;
  let index = 0;
  while (index < known.length && idOf(known[index]!) !== id) index++;
  if (index < known.length) return known.with(index, nal.slice());
  return known.length < MAX_PARAMETER_SETS ? [...known, nal.slice()] : known;
}
