import type { Batch } from "#core/batch.ts";
import type { BatchSink } from "#core/subscription.ts";
import { AwaitedTracks } from "./awaited_tracks.ts";
import type { RtmpStream } from "./encrypted_stream.ts";
import type { RtmpStreamEncoder } from "./stream_encoder.ts";
import { type RtmpSelection, selectTracks } from "./track_selection.ts";
import type { RtmpCapabilities } from "./wire/capabilities.ts";

/** What the egress of a player is made of. */
export interface RtmpEgressOptions {
  readonly encoder: RtmpStreamEncoder;
  readonly connection: RtmpStream;
  /** What the player said that it takes. */
  readonly capabilities: RtmpCapabilities;
  /** The player is about to get these tracks. */
  readonly onSelection: (selection: RtmpSelection) => void;
  /** The stream has ended and everything was handed over. */
  readonly onEnd: (reason: string) => void;
}

/** Media for one player. */
export class RtmpEgress implements BatchSink {
  #options: RtmpEgressOptions;
  #selection: RtmpSelection | undefined;
  #awaited = new AwaitedTracks();
  /** Units of the stream before the batch that follows on the last one. */
  #nextUnits = 0;

  /** Sends nothing yet. */
  constructor(options: RtmpEgressOptions) {
    this.#options = options;
  }

  /** One write for everything of a batch. Hot path. */
  deliver(batch: Batch): boolean {
    const { encoder, connection } = this.#options;
    const before = this.#selection;
    const selection = before?.tracks === batch.tracks
      ? before
      : this.#select(batch);
    const hasMissed = batch.unitsBefore !== this.#nextUnits;
    if (selection !== before || hasMissed) {
      this.#awaited.begin(batch, selection, hasMissed ? undefined : before);
    }
    this.#nextUnits = batch.unitsBefore + batch.units.length;
    const bytes = encoder.encode(batch, selection, this.#awaited.ids);
    if (this.#awaited.ids.length > 0) this.#awaited.pass(batch);
    if (selection !== before) {
      // In one piece: behind a write in flight there would not be room for a large batch.
      const opening = encoder.opening(batch, selection, before);
      return connection.sendAll([opening, bytes]);
    }
    if (bytes.length === 0) return connection.isIdle;
    return connection.send(bytes);
  }

  /** The stream has ended. */
  end(reason: string): void {
    this.#options.onEnd(reason);
  }

  #select({ tracks }: Batch): RtmpSelection {
    const { capabilities, onSelection } = this.#options;
    this.#selection = selectTracks(tracks, capabilities);
    onSelection(this.#selection);
    return this.#selection;
  }
}
