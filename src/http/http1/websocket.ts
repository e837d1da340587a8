import { PlatformError } from "#platform/errors.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { PeerSocket } from "#platform/websocket.ts";
import {
  CloseCode,
  type ControlSink,
  Opcode,
  serializeFrameHeader,
  WebSocketDecoder,
  WebSocketError,
} from "./websocket_frame.ts";

/** What a peer sends is not used: it is read in pieces of this size. */
const BUFFER_BYTES = 1_024;

/** Longest reason of a close frame in UTF-8. Spec: RFC 6455 §5.5. */
const MAX_REASON_BYTES = 123;

/** More that waits for a peer than this, and its pings are not answered. */
const MAX_WAITING_BYTES = 65_536;

/** How long what was sent may take to leave when it is closed. */
const CLOSE_MS = 5_000;

/** A peer that says nothing for so long is asked whether it is there. */
const PING_MS = 15_000;

/** It has left if it does not answer for so long. */
const ANSWER_MS = 30_000;

/** Messages as frames: all readers of a stream are sent the same. */
const frames = new WeakMap<Uint8Array, Uint8Array>();

/** A WebSocket over a connection of HTTP/1. Spec: RFC 6455. */
export class ConnectionSocket implements PeerSocket, ControlSink {
  readonly opened: Promise<void>;
  readonly closed: Promise<string>;
  onDrained: (() => void) | undefined;
  #connection: TcpConnection;
  #opened = Promise.withResolvers<void>();
  #closed = Promise.withResolvers<string>();
  #decoder = new WebSocketDecoder(true, this, true);
  #isOpen = false;
  #isClosing = false;
  #receivedBytes = 0;
  #heardAtMs: number | undefined;
  /** It was asked, and has not said anything since. */
  #askedAtMs: number | undefined;

  /** Nothing is sent before {@linkcode start}. */
  constructor(connection: TcpConnection) {
    this.#connection = connection;
    this.opened = this.#opened.promise;
    this.closed = this.#closed.promise;
  }

  /** The handshake is over. */
  start(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  /** Reads the peer's frames until it leaves. */
  async run(): Promise<void> {
    const bytes = new Uint8Array(BUFFER_BYTES);
    let reason = "the peer closed it";
    try {
      while (!this.#isClosing) {
        const count = await this.#connection.read(bytes);
        if (count === undefined) break;
        this.#decoder.decode(bytes, count);
      }
    } catch (error) {
      if (error instanceof WebSocketError) this.#sayGoodbye(error.closeCode);
      else if (!(error instanceof PlatformError)) throw error;
      reason = error.message;
    }
    this.#end(reason);
  }

  send(message: Uint8Array | string): boolean {
    if (!this.#isOpen || this.#isClosing) return false;
    if (typeof message === "string") {
      const text = new TextEncoder().encode(message);
      return this.#connection.send(frameOf(Opcode.text, text));
    }
    let frame = frames.get(message);
    if (frame === undefined) {
      frame = frameOf(Opcode.binary, message);
      frames.set(message, frame);
    }
    return this.#connection.send(frame);
  }

  close(reason: string): void {
    if (this.#isOpen) this.#sayGoodbye(CloseCode.normal, reason);
    this.#isClosing = true;
    this.#connection.closeAfterDrain(CLOSE_MS);
    this.#end(reason);
  }

  /** What was sent has left. */
  handleDrained(): void {
    this.onDrained?.();
  }

  /** The connection has ended. */
  handleGone(): void {
    this.#isClosing = true;
    this.#end("the peer closed it");
  }

  /** Part of the decoder: answers that this side is there. */
  handlePing(payload: Uint8Array): void {
    if (this.#isClosing) return;
    if (this.#connection.bufferedBytes > MAX_WAITING_BYTES) return;
    this.#connection.send(frameOf(Opcode.pong, payload));
  }

  /** Part of the decoder: answers the peer's goodbye. */
  handleClose(): void {
    this.#sayGoodbye(CloseCode.normal);
  }

  /** Part of the connection's: asks a silent peer whether it is there. */
  tick(nowMs: number): void {
    const { receivedBytes } = this.#connection;
    if (receivedBytes !== this.#receivedBytes || !this.#heardAtMs) {
      this.#receivedBytes = receivedBytes;
      this.#heardAtMs = nowMs;
      this.#askedAtMs = undefined;
    }
    if (this.#askedAtMs !== undefined) {
      if (nowMs - this.#askedAtMs < ANSWER_MS) return;
      this.#connection.close();
      this.handleGone();
      return;
    }
    const isQuiet = nowMs - this.#heardAtMs >= PING_MS;
    // While something is in flight, the connection sees whether the peer takes it.
    if (!isQuiet || this.#isClosing || !this.#connection.isIdle) return;
    this.#askedAtMs = nowMs;
    this.#connection.send(frameOf(Opcode.ping, new Uint8Array()));
  }

  #sayGoodbye(code: CloseCode, reason = ""): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const bytes = new Uint8Array(MAX_REASON_BYTES);
    const { written } = new TextEncoder().encodeInto(reason, bytes);
    const payload = new Uint8Array(2 + written);
    new DataView(payload.buffer).setUint16(0, code);
    payload.set(bytes.subarray(0, written), 2);
    this.#connection.send(frameOf(Opcode.close, payload));
  }

  #end(reason: string): void {
    this.#opened.resolve();
    this.#closed.resolve(reason);
  }
}

function frameOf(opcode: Opcode, payload: Uint8Array): Uint8Array {
  const header = serializeFrameHeader(opcode, payload.length);
  const frame = new Uint8Array(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}
