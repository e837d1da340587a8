/**
 * Tells whether a frame is a key frame, by the first byte of its frame tag.
 *
 * Hot path. Spec: RFC 6386 §9.1.
 */
export function isVp8KeyFrame(firstByte: number): boolean {
  return (firstByte & 1) === 0;
}
