import type { Track } from "#core/track.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";

/** A unit that a demuxer gave. */
export interface FoundUnit {
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  readonly isRandomAccess: boolean;
  readonly sizeBytes: number;
  readonly parts: readonly Uint8Array[];
}

/** A track and everything that came of it. */
export interface DemuxedTrack {
  /** As it was last. */
  track: Track;
  readonly units: FoundUnit[];
}

/** What a demuxer made of a stream. */
export class Demuxed {
  /** In the order of their numbers. */
  readonly tracks: DemuxedTrack[] = [];
  /** Every list of tracks that was handed over, as `id codec` of each. */
  readonly lists: string[] = [];
  readonly skipped: number[] = [];
  readonly errors: string[] = [];
  readonly demuxer: MpegTsDemuxer;
  /** Thrown at the next tracks. */
  refusal: Error | undefined;

  constructor() {
    this.demuxer = new MpegTsDemuxer({
      handleTracks: (tracks) => {
        if (this.refusal) throw this.refusal;
        this.lists.push(
          tracks.map(({ id, codec }) => `${id} ${codec.codec}`).join(", "),
        );
        for (const track of tracks) this.#found(track).track = track;
      },
      handleUnit: (track, { origin, ...unit }) => {
        const parts = origin.kind === "payload" ? origin.parts : [];
        const found = this.#found(track);
        found.units.push({ ...unit, parts });
      },
      handleSkipped: (number) => void this.skipped.push(number),
      handleError: (message) => void this.errors.push(message),
    });
  }

  /** Transport packets that did not come. */
  get lostPackets(): number {
    return this.demuxer.lostPackets;
  }

  #found(track: Track): DemuxedTrack {
    let found = this.tracks.find((one) => one.track.id === track.id);
    if (found === undefined) {
      found = { track, units: [] };
      this.tracks.push(found);
    }
    return found;
  }
}

/** Gives chunks to a demuxer, to their end. */
export function demuxed(chunks: Iterable<Uint8Array>): Demuxed {
  const found = new Demuxed();
  for (const chunk of chunks) found.demuxer.push(chunk);
  found.demuxer.end();
  return found;
}
