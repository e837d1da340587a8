import type { Clock } from "#base/clock.ts";
import type { Publication, PublishedUnit } from "#core/publication.ts";
import type { Track } from "#core/track.ts";

/** Sound waits this long for the first picture at which a reader can start. */
const FIRST_PICTURE_PATIENCE_MS = 3_000;

/** Units that may wait for it; with more it is not waited for any longer. */
const MAX_WAITING_UNITS = 1_024;

/** Sound up to this much older than the first picture belongs to it. */
const MAX_LEAD_MS = 250;

/** What of a publication is used. */
export type LeadInSink = Pick<Publication, "tracks" | "publish" | "flush">;

interface WaitingUnit {
  readonly track: Track;
  readonly unit: PublishedUnit;
}

/**
 * Puts the beginning of tracks that come side by side in order: the first picture, then its sound.
 *
 * Over UDP a burst of pictures and sound is read from several sockets, and sound, which is smaller, overtakes; over TCP
 * some peers send it in whatever order their tracks get ready [GStreamer 1.22 rtsp-server].
 * What stands before the first picture reaches nobody who joins.
 */
export class LeadIn implements Disposable {
  #publication: LeadInSink;
  #waiting: WaitingUnit[] = [];
  #isOver = false;
  #cancelPatience: () => void;

  /** Waits only if there is something to wait for. */
  constructor(publication: LeadInSink, clock: Clock) {
    this.#publication = publication;
    this.#cancelPatience = clock.after(
      FIRST_PICTURE_PATIENCE_MS,
      () => this.#end(-Infinity),
    );
    const hasVideo = publication.tracks.some(({ kind }) => kind === "video");
    if (!hasVideo) this[Symbol.dispose]();
  }

  /** Publishes a unit now, or behind the first picture. Hot path. */
  publish(track: Track, unit: PublishedUnit): void {
    if (this.#isOver || track.kind === "video" && !unit.isRandomAccess) {
      this.#publication.publish(track, unit);
    } else if (track.kind === "video") {
      this.#publication.publish(track, unit);
      this.#end(startMs(track, unit) - MAX_LEAD_MS);
    } else {
      this.#waiting.push({ track, unit });
      if (this.#waiting.length > MAX_WAITING_UNITS) this.#end(-Infinity);
    }
  }

  /** Publishes what waits. */
  [Symbol.dispose](): void {
    this.#end(-Infinity);
  }

  #end(fromMs: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelPatience();
    for (const { track, unit } of this.#waiting) {
      if (startMs(track, unit) < fromMs) continue;
      this.#publication.publish(track, unit);
    }
    this.#waiting = [];
    this.#publication.flush();
  }
}

function startMs({ clockRateHz }: Track, { dtsTicks }: PublishedUnit): number {
  return dtsTicks * 1_000 / clockRateHz;
}
