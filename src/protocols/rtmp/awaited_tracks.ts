import type { Batch } from "#core/batch.ts";
import type { RtmpSelection } from "./track_selection.ts";

/** A track without any picture at which a decoder may start is not left out for longer (intra refresh). */
const PATIENCE_MS = 10_000;

const NONE: readonly number[] = [];

/**
 * Video tracks that a player does not get yet: it would begin inside a group of pictures.
 *
 * A stream is joined, and joined again by a player that was too slow, where its leading track may start; the groups
 * of other video tracks begin elsewhere.
 */
export class AwaitedTracks {
  /** IDs of the tracks. */
  ids: readonly number[] = NONE;
  #endsAtMs = 0;

  /**
   * Looks at a batch before which something changed.
   *
   * `before`: what the player had up to the batch; undefined if it had nothing, or has missed something.
   */
  begin(
    batch: Batch,
    { carried }: RtmpSelection,
    before: RtmpSelection | undefined,
  ): void {
    const wanted = batch.isRandomAccess ? leadingTrackId(batch) : undefined;
    const hadBefore = new Set(before?.carried.map(({ track }) => track.id));
    const awaitedBefore = this.ids;
    this.ids = carried.filter(({ track: { id }, form }) =>
      form.flv.kind === "video" && id !== wanted &&
      (!hadBefore.has(id) || awaitedBefore.includes(id))
    ).map(({ track }) => track.id);
    if (before === undefined || awaitedBefore.length === 0) {
      this.#endsAtMs = batch.publishedAtMs + PATIENCE_MS;
    }
  }

  /** Looks at a batch that the player has got. */
  pass({ units, publishedAtMs }: Batch): void {
    this.ids = publishedAtMs > this.#endsAtMs
      ? NONE
      : this.ids.filter((id) =>
        !units.some(({ trackId, isRandomAccess }) =>
          trackId === id && isRandomAccess
        )
      );
  }
}

/** The track at whose random access units batches begin. */
function leadingTrackId({ tracks }: Batch): number | undefined {
  return tracks.find(({ kind }) => kind === "video")?.id;
}
