/**
 * Signed distance `to - from` of two wrapping counters of `widthBits` bits.
 *
 * Output: -2^(widthBits-1) to 2^(widthBits-1) - 1; positive if `to` is newer.
 * Spec: RFC 1982 §3.2.
 */
export function serialDistance(
  from: number,
  to: number,
  widthBits: 16 | 24 | 31 | 32,
): number {
  const span = 2 ** widthBits;
  const distance = (to - from) % span;
  if (distance >= span / 2) return distance - span;
  if (distance < -span / 2) return distance + span;
  return distance;
}
