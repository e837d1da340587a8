import type { TcpConnection } from "#platform/tcp.ts";
import type { RtmpeKeys } from "./wire/rtmpe.ts";

/** What commands and media travel over. */
export type RtmpStream = Pick<
  TcpConnection,
  "read" | "send" | "sendAll" | "isIdle" | "onDrained"
>;

/** A connection behind an RTMPE handshake: everything is encrypted on its way out and decrypted on its way in. */
export class EncryptedStream implements RtmpStream {
  #inner: RtmpStream;
  #keys: RtmpeKeys;

  /** From here on nobody else may read from `inner` or send over it. */
  constructor(inner: RtmpStream, keys: RtmpeKeys) {
    this.#inner = inner;
    this.#keys = keys;
  }

  get isIdle(): boolean {
    return this.#inner.isIdle;
  }

  get onDrained(): (() => void) | undefined {
    return this.#inner.onDrained;
  }

  set onDrained(listener: (() => void) | undefined) {
    this.#inner.onDrained = listener;
  }

  async read(into: Uint8Array): Promise<number | undefined> {
    const count = await this.#inner.read(into);
    if (count !== undefined) {
      const chunk = into.subarray(0, count);
      this.#keys.incoming.apply(chunk, chunk);
    }
    return count;
  }

  /** Decrypts what was read together with the end of the handshake; borrowed, the result is owned. */
  decrypt(chunk: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(chunk.length);
    this.#keys.incoming.apply(chunk, bytes);
    return bytes;
  }

  send(bytes: Uint8Array): boolean {
    const encrypted = new Uint8Array(bytes.length);
    this.#keys.outgoing.apply(bytes, encrypted);
    return this.#inner.send(encrypted);
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    let sizeBytes = 0;
    for (const part of parts) sizeBytes += part.length;
    const encrypted = new Uint8Array(sizeBytes);
    let at = 0;
    for (const part of parts) {
      this.#keys.outgoing.apply(part, encrypted.subarray(at));
      at += part.length;
    }
    return this.#inner.send(encrypted);
  }
}
