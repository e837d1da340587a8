import { ParseError } from "#base/errors.ts";
import { type CodecParameters, isSameCodec } from "#codecs/codec.ts";
import type { PublishedUnit } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { mp4CodecOf } from "#formats/fmp4/mp4_codecs.ts";
import type { ClipUnit } from "./clip.ts";

/** Clips follow each other no faster: a file that is one picture does not keep the machine busy. */
const MIN_CLIP_SECONDS = 0.1;

/** Tracks of a clip may end so far apart that the next clip begins before the longest has ended. */
const MAX_OVERLAP_SECONDS = 1;

/** A unit in the time of all clips. */
export interface PlacedUnit extends PublishedUnit {
  /** One of the set's. */
  readonly track: Track;
  readonly trackSet: TrackSet;
  /** Decoding time, to put tracks in order. */
  readonly dtsSeconds: number;
  /** Up to when the file says that it is shown, and no other is to come; its decoding time if it does not tell. */
  readonly endSeconds: number;
}

/** Tracks that are there together. */
export interface TrackSet {
  readonly tracks: readonly Track[];
  /** Later sets have higher numbers. */
  readonly number: number;
}

/** What a track of the present clip is on the line. */
interface PlacedTrack {
  /** Kind and place among the tracks of that kind: what follows each other. */
  readonly name: string;
  readonly track: Track;
}

/** Where the units of a track have got to. */
interface TrackSpan {
  endPtsSeconds: number;
  lastDtsSeconds: number;
  stepSeconds: number;
  last: ClipUnit;
}

/**
 * Puts clips one after the other on one line of time.
 *
 * All tracks of a clip are moved by the same time, so that they stay in sync: the least by which no track begins before
 * it has ended in the clip before. A clip that follows itself goes on without a gap if its tracks are equally long.
 */
export class ClipLine {
  /** By name, codec and clock. */
  #tracks = new Map<string, Track>();
  #trackSet: TrackSet = { tracks: [], number: 0 };
  #clipTracks: readonly Track[] = [];
  #placed = new Map<Track, PlacedTrack>();
  /** By name, those of clips before included. */
  #spans = new Map<string, TrackSpan>();
  #shiftSeconds = 0;
  #startSeconds = -Infinity;

