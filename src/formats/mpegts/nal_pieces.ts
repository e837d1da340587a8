/** In front of the first NAL unit of a picture and of parameter sets. Spec: ITU-T H.264 annex B. */
const LONG_START_CODE = Uint8Array.of(0, 0, 0, 1);
const START_CODE = Uint8Array.of(0, 0, 1);

/** What a picture made of NAL units must have. */
export interface NalPictureForm {
  /** Access unit delimiter with its start code: a picture begins with one. */
  readonly delimiter: Uint8Array;
  /** Parameter sets of the track: they stand in front of every picture at which a decoder may start. */
  readonly sets: readonly (readonly Uint8Array[])[];
  readonly isParameterSet: (nal: Uint8Array) => boolean;
  /** Delimiters of the publisher, filler and empty ones. */
  readonly isLeftOut: (nal: Uint8Array) => boolean;
}

/** One picture as a byte stream of NAL units; empty if it has no media. Hot path. Spec: ISO/IEC 13818-1 §2.14, §2.17. */
export function nalPicture(
  parts: readonly Uint8Array[],
  isRandomAccess: boolean,
  { delimiter, sets, isParameterSet, isLeftOut }: NalPictureForm,
): Uint8Array[] {
  const pieces: Uint8Array[] = [delimiter];
  if (isRandomAccess) {
    for (const ofKind of sets) {
      for (const set of ofKind) pieces.push(LONG_START_CODE, set);
    }
  }
  let hasMedia = false;
  for (let i = 0; i < parts.length; i++) {
    const nal = parts[i]!;
    if (isLeftOut(nal)) continue;
    const isSet = isParameterSet(nal);
    if (isSet && isRandomAccess) continue;
    hasMedia ||= !isSet;
    pieces.push(isSet ? LONG_START_CODE : START_CODE, nal);
  }
  return hasMedia ? pieces : [];
}
