import type { Clock } from "#base/clock.ts";
import {
  EAGAIN,
  type Libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
} from "./libc.ts";

/** Bytes that wait in the stream before its reader counts as busy. */
const MAX_WAITING_BYTES = 64 * 1_024;

/** How often it is looked at whether a busy connection takes more: nobody tells. */
const RETRY_INTERVAL_MS = 20;

/** How often it is looked at whether the reader is still there, even if it is sent nothing. */
const WATCH_INTERVAL_MS = 1_000;

const SHUT_WR = 1;

const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");

const peeked = new Uint8Array(1);

/** Pieces as chunks: all readers of a stream are sent the same. */
const chunks = new WeakMap<Uint8Array, Uint8Array>();

/** By the answer: to ask one for its body would make a stream of it. */
const BODIES = new WeakMap<Response, LiveBody>();

/** A connection that bytes can be sent over past the runtime. */
export interface DirectConnection {
  readonly library: Libc;
  /** Owned: closed with the body. */
  readonly descriptor: number;
  readonly clock: Clock;
  /** What goes out before the body, which comes in chunks. */
  readonly head: Uint8Array;
}

/**
 * The body of an answer that goes on for as long as its reader stays.
 *
 * Where the HTTP server can, it sends the body over the connection itself, as other protocols do: that costs half as
 * much as the way through the runtime's streams, which all others take.
 */
export class LiveBody {
  /** Called when there is room: once at the beginning, then after `send()` answered false. */
  onDrained: () => void = () => {};
  /** Called when the reader has gone. */
  onGone: () => void = () => {};
  #stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waitingBytes = 0;
  #direct: DirectSender | undefined;
  #isEnded = false;

  /** Asks for bytes when somebody reads. */
  constructor() {
    this.#stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#waitingBytes = 0;
        this.onDrained();
      },
      cancel: () => this.#handleGone(),
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
    if (this.#direct !== undefined) return this.#direct.sendChunks(pieces);
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
    if (this.#direct !== undefined) this.#direct.end();
    else this.#controller!.close();
  }

  /**
   * Part of the HTTP server: sends over `connection` from now on.
   *
   * Input: `gone` settles when the connection has ended. Output: settles when the body has.
   */
  async sendOver(
    connection: DirectConnection,
    gone: Promise<unknown>,
  ): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const handleGone = () => {
      direct.close();
      this.#handleGone();
      ended.resolve();
    };
    const direct = new DirectSender(connection, {
      onDrained: () => this.onDrained(),
      onEnded: ended.resolve,
      onGone: handleGone,
    });
    gone.then(handleGone, handleGone);
    if (direct.send(connection.head)) this.#start(direct);
    else handleGone();
    await ended.promise;
    direct.close();
  }

  #start(direct: DirectSender): void {
    this.#direct = direct;
    if (this.#isEnded) direct.end();
    else this.onDrained();
  }

  #handleGone(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.onGone();
  }
}

interface DirectEvents {
  readonly onDrained: () => void;
  /** Everything was sent, and the reader told that it is. */
  readonly onEnded: () => void;
  readonly onGone: () => void;
}

/** Sends what a connection takes at once, and the rest when it takes more. */
class DirectSender {
  #connection: DirectConnection;
  #events: DirectEvents;
  #rest: Uint8Array[] = [];
  #cancelRetry: (() => void) | undefined;
  #cancelWatch: () => void = () => {};
  #isEnding = false;
  #isClosed = false;

  constructor(connection: DirectConnection, events: DirectEvents) {
    this.#connection = connection;
    this.#events = events;
    this.#watch();
  }

  /** Hot path. */
  sendChunks(pieces: readonly Uint8Array[]): boolean {
    let hasRoom = !this.#isClosed;
    for (const piece of pieces) hasRoom = this.send(chunkOf(piece));
    return hasRoom;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isClosed) return false;
    if (this.#rest.length > 0) this.#rest.push(bytes);
    else this.#sendNow(bytes);
    return this.#rest.length === 0;
  }

  end(): void {
    this.#isEnding = true;
    if (this.send(LAST_CHUNK)) this.#finish();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#cancelWatch();
    this.#rest = [];
    const { library, descriptor } = this.#connection;
    library.calls.close(descriptor);
  }

  #sendNow(bytes: Uint8Array): void {
    const { library: { calls, errno }, descriptor, clock } = this.#connection;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const taken = calls.send(descriptor, bytes, bytes.length, flags);
    if (taken === bytes.length) return;
    this.#rest.unshift(taken > 0 ? bytes.subarray(taken) : bytes);
    if (taken < 0 && errno[0] !== EAGAIN) {
      queueMicrotask(() => this.#events.onGone());
      return;
    }
    this.#cancelRetry ??= clock.after(RETRY_INTERVAL_MS, () => {
      this.#cancelRetry = undefined;
      this.#retry();
    });
  }

  /** As long as the request has no answer, the runtime does not look. */
  #watch(): void {
    const { library: { calls, errno }, descriptor, clock } = this.#connection;
    this.#cancelWatch = clock.after(WATCH_INTERVAL_MS, () => {
      const flags = MSG_PEEK | MSG_DONTWAIT;
      const count = calls.recv(descriptor, peeked, peeked.length, flags);
      const isThere = count > 0 || count < 0 && errno[0] === EAGAIN;
      if (isThere) this.#watch();
      else this.#events.onGone();
    });
  }

  #retry(): void {
    const rest = this.#rest;
    this.#rest = [];
    while (rest.length > 0 && this.#rest.length === 0) {
      this.#sendNow(rest.shift()!);
    }
    this.#rest.push(...rest);
    if (this.#rest.length > 0) return;
    if (this.#isEnding) this.#finish();
    else this.#events.onDrained();
  }

  #finish(): void {
    const { library, descriptor } = this.#connection;
    library.calls.shutdown(descriptor, SHUT_WR);
    this.#events.onEnded();
  }
}

/** Spec: RFC 9112 §7.1. */
function chunkOf(piece: Uint8Array): Uint8Array {
  const known = chunks.get(piece);
  if (known !== undefined) return known;
  const size = new TextEncoder().encode(`${piece.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + piece.length + 2);
  chunk.set(size);
  chunk.set(piece, size.length);
  chunk.set([0x0d, 0x0a], size.length + piece.length);
  chunks.set(piece, chunk);
  return chunk;
}
