import type { LiveBody } from "#platform/live_body.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { LAST_CHUNK, sharedChunkOf } from "./chunk.ts";
import { readToEnd } from "./read_to_end.ts";

/**
 * Sends a body that goes on for as long as its reader stays, and ends with its connection.
 *
 * In chunks, as to ffmpeg a body without an end of its own has broken off.
 */
export class LiveSender {
  #connection: TcpConnection;
  #body: LiveBody;
  #isChunked: boolean;
  #ended = Promise.withResolvers<void>();

  /** Nothing flows before {@linkcode start}. Input: `isChunked` false for peers of HTTP/1.0, which know no chunks. */
  constructor(connection: TcpConnection, body: LiveBody, isChunked: boolean) {
    this.#connection = connection;
    this.#body = body;
    this.#isChunked = isChunked;
  }

  /** Lets the body flow. */
  start(): void {
    this.#body.sendTo({
      send: (pieces) => this.#send(pieces),
      end: () => this.#end(),
    });
  }

  /** Settles when the body or its reader has ended. */
  async run(): Promise<void> {
    readToEnd(this.#connection).then(() => this.handleGone());
    await this.#ended.promise;
  }

  /** What was sent has left. */
  handleDrained(): void {
    this.#body.handleDrained();
  }

  /** The reader has gone. */
  handleGone(): void {
    this.#body.handleGone();
    this.#ended.resolve();
  }

  /** Part of the connection's: nothing to do. */
  tick(): void {}

  /** Hot path. */
  #send(pieces: readonly Uint8Array[]): boolean {
    const connection = this.#connection;
    const isChunked = this.#isChunked;
    if (pieces.length === 1) {
      const piece = pieces[0]!;
      return connection.send(isChunked ? sharedChunkOf(piece) : piece);
    }
    return connection.sendAll(isChunked ? pieces.map(sharedChunkOf) : pieces);
  }

  #end(): void {
    if (this.#isChunked) this.#connection.send(LAST_CHUNK);
    this.#ended.resolve();
  }
}
