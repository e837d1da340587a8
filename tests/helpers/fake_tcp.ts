import type { Clock } from "#base/clock.ts";
import type { PeerAddress, TcpConnection } from "#platform/tcp.ts";

/** A byte stream without a network: a test is its peer. */
export class FakeTcpConnection implements TcpConnection {
  peer: PeerAddress;
  local: PeerAddress = { ip: "192.0.2.1", port: 8_554 };
  onDrained: (() => void) | undefined;
  onBroken: ((error: Error) => void) | undefined;
  stalledSinceMs: number | undefined;
  sentBytes = 0;
  receivedBytes = 0;
  bufferedBytes = 0;
  /** Sends so far: each would have been one call to the system. */
  sends = 0;
  /** It has ended, at once or after what was in flight. */
  isClosed = false;
  #clock: Clock;
  #input: Uint8Array[] = [];
  #hasInputEnded = false;
  #sent: Uint8Array[] = [];
  #isClosing = false;
  #wakeReader: (() => void) | undefined;
  #whenDrained = Promise.withResolvers<void>();

  /** `clock` tells since when a write is stuck. */
  constructor(
    clock: Clock,
    peer: PeerAddress = { ip: "198.51.100.7", port: 40_000 },
  ) {
    this.#clock = clock;
    this.peer = peer;
  }

  get isIdle(): boolean {
    return this.stalledSinceMs === undefined && !this.#isClosing;
  }

  setPeer(peer: PeerAddress): void {
    this.peer = peer;
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#input.unshift(bytes);
    this.receivedBytes -= bytes.length;
  }

  async read(into: Uint8Array): Promise<number | undefined> {
    while (!this.#isClosing) {
      const chunk = this.#input.shift();
      if (chunk !== undefined) {
        const count = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, count));
        if (count < chunk.length) this.#input.unshift(chunk.subarray(count));
        this.receivedBytes += count;
        return count;
      }
      if (this.#hasInputEnded) return undefined;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    return undefined;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isClosing) return false;
    if (bytes.length > 0) {
      this.sends++;
      this.sentBytes += bytes.length;
      this.#sent.push(bytes);
      if (!this.isIdle) this.bufferedBytes += bytes.length;
    }
    return this.isIdle;
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    return this.send(concatBytes(parts));
  }

  async closeAfterDrain(_deadlineMs: number): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#wakeReader?.();
      if (this.stalledSinceMs !== undefined) await this.#whenDrained.promise;
    }
    this.close();
  }

  close(): void {
    this.isClosed = true;
    this.#isClosing = true;
    this.#whenDrained.resolve();
    this.#wakeReader?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** The peer sends bytes. */
  receive(bytes: Uint8Array): void {
    this.#input.push(bytes.slice());
    this.#wakeReader?.();
  }

  /** The peer sends nothing more. */
  endInput(): void {
    this.#hasInputEnded = true;
    this.#wakeReader?.();
  }

  /** The peer stops reading: whatever is sent stays in flight. */
  stall(): void {
    this.stalledSinceMs = this.#clock.monotonicMs();
  }

  /** The peer has read everything that was sent. */
  drain(): void {
    this.stalledSinceMs = undefined;
    this.bufferedBytes = 0;
    this.#whenDrained.resolve();
    this.onDrained?.();
  }

  /** What was sent since the last call. */
  takeSent(): Uint8Array<ArrayBuffer> {
    return concatBytes(this.#sent.splice(0));
  }
}

/** All parts behind each other. */
export function concatBytes(
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
