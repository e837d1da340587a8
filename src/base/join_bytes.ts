/**
 * Joins byte ranges, up to `maxBytes` of them.
 *
 * Output: the range itself if there is only one and it is short enough, else a new allocation.
 */
export function joinBytes(
  views: readonly Uint8Array[],
  maxBytes: number = Infinity,
): Uint8Array {
  if (views.length === 1 && views[0]!.length <= maxBytes) return views[0]!;
  let lengthBytes = 0;
  for (const view of views) lengthBytes += view.length;
  const joined = new Uint8Array(Math.min(lengthBytes, maxBytes));
  let at = 0;
  for (const view of views) {
    const restBytes = joined.length - at;
    if (restBytes <= 0) break;
    joined.set(
      view.length > restBytes ? view.subarray(0, restBytes) : view,
      at,
    );
    at += view.length;
  }
  return joined;
}
