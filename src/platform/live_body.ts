/** Bytes that wait in the stream before its reader counts as busy. */
const MAX_WAITING_BYTES = 64 * 1_024;

/** By the answer: to ask one for its body would make a stream of it. */
const BODIES = new WeakMap<Response, LiveBody>();

/** Sends a body past the runtime's streams. */
export interface BodySink {
  /** Sends pieces in one go; false if the next ones should wait until the sink calls `handleDrained()`. Hot path. */
  send(pieces: readonly Uint8Array[]): boolean;
  /** Ends the body behind what was sent. */
  end(): void;
}

/**
 * The body of an answer that goes on for as long as its reader stays.
 *
 * A server that has the connection to itself takes the pieces as they come: that costs half as much as the way through
 * the runtime's streams, which all others take.
 */
export class LiveBody {
  /** Called when there is room: once at the beginning, then after `send()` answered false. */
  onDrained: () => void = () => {};
  /** Called when the reader has gone. */
  onGone: () => void = () => {};
  #stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waitingBytes = 0;
  #sink: BodySink | undefined;
  #isEnded = false;

  /** Asks for bytes when somebody reads. */
  constructor() {
    this.#stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#waitingBytes = 0;
        this.onDrained();
      },
      cancel: () => this.handleGone(),
    }, { highWaterMark: 0 });
  }

  /** The live body of an answer. */
  static of(response: Response): LiveBody | undefined {
    return BODIES.get(response);
  }

  /** The answer with this body. */
  respond(headers: Readonly<Record<string, string>>): Response {
    const response = new Response(this.#stream, { headers });
    BODIES.set(response, this);
    return response;
  }

  /** Sends pieces in one go; false if the next ones should wait for `onDrained`. Hot path. */
  send(pieces: readonly Uint8Array[]): boolean {
    if (this.#isEnded) return false;
    if (this.#sink !== undefined) return this.#sink.send(pieces);
    for (const piece of pieces) {
      this.#controller!.enqueue(piece);
      this.#waitingBytes += piece.length;
    }
    return this.#waitingBytes < MAX_WAITING_BYTES;
  }

  /** Ends it behind what was sent. Idempotent. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#sink !== undefined) this.#sink.end();
    else this.#controller!.close();
  }

  /** Part of the server: sends over `sink` from now on, instead of as a stream. */
  sendTo(sink: BodySink): void {
    this.#sink = sink;
    if (this.#isEnded) sink.end();
    else this.onDrained();
  }

  /** Part of the sink: there is room again. */
  handleDrained(): void {
    if (!this.#isEnded) this.onDrained();
  }

  /** Part of the server: the reader has gone. Idempotent. */
  handleGone(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.onGone();
  }
}
