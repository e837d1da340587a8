import type { Logger } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import type { ReadGrant } from "#core/ports.ts";
import type { Subscription } from "#core/subscription.ts";
import { RtmpEgress } from "./egress.ts";
import type { RtmpStream } from "./encrypted_stream.ts";
import { RtmpError } from "./errors.ts";
import { RtmpStreamEncoder } from "./stream_encoder.ts";
import {
  codecLabelsFor,
  type RtmpSelection,
  selectTracks,
} from "./track_selection.ts";
import type { RtmpCapabilities } from "./wire/capabilities.ts";

/** What a player is made of. */
export interface RtmpPlayerOptions {
  readonly grant: ReadGrant;
  readonly stream: RtmpStream;
  /** What the player said in `connect`. */
  readonly capabilities: RtmpCapabilities;
  /** Has the prefix of the connection. */
  readonly logger: Logger;
  readonly onEnd: (reason: string) => void;
}

/** The media that flows to one player. */
export class RtmpPlayer {
  #logger: Logger;
  #selection: RtmpSelection;
  #subscription: Subscription;
  #stream: RtmpStream;
  /** Lines about tracks that are left out, each told once. */
  #told = new Set<string>();

  /** Subscribes; media flows after `start()`. @throws {RtmpError} if no track can be carried. */
  constructor(options: RtmpPlayerOptions) {
    const { grant, stream, capabilities, logger, onEnd } = options;
    this.#stream = stream;
    this.#logger = logger;
    this.#selection = selectTracks(grant.stream.tracks, capabilities);
    if (this.#selection.carried.length === 0) {
      throw new RtmpError(
        "no_supported_codec",
        `the stream doesn't contain any supported codec, which are currently ${
          codecLabelsFor(capabilities)
        }`,
      );
    }
    this.#tellSkipped(this.#selection);
    const egress = new RtmpEgress({
      encoder: RtmpStreamEncoder.of(grant.stream),
      connection: stream,
      capabilities,
      onSelection: (selection) => this.#tellSkipped(selection),
      onEnd,
    });
    this.#subscription = grant.subscribe(egress);
  }

  /** Units that were left out because the player is too slow. */
  get droppedUnits(): number {
    return this.#subscription.droppedUnits;
  }

  /** The line that tools look for. */
  readingLine(pathName: string): string {
    const labels = this.#selection.carried.map(({ track }) =>
      codecLabel(track.codec)
    );
    return `is reading from path '${pathName}', ${labels.length} ${
      labels.length === 1 ? "track" : "tracks"
    } (${labels.join(", ")})`;
  }

  /** Lets the media flow: `play` has been accepted. */
  start(): void {
    this.#stream.onDrained = () => this.#subscription.resume();
    if (this.#stream.isIdle) this.#subscription.resume();
  }

  /** Stops the media. */
  stop(): void {
    this.#subscription[Symbol.dispose]();
    this.#stream.onDrained = undefined;
  }

  #tellSkipped({ tracks, skipped }: RtmpSelection): void {
    for (const track of skipped) {
      const number = tracks.indexOf(track) + 1;
      const line = `skipping track ${number} (${codecLabel(track.codec)})`;
      if (this.#told.has(line)) continue;
      this.#told.add(line);
      this.#logger.warn(line);
    }
  }
}
