import type { Clock } from "#base/clock.ts";
import { ParseError } from "#base/errors.ts";
import { type Logger, SampledError } from "#base/log.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { RtmpIngest } from "./ingest.ts";
import type { RtmpMessage } from "./wire/messages.ts";
import { parseRtmpMetadata } from "./wire/metadata.ts";

/** Tracks that are left out are named, up to so many. */
const MAX_NAMED_TRACKS = 8;

/** What a media input is made of. */
export interface RtmpMediaInputOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tracks are known: attaches the stream to its path. May throw what the path says. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** The path did not take the stream, or the stream went too far. */
  readonly onRefused: (error: unknown) => void;
}

/** Media that one peer sends, on its way to a path; what cannot be read is counted and told, and ends nothing. */
export class RtmpMediaInput implements Disposable {
  /** Monotonic time of the last media, or of the beginning. */
  lastMediaAtMs: number;
  /** Monotonic time of the last media that can be decoded, or of the beginning. */
  lastUsedAtMs: number;
  #clock: Clock;
  #ingest: RtmpIngest;
  #errors: SampledError;
  #seenBytes = 0;
  #seenMessages = 0;
  #skippedTracks = 0;

  /** Begins to detect tracks. */
  constructor({ clock, logger, attach, onRefused }: RtmpMediaInputOptions) {
    this.lastMediaAtMs = clock.monotonicMs();
    this.lastUsedAtMs = this.lastMediaAtMs;
    this.#clock = clock;
    this.#errors = new SampledError(logger, clock);
    this.#ingest = new RtmpIngest({
      clock,
      attach,
      onRefused,
      onSkipped: (kind, codecId, trackId) => {
        if (++this.#skippedTracks > MAX_NAMED_TRACKS) return;
        const isLast = this.#skippedTracks === MAX_NAMED_TRACKS;
        logger.warn(
          `skipping ${kind} track${
            trackId > 0 ? ` ${trackId}` : ""
          }: codec ${codecId} is not supported over RTMP here${
            isLast ? "; further tracks are skipped without a word" : ""
          }`,
        );
      },
    });
  }

  /** Media bytes received. */
  get inboundBytes(): number {
    return this.#ingest.inboundBytes;
  }

  /** What has not come since {@linkcode lastUsedAtMs}. */
  get missing(): string {
    return this.lastMediaAtMs > this.lastUsedAtMs
      ? "no media that can be decoded"
      : "no media";
  }

  /** Takes a video or audio message. Hot path. */
  handleMedia(message: RtmpMessage): void {
    try {
      this.#ingest.handleMedia(message);
    } catch (error) {
      this.#count(error);
    }
  }

  /** Takes a data message. */
  handleData(message: RtmpMessage): void {
    try {
      const metadata = parseRtmpMetadata(message);
      if (metadata) this.#ingest.handleMetadata(metadata);
    } catch (error) {
      this.#count(error);
    }
  }

  /** Hands over what came with one read of the socket. */
  flush(): void {
    const { inboundBytes, usedMessages } = this.#ingest;
    if (inboundBytes !== this.#seenBytes) {
      this.#seenBytes = inboundBytes;
      this.lastMediaAtMs = this.#clock.monotonicMs();
    }
    if (usedMessages !== this.#seenMessages) {
      this.#seenMessages = usedMessages;
      this.lastUsedAtMs = this.lastMediaAtMs;
    }
    this.#ingest.flush();
  }

  /** Nothing more comes: what was kept still goes out. */
  [Symbol.dispose](): void {
    this.#ingest.end();
    this.#errors[Symbol.dispose]();
  }

  #count(error: unknown): void {
    if (!(error instanceof ParseError)) throw error;
    this.#errors.add(error.message);
  }
}