  /** The next clip begins with these units: one of each track, as far as they come soon. */
  begin(head: readonly ClipUnit[]): void {
    const starts = new Map<string, { pts: number; dts: number }>();
    for (const unit of head) {
      const { track, ptsTicks, dtsTicks } = unit;
      const { name } = this.#placedTrack(unit);
      const pts = ptsTicks / track.clockRateHz;
      const start = starts.get(name);
      if (start === undefined) {
        starts.set(name, { pts, dts: dtsTicks / track.clockRateHz });
      } else start.pts = Math.min(start.pts, pts);
    }
    const firstSeconds = Math.min(...Array.from(starts.values(), (s) => s.dts));
    let endSeconds = -Infinity;
    let shiftSeconds = -Infinity;
    for (const [name, span] of this.#spans) {
      const lastSeconds = durationSeconds(span);
      const endPts = span.endPtsSeconds + lastSeconds;
      const endDts = span.lastDtsSeconds + lastSeconds;
      endSeconds = Math.max(endSeconds, endPts);
      const start = starts.get(name);
      if (start === undefined) continue;
      shiftSeconds = Math.max(
        shiftSeconds,
        endPts - start.pts,
        endDts - start.dts,
      );
    }
    if (this.#spans.size > 0) {
      this.#shiftSeconds = Math.max(
        shiftSeconds,
        endSeconds - MAX_OVERLAP_SECONDS - firstSeconds,
        this.#startSeconds + MIN_CLIP_SECONDS - firstSeconds,
      );
    }
    this.#startSeconds = firstSeconds + this.#shiftSeconds;
  }

  /** Places the next unit of the clip that has begun. */
  place(unit: ClipUnit): PlacedUnit {
    const { name, track } = this.#placedTrack(unit);
    const { clockRateHz } = track;
    const shiftTicks = Math.round(this.#shiftSeconds * clockRateHz);
    const ptsTicks = unit.ptsTicks + shiftTicks;
    const dtsTicks = unit.dtsTicks + shiftTicks;
    const dtsSeconds = dtsTicks / clockRateHz;
    this.#extend(name, unit, { pts: ptsTicks / clockRateHz, dts: dtsSeconds });
    const { isRandomAccess, sizeBytes, origin, durationTicks = 0 } = unit;
    return {
      ...{ ptsTicks, dtsTicks, dtsSeconds, isRandomAccess, sizeBytes, origin },
      endSeconds: dtsSeconds + durationTicks / clockRateHz,
      track,
      trackSet: this.#trackSet,
    };
  }

  #extend(
    name: string,
    last: ClipUnit,
    { pts, dts }: { readonly pts: number; readonly dts: number },
  ): void {
    const span = this.#spans.get(name);
    if (span === undefined) {
      this.#spans.set(name, {
        endPtsSeconds: pts,
        lastDtsSeconds: dts,
        stepSeconds: 0,
        last,
      });
      return;
    }
    span.endPtsSeconds = Math.max(span.endPtsSeconds, pts);
    span.stepSeconds = Math.max(0, dts - span.lastDtsSeconds);
    span.lastDtsSeconds = dts;
    span.last = last;
  }

  #placedTrack({ track, tracks }: ClipUnit): PlacedTrack {
    if (tracks !== this.#clipTracks) this.#setTracks(tracks);
    return this.#placed.get(track)!;
  }

  #setTracks(clipTracks: readonly Track[]): void {
    this.#clipTracks = clipTracks;
    this.#placed.clear();
    const counts = new Map<string, number>();
    for (const track of clipTracks) {
      const count = counts.get(track.kind) ?? 0;
      counts.set(track.kind, count + 1);
      const name = `${track.kind} ${count}`;
      this.#placed.set(track, { name, track: this.#trackFor(track, name) });
    }
    const tracks = Array.from(this.#placed.values(), ({ track }) => track)
      .sort((a, b) => a.id - b.id);
    const isSame = tracks.length === this.#trackSet.tracks.length &&
      tracks.every((track, i) => track === this.#trackSet.tracks[i]);
    if (!isSame) this.#trackSet = { tracks, number: this.#trackSet.number + 1 };
  }

  /** The same object while nothing of a track changes; the same number while its codec and its clock do not. */
  #trackFor({ kind, codec, clockRateHz }: Track, name: string): Track {
    const key = `${name} ${codec.codec} ${clockRateHz}`;
    const known = this.#tracks.get(key);
    if (known && isSameCodec(known.codec, codec)) return known;
    const id = known?.id ?? this.#tracks.size;
    const track = { id, kind, codec, clockRateHz };
    this.#tracks.set(key, track);
    return track;
  }
}

/**
 * How long the last unit of a track lasts: as the file says, but sound no less than its frames, whatever the file cuts
 * off; or else as long as the one before.
 */
function durationSeconds({ last, stepSeconds }: TrackSpan): number {
  const { track, durationTicks = 0, origin } = last;
  const soundTicks = track.kind === "audio" && origin.kind === "payload"
    ? framesTicks(origin.parts, track.codec)
    : 0;
  const ticks = Math.max(durationTicks, soundTicks);
  return ticks > 0 ? ticks / track.clockRateHz : stepSeconds;
}

/** Ticks of the frames of sound in one unit; 0 if they do not tell. */
function framesTicks(
  parts: readonly Uint8Array[],
  codec: CodecParameters,
): number {
  try {
    const last = mp4CodecOf(codec)?.frames(parts, codec, true).at(-1);
    return (last?.offsetTicks ?? 0) + (last?.durationTicks ?? 0);
  } catch (error) {
    if (error instanceof ParseError) return 0;
    throw error;
  }
}
