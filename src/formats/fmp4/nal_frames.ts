import { nalFrames } from "#formats/flv/nal_payload.ts";
import type { Mp4Frame } from "./mp4_codec.ts";

/** What a sample made of NAL units may hold. */
export interface NalSampleForm {
  /** Parameter sets of the track: they stand in front of every sample at which a decoder may start. */
  readonly sets: readonly (readonly Uint8Array[])[];
  readonly isParameterSet: (nal: Uint8Array) => boolean;
  /** Delimiters, filler and empty ones say nothing in a file. */
  readonly isLeftOut: (nal: Uint8Array) => boolean;
}

/**
 * One picture as a sample: NAL units behind lengths of four bytes.
 *
 * Parameter sets stand in the sample, too, so that a file outlives a change of them. Hot path.
 */
export function nalSample(
  parts: readonly Uint8Array[],
  isRandomAccess: boolean,
  { sets, isParameterSet, isLeftOut }: NalSampleForm,
): Mp4Frame[] {
  let hasMedia = false;
  for (let i = 0; i < parts.length && !hasMedia; i++) {
    hasMedia = !isLeftOut(parts[i]!) && !isParameterSet(parts[i]!);
  }
  if (!hasMedia) return [];
  const nals = isRandomAccess
    ? [...sets.flat(), ...parts.filter((nal) => !isParameterSet(nal))]
    : parts;
  return nalFrames(nals, 0, isLeftOut).map(({ body, offsetTicks }) => ({
    bytes: body,
    offsetTicks,
    durationTicks: undefined,
  }));
}
