import { codecLabel } from "#codecs/codec.ts";
import type { ReadGrant } from "#core/ports.ts";
import type { Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import { RtmpEgress } from "./egress.ts";
import type { RtmpStream } from "./encrypted_stream.ts";
import { RtmpError } from "./errors.ts";
import { RtmpStreamEncoder } from "./stream_encoder.ts";
import { codecLabelsFor, type RtmpSelection } from "./track_selection.ts";
import type { RtmpCapabilities } from "./wire/capabilities.ts";

/** What a player is made of. */
export interface RtmpPlayerOptions {
  readonly grant: ReadGrant;
  readonly stream: RtmpStream;
  /** What the player said in `connect`. */
  readonly capabilities: RtmpCapabilities;
  readonly onEnd: (reason: string) => void;
}

/** The media that flows to one player. */
export class RtmpPlayer {
  #selection: RtmpSelection;
  #subscription: Subscription;
  #stream: RtmpStream;

  /** Subscribes; media flows after `start()`. @throws {RtmpError} if no track can be carried. */
  constructor(options: RtmpPlayerOptions) {
    const { grant, stream, capabilities, onEnd } = options;
    this.#stream = stream;
    const encoder = RtmpStreamEncoder.of(grant.stream, capabilities);
    this.#selection = encoder.selectionOf(grant.stream.tracks);
    if (this.#selection.carried.length === 0) {
      throw new RtmpError(
        "no_supported_codec",
        `the stream doesn't contain any supported codec, which are currently ${
          codecLabelsFor(capabilities)
        }`,
      );
    }
    const egress = new RtmpEgress(encoder, stream, onEnd);
    this.#subscription = grant.subscribe(egress);
    stream.onDrained = () => this.#subscription.resume();
  }

  /** Tracks that are left out. */
  get skipped(): readonly Track[] {
    return this.#selection.skipped;
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
    if (this.#stream.isIdle) this.#subscription.resume();
  }

  /** Stops the media. */
  stop(): void {
    this.#subscription[Symbol.dispose]();
    this.#stream.onDrained = undefined;
  }
}
