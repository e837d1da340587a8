import { errorText } from "#base/errors.ts";
import type { EncodingCache } from "#core/encoding_cache.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import { mp4CodecOf } from "./mp4_codecs.ts";

const MILLISECONDS_HZ = 1_000;

/** The samples of a step among what is remembered of it. */
const ENCODINGS_KEY = "mp4/samples";

/** One sample of a track as MP4 holds it. Plain data. */
export interface Mp4Sample {
  /** `Track.id`. */
  readonly trackId: number;
  /** Decoding time in the track's ticks, on the stream's time line; may be negative. */
  readonly dtsTicks: number;
  /** Presentation time likewise; never earlier. */
  readonly ptsTicks: number;
  /** How long it lasts by its own account; undefined if only the next one tells. */
  readonly durationTicks: number | undefined;
  /** Wall clock of the capture, milliseconds since the epoch. */
  readonly wallClockMs: number;
  /** A decoder may start here. */
  readonly isSync: boolean;
  /** Owned, or a view of the unit's bytes; never changed. */
  readonly bytes: Uint8Array;
}

/** What one turn of the event loop brought to a stream; a batch of the core is one. */
export interface Mp4Step {
  readonly units: readonly MediaUnit[];
  /** Tracks in force for these units. */
  readonly tracks: readonly Track[];
  readonly encodings: EncodingCache;
}

/**
 * The samples of a step in the order of its units, made once for everybody who writes MP4 of a stream.
 *
 * Units of codecs that MP4 does not carry give none; `onError` is told, once, of those that cannot be taken apart.
 */
export function samplesOfStep(
  { units, tracks, encodings }: Mp4Step,
  onError: (message: string) => void,
): readonly Mp4Sample[] {
  const known = encodings.get<readonly Mp4Sample[]>(ENCODINGS_KEY);
  if (known !== undefined) return known;
  const samples: Mp4Sample[] = [];
  for (const unit of units) {
    const track = tracks.find(({ id }) => id === unit.trackId);
    if (track === undefined) continue;
    try {
      addSamples(samples, unit, track);
    } catch (error) {
      onError(errorText(error));
    }
  }
  return encodings.set(ENCODINGS_KEY, samples);
}

/**
 * The samples of one unit; empty if MP4 does not carry its codec, or it holds nothing to write. Hot path.
 *
 * @throws {ParseError} if the unit cannot be taken apart.
 */
export function samplesOfUnit(unit: MediaUnit, track: Track): Mp4Sample[] {
  const samples: Mp4Sample[] = [];
  addSamples(samples, unit, track);
  return samples;
}

function addSamples(
  samples: Mp4Sample[],
  unit: MediaUnit,
  track: Track,
): void {
  const codec = mp4CodecOf(track.codec);
  if (codec === undefined) return;
  const isSound = track.kind === "audio";
  const frames = codec.frames(
    unitParts(unit, track),
    track.codec,
    unit.isRandomAccess,
  );
  for (let i = 0; i < frames.length; i++) {
    const { bytes, offsetTicks, durationTicks } = frames[i]!;
    samples.push({
      trackId: track.id,
      dtsTicks: unit.dtsTicks + offsetTicks,
      ptsTicks: unit.ptsTicks + offsetTicks,
      durationTicks,
      wallClockMs: unit.wallClockMs +
        offsetTicks * MILLISECONDS_HZ / track.clockRateHz,
      isSync: isSound || unit.isRandomAccess,
      bytes,
    });
  }
}
