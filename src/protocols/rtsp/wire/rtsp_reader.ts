import {
  INTERLEAVED_HEADER_BYTES,
  INTERLEAVED_MAGIC,
} from "./interleaved_frame.ts";
import { requestFromHead, type RtspRequest } from "./request.ts";
import {
  isResponseLine,
  responseFromHead,
  type RtspResponse,
} from "./response.ts";
import { headError, type RtspHead, RtspHeadCollector } from "./rtsp_message.ts";

/** Bytes that are neither a message nor a frame, one after the other, before the rest is not looked at any more. */
export const MAX_RTSP_GARBAGE_BYTES = 65_536;

/** What the messages of a server begin with. */
const SERVER_MESSAGES: readonly Uint8Array[] = [
  "RTSP/",
  "OPTIONS ",
  "GET_PARAMETER ",
  "SET_PARAMETER ",
  "ANNOUNCE ",
  "REDIRECT ",
].map((text) => new TextEncoder().encode(text));

const SERVER_FIRST_BYTES = new Set(SERVER_MESSAGES.map(([first]) => first));

const LF = 0x0a;
const CR = 0x0d;
const NO_BYTES = new Uint8Array(0);

/** Part of the stream that the next byte belongs to. */
const State = {
  between: 0,
  frameHeader: 1,
  frame: 2,
  head: 3,
  body: 4,
  /** The first bytes of what may be a message, or garbage. */
  start: 5,
} as const;
type State = typeof State[keyof typeof State];

/** Where a connection's messages go, in order, while `push` runs. What it throws ends the reading. */
export interface RtspSink {
  /** A request came; it is owned. */
  handleRequest(request: RtspRequest): void;
  /** A response came; it is owned. A sink without it takes a response for an error. */
  handleResponse?(response: RtspResponse): void;
  /** A packet came on a channel; it is owned, and shares its memory with its neighbours. */
  handleInterleaved(channel: number, packet: Uint8Array): void;
  /** Whether a channel was agreed on; asked only where garbage is passed over, of which a frame of another is part. */
  isChannel?(channel: number): boolean;
}

/** Settings of a reader. */
export interface RtspReaderOptions {
  /**
   * Bytes that belong to nothing are passed over, up to {@linkcode MAX_RTSP_GARBAGE_BYTES} in a row, instead of
   * ending the reading: what a client must do with the cameras of the field.
   */
  readonly skipsGarbage?: boolean;
}

/**
 * Takes the byte stream of an RTSP connection apart.
 *
 * After an error it is of no use any more: the place of the next message is not known.
 *
 * Limits: those of `rtsp_message.ts`, checked before anything is allocated.
 * Spec: RFC 2326 §4, §10.12.
 * Deviates: line breaks between messages are skipped, lines may end with LF alone.
 */
export class RtspReader {
  /** Garbage passed over so far. */
  skippedBytes = 0;
  readonly #sink: RtspSink;
  readonly #skipsGarbage: boolean;
  #garbageRun = 0;
  #startBytes: number[] = [];
  #state: State = State.between;
  /** What is being filled: a frame's header, its packet, or a body. */
  #target = NO_BYTES;
  #filled = 0;
  #channel = 0;
  #collector = new RtspHeadCollector();
  #head: RtspHead | undefined;

  /** Everything goes to `sink`. */
  constructor(sink: RtspSink, options: RtspReaderOptions = {}) {
    this.#sink = sink;
    this.#skipsGarbage = options.skipsGarbage ?? false;
  }

  /** A message has begun and is not whole. */
  get isInMessage(): boolean {
    return this.#state === State.head || this.#state === State.body;
  }

