/** First byte of the descriptor, `I|P|L|F|B|E|V|Z`. Spec: RFC 9628 §4.2. */
export const VP9_DESCRIPTOR = {
  pictureId: 0b1000_0000,
  interPredicted: 0b0100_0000,
  layerIndices: 0b0010_0000,
  flexibleMode: 0b0001_0000,
  start: 0b0000_1000,
  end: 0b0000_0100,
  scalabilityStructure: 0b0000_0010,
} as const;

/** First byte of the picture id: it has a second one. */
const LONG_PICTURE_ID_BIT = 0b1000_0000;
/** Further reference index, in `P_DIFF|N`. */
const MORE_REFERENCES_BIT = 1;
/** Reference indices of one frame in flexible mode. */
const MAX_REFERENCES = 3;

/** First byte of the scalability structure, `N_S|Y|G|- - -`. Spec: RFC 9628 §4.2.1. */
const LAYER_COUNT_SHIFT_BITS = 5;
const RESOLUTION_BIT = 0b0001_0000;
const PICTURE_GROUP_BIT = 0b0000_1000;
const RESOLUTION_BYTES = 4;
/** Number of references in a picture of a group, `TID|U|R|- -`. */
const REFERENCE_COUNT_SHIFT_BITS = 2;
const REFERENCE_COUNT_MASK = 0b11;

/**
 * Bytes of the payload descriptor; those of the payload or more if it is cut or has too many references.
 *
 * ```text
 *       |I|P|L|F|B|E|V|Z|
 *  I:   |M| PICTURE ID  |
 *  M:   | EXTENDED PID  |
 *  L:   | TID |U| SID |D|
 *       |   TL0PICIDX   |  if not F
 *  P,F: | P_DIFF      |N|  up to 3 times
 *  V:   | SS            |
 * ```
 *
 * Hot path: what is read past the end counts as zero bits. Input: a payload of at least one byte, borrowed.
 * Spec: RFC 9628 §4.2.
 */
export function vp9DescriptorBytes(payload: Uint8Array): number {
  const bits = payload[0]!;
  const isFlexible = (bits & VP9_DESCRIPTOR.flexibleMode) !== 0;
  let at = 1;
  if ((bits & VP9_DESCRIPTOR.pictureId) !== 0) {
    at += (payload[at]! & LONG_PICTURE_ID_BIT) === 0 ? 1 : 2;
  }
  if ((bits & VP9_DESCRIPTOR.layerIndices) !== 0) at += isFlexible ? 1 : 2;
  if (isFlexible && (bits & VP9_DESCRIPTOR.interPredicted) !== 0) {
    let referenceCount = 0;
    do {
      if (referenceCount++ === MAX_REFERENCES) return payload.length;
    } while ((payload[at++]! & MORE_REFERENCES_BIT) !== 0);
  }
  if ((bits & VP9_DESCRIPTOR.scalabilityStructure) !== 0) {
    return scalabilityStructureEnd(payload, at);
  }
  return at;
}

/** Offset behind the scalability structure; the payload's end or more if it is cut. Spec: RFC 9628 §4.2.1. */
function scalabilityStructureEnd(
  payload: Uint8Array,
  offsetBytes: number,
): number {
  const bits = payload[offsetBytes] ?? 0;
  let at = offsetBytes + 1;
  if ((bits & RESOLUTION_BIT) !== 0) {
    at += ((bits >> LAYER_COUNT_SHIFT_BITS) + 1) * RESOLUTION_BYTES;
  }
  if ((bits & PICTURE_GROUP_BIT) === 0) return at;
  const pictureCount = payload[at++] ?? 0;
  for (let i = 0; i < pictureCount && at < payload.length; i++) {
    at += 1 +
      (payload[at]! >> REFERENCE_COUNT_SHIFT_BITS & REFERENCE_COUNT_MASK);
  }
  return at;
}
