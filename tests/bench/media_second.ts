import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { AUDIO, h264Slice, VIDEO } from "#test/units.ts";

/** Pictures and frames of sound of a second, 5 Mbit/s of pictures. */
const PICTURES = 25;
const PICTURE_BYTES = 25_000;
const SOUND_FRAMES = 47;
const SOUND_BYTES = 200;

/** What a second has. */
export const MEDIA_SECOND_TEXT: string = `${PICTURES} pictures of ${
  PICTURE_BYTES / 1_000
} kB and ${SOUND_FRAMES} frames of sound`;

/** Tracks of the second. */
export const TRACKS: readonly Track[] = [VIDEO, AUDIO];

/** What one turn of the event loop brings. */
export interface MediaStep {
  readonly units: readonly MediaUnit[];
  readonly tracks: readonly Track[];
}

/** A second of a stream, a unit a step. */
export function mediaSecond(): MediaStep[] {
  const pictures = Array.from(
    { length: PICTURES },
    (_, i) =>
      unitOf(
        VIDEO,
        i * VIDEO.clockRateHz / PICTURES,
        h264Slice(i === 0, PICTURE_BYTES, 0x5a),
        i === 0,
      ),
  );
  const sound = Array.from(
    { length: SOUND_FRAMES },
    (_, i) =>
      unitOf(AUDIO, i * 1_024, new Uint8Array(SOUND_BYTES).fill(i), true),
  );
  const seconds = (unit: MediaUnit) =>
    unit.dtsTicks / TRACKS[unit.trackId]!.clockRateHz;
  return [...pictures, ...sound].sort((a, b) => seconds(a) - seconds(b))
    .map((unit) => ({ units: [unit], tracks: TRACKS }));
}

function unitOf(
  { id }: Track,
  ticks: number,
  part: Uint8Array,
  isRandomAccess: boolean,
): MediaUnit {
  return {
    trackId: id,
    ptsTicks: ticks,
    dtsTicks: ticks,
    wallClockMs: 0,
    isRandomAccess,
    sizeBytes: part.length,
    origin: { kind: "payload", parts: [part] },
  };
}
