import { randomBytes } from "#base/crypto.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { TunnelConnection } from "./tunnel_connection.ts";
import {
  CloseCode,
  type ControlSink,
  Opcode,
  serializeFrameHeader,
  serializeMaskedFrame,
  WebSocketDecoder,
  WebSocketError,
} from "#http/http1/websocket_frame.ts";

const MASK_BYTES = 4;

/** Bytes of one frame that is sent. */
const MAX_SENT_PAYLOAD_BYTES = 65_535;

/** RTSP within the binary messages of a WebSocket. Spec: ONVIF Streaming Specification §7, RFC 6455. */
export class WebSocketTunnel extends TunnelConnection implements ControlSink {
  #isServer: boolean;
  #decoder: WebSocketDecoder;
  /** A close frame was sent: nothing may follow. */
  #isClosing = false;

  /** Owns `tcp`, after the handshake, from here on. */
  constructor(tcp: TcpConnection, side: "server" | "client") {
    super(tcp, tcp);
    this.#isServer = side === "server";
    this.#decoder = new WebSocketDecoder(this.#isServer, this);
  }

  override get isIdle(): boolean {
    return !this.#isClosing && super.isIdle;
  }

  /** Hot path of a server: the payload is not copied here. */
  send(bytes: Uint8Array): boolean {
    if (this.#isClosing) return false;
    if (bytes.length === 0) return this.isIdle;
    if (!this.#isServer || bytes.length > MAX_SENT_PAYLOAD_BYTES) {
      return this.sendAll([bytes]);
    }
    const header = serializeFrameHeader(Opcode.binary, bytes.length);
    return this.outgoing.sendAll([header, bytes]);
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    if (this.#isClosing) return false;
    const framed: Uint8Array[] = [];
    for (const part of parts) {
      for (let at = 0; at < part.length; at += MAX_SENT_PAYLOAD_BYTES) {
        this.#frame(
          framed,
          Opcode.binary,
          part.subarray(at, at + MAX_SENT_PAYLOAD_BYTES),
        );
      }
    }
    return this.outgoing.sendAll(framed);
  }

  closeAfterDrain(deadlineMs: number): Promise<void> {
    this.#sayGoodbye(CloseCode.normal);
    return this.outgoing.closeAfterDrain(deadlineMs);
  }

  /** Part of the decoder: answers that this side is alive. */
  handlePing(payload: Uint8Array): void {
    if (!this.#isClosing) this.#sendFrame(Opcode.pong, payload);
  }

  /** Part of the decoder: answers the peer's goodbye. */
  handleClose(): void {
    this.hasEnded = true;
    this.#sayGoodbye(CloseCode.normal);
  }

  protected decode(bytes: Uint8Array, count: number): number {
    try {
      return this.#decoder.decode(bytes, count);
    } catch (error) {
      if (error instanceof WebSocketError) this.#sayGoodbye(error.closeCode);
      throw error;
    }
  }

  #sayGoodbye(code: CloseCode): void {
    if (this.#isClosing) return;
    this.#sendFrame(Opcode.close, Uint8Array.of(code >> 8, code & 0xff));
    this.#isClosing = true;
  }

  #sendFrame(opcode: Opcode, payload: Uint8Array): void {
    const framed: Uint8Array[] = [];
    this.#frame(framed, opcode, payload);
    this.outgoing.sendAll(framed);
  }

  #frame(into: Uint8Array[], opcode: Opcode, payload: Uint8Array): void {
    if (this.#isServer) {
      into.push(serializeFrameHeader(opcode, payload.length), payload);
    } else {
      const mask = randomBytes(MASK_BYTES);
      into.push(serializeMaskedFrame(opcode, payload, mask));
    }
  }
}