  /**
   * Reads a chunk, borrowed.
   *
   * Hot path for interleaved frames: the chunk is copied once and packets are views of the copy; a frame that
   * spans chunks gets a buffer of its own.
   *
   * @throws {ParseError} if the bytes are neither a message nor a frame, or a limit is passed.
   */
  push(chunk: Uint8Array): void {
    const size = chunk.length;
    let at = 0;
    let owned = NO_BYTES;
    let ownedFrom = 0;
    while (at < size) {
      if (this.#state !== State.between) {
        at = this.#resume(chunk, at);
        continue;
      }
      const first = chunk[at]!;
      if (first !== INTERLEAVED_MAGIC) {
        if (first === CR || first === LF) at++;
        else if (!this.#skipsGarbage) this.#startHead(first);
        else if (SERVER_FIRST_BYTES.has(first)) this.#state = State.start;
        else {
          this.#skip();
          at++;
        }
        continue;
      }
      if (at + 1 < size && this.#isStrange(chunk[at + 1]!)) {
        this.#skip();
        at++;
        continue;
      }
      const start = at + INTERLEAVED_HEADER_BYTES;
      const end = start <= size
        ? start + (chunk[at + 2]! << 8 | chunk[at + 3]!)
        : Infinity;
      if (end > size) {
        this.#fill(State.frameHeader, INTERLEAVED_HEADER_BYTES);
        continue;
      }
      if (owned === NO_BYTES) {
        owned = chunk.slice(at);
        ownedFrom = at;
      }
      const packet = owned.subarray(start - ownedFrom, end - ownedFrom);
      this.#garbageRun = 0;
      this.#sink.handleInterleaved(chunk[at + 1]!, packet);
      at = end;
    }
  }

  /** Goes on with what an earlier byte began; answers the offset behind what it took. */
  #resume(chunk: Uint8Array, at: number): number {
    if (this.#state === State.start) {
      this.#pushStart(chunk[at]!);
      return at + 1;
    }
    if (this.#state === State.head) {
      const end = this.#collector.push(chunk, at);
      if (this.#collector.isComplete) this.#endHead();
      return end;
    }
    const missing = this.#target.length - this.#filled;
    const end = Math.min(at + missing, chunk.length);
    this.#target.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === this.#target.length) this.#endTarget();
    return end;
  }

  #fill(state: State, sizeBytes: number): void {
    this.#state = state;
    this.#target = new Uint8Array(sizeBytes);
    this.#filled = 0;
  }

  #endTarget(): void {
    const target = this.#target;
    this.#target = NO_BYTES;
    if (this.#state === State.frameHeader) {
      if (this.#isStrange(target[1]!)) {
        this.#skip();
        this.#state = State.between;
        this.push(target.subarray(1));
        return;
      }
      this.#channel = target[1]!;
      this.#fill(State.frame, target[2]! << 8 | target[3]!);
      if (this.#target.length === 0) this.#endTarget();
      return;
    }
    const isFrame = this.#state === State.frame;
    this.#state = State.between;
    if (isFrame) this.#sink.handleInterleaved(this.#channel, target);
    else this.#deliver(target);
  }

  #startHead(firstByte: number): void {
    const letter = firstByte | 0x20;
    if (letter < 0x61 || letter > 0x7a) {
      throw headError(
        `must be a letter or "$", found ${firstByte}`,
        "first byte",
        0,
      );
    }
    this.#state = State.head;
    this.#collector = new RtspHeadCollector();
  }

  /** Adds a byte to what may be the start of a message; what cannot be one is garbage from its first byte on. */
  #pushStart(byte: number): void {
    const bytes = this.#startBytes;
    bytes.push(byte);
    const match = SERVER_MESSAGES.find((start) =>
      bytes.every((one, i) => i >= start.length || one === start[i])
    );
    if (match && bytes.length < match.length) return;
    this.#startBytes = [];
    this.#state = State.between;
    if (match) {
      this.#garbageRun = 0;
      this.#state = State.head;
      this.#collector = new RtspHeadCollector();
      this.#collector.push(Uint8Array.from(bytes), 0);
      return;
    }
    this.#skip();
    if (bytes.length > 1) this.push(Uint8Array.from(bytes.slice(1)));
  }

  #isStrange(channel: number): boolean {
    return this.#skipsGarbage && this.#sink.isChannel?.(channel) === false;
  }

  #skip(): void {
    this.skippedBytes++;
    if (++this.#garbageRun > MAX_RTSP_GARBAGE_BYTES) {
      throw headError(
        `needs a message or a frame, found over ${MAX_RTSP_GARBAGE_BYTES} other bytes`,
        "first byte",
        0,
      );
    }
  }

  #endHead(): void {
    this.#head = this.#collector.parse();
    if (this.#head.bodySizeBytes > 0) {
      this.#fill(State.body, this.#head.bodySizeBytes);
      return;
    }
    this.#state = State.between;
    this.#deliver(NO_BYTES);
  }

  #deliver(body: Uint8Array): void {
    const head = this.#head!;
    this.#head = undefined;
    if (!isResponseLine(head.startLine)) {
      this.#sink.handleRequest(requestFromHead(head, body));
    } else if (this.#sink.handleResponse) {
      this.#sink.handleResponse(responseFromHead(head, body));
    } else {
      throw headError("is a response, wanted a request", "start line", 0);
    }
  }
}
