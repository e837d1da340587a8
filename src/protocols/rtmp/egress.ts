import type { Batch } from "#core/batch.ts";
import type { BatchSink } from "#core/subscription.ts";
import type { RtmpStream } from "./encrypted_stream.ts";
import type { RtmpStreamEncoder } from "./stream_encoder.ts";

/** Media for one player. */
export class RtmpEgress implements BatchSink {
  /** Media bytes handed to the system. */
  outboundBytes = 0;
  #encoder: RtmpStreamEncoder;
  #connection: RtmpStream;
  #onEnd: (reason: string) => void;
  #hasBegun = false;

  /** `onEnd`: the stream has ended and everything was handed over. */
  constructor(
    encoder: RtmpStreamEncoder,
    connection: RtmpStream,
    onEnd: (reason: string) => void,
  ) {
    this.#encoder = encoder;
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  /** One write for everything of a batch. Hot path. */
  deliver(batch: Batch): boolean {
    const bytes = this.#encoder.encode(batch);
    this.outboundBytes += bytes.length;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      // In one piece: behind a write in flight there would not be room for a large batch.
      return this.#connection.sendAll([this.#encoder.opening(batch), bytes]);
    }
    if (bytes.length === 0) return this.#connection.isIdle;
    return this.#connection.send(bytes);
  }

  /** The stream has ended. */
  end(reason: string): void {
    this.#onEnd(reason);
  }
}
