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
  #encoder: RtmpStreamEncoder;
  #connection: RtmpStream;
  #selection: RtmpSelection | undefined;
  #awaited = new AwaitedTracks();
  /** Units of the stream before the batch that follows on the last one. */
  #nextUnits = 0;

  /** Sends nothing yet. */
  constructor(options: RtmpEgressOptions) {
    this.#options = options;
    this.#encoder = options.encoder;
    this.#connection = options.connection;
  }

  /** One write for everything of a batch. Hot path. */
  deliver(batch: Batch): boolean {
    const { tracks, units, unitsBefore } = batch;
    const before = this.#selection;
    const hasMissed = unitsBefore !== this.#nextUnits;
    this.#nextUnits = unitsBefore + units.length;
    if (before === undefined || before.tracks !== tracks) {
      return this.#begin(batch, before, hasMissed);
    }
    if (hasMissed) this.#awaited.begin(batch, before, undefined);
    const bytes = this.#frames(batch, before);
    if (bytes.length === 0) return this.#connection.isIdle;
    return this.#connection.send(bytes);
  }

  /** The stream has ended. */
  end(reason: string): void {
    this.#options.onEnd(reason);
  }

  /** A batch with other tracks than those before. */
  #begin(
    batch: Batch,
    before: RtmpSelection | undefined,
    hasMissed: boolean,
  ): boolean {
    const { capabilities, onSelection } = this.#options;
    const selection = selectTracks(batch.tracks, capabilities);
    this.#selection = selection;
    onSelection(selection);
    this.#awaited.begin(batch, selection, hasMissed ? undefined : before);
    const opening = this.#encoder.opening(batch, selection, before);
    // In one piece: behind a write in flight there would not be room for a large batch.
    return this.#connection.sendAll([opening, this.#frames(batch, selection)]);
  }

  #frames(batch: Batch, selection: RtmpSelection): Uint8Array {
    const awaited = this.#awaited;
    if (awaited.ids.length === 0) return this.#encoder.encode(batch, selection);
    const bytes = this.#encoder.encode(batch, selection, awaited.ids);
    awaited.pass(batch);
    return bytes;
  }
}
