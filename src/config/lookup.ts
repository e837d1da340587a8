/** Most edits that still count as a slip of the pen. */
const MAX_EDITS = 3;

/** Longer keys are not compared: no key of ours comes near. */
const MAX_COMPARED_CHARS = 64;

/** The known key that `key` was most likely meant to be. */
export function nearestKey(
  key: string,
  known: Iterable<string>,
): string | undefined {
  if (key.length > MAX_COMPARED_CHARS) return undefined;
  let best: string | undefined;
  let bestEdits = Math.min(MAX_EDITS, Math.ceil(key.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(key.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Insertions, removals and exchanges that make `a` into `b`. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return Infinity;
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(exchange, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
