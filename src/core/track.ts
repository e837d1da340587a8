import type { CodecParameters, TrackKind } from "#codecs/codec.ts";

/** One elementary stream of a publication. Plain data; a change makes a new object. */
export interface Track {
  /** Small number, unique in its stream, constant while the publication lasts. */
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: CodecParameters;
  /** Ticks a second of the track's timestamps. */
  readonly clockRateHz: number;
}
