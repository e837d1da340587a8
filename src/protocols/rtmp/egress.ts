import type { Batch } from "#core/batch.ts";
import type { BatchSink } from "#core/subscription.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { RtmpStreamEncoder } from "./stream_encoder.ts";

/** Media for one player. */
export class RtmpEgress implements BatchSink {
  /** Media bytes handed to the system. */
  outboundBytes = 0;
  #encoder: RtmpStreamEncoder;
  #connection: TcpConnection;
  #onEnd: (reason: string) => void;
  #hasBegun = false;

  /** `onEnd`: the stream has ended and everything was handed over. */
  constructor(
    encoder: RtmpStreamEncoder,
    connection: TcpConnection,
    onEnd: (reason: string) => void,
  ) {
    this.#encoder = encoder;
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  /** One write for everything of a batch. Hot path. */
  deliver(batch: Batch): boolean {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#connection.send(this.#encoder.opening(batch));
    }
    const bytes = this.#encoder.encode(batch);
    if (bytes.length === 0) return this.#connection.isIdle;
    this.outboundBytes += bytes.length;
    return this.#connection.send(bytes);
  }

  /** The stream has ended. */
  end(reason: string): void {
    this.#onEnd(reason);
  }
}
