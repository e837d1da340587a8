import type { PeerAddress, TcpConnection } from "#platform/tcp.ts";

const DROP_BUFFER_BYTES = 512;

/** What RTSP may travel in. */
export type TunnelKind = "http" | "websocket";

/** A byte stream within one or two TCP connections: to its owner it is one of them. */
export abstract class TunnelConnection implements TcpConnection {
  /** What is read comes from here. */
  protected readonly incoming: TcpConnection;
  /** What is sent goes here. */
  protected readonly outgoing: TcpConnection;
  /** The peer has said that nothing more comes. */
  protected hasEnded = false;
  #unread: Uint8Array[] = [];

  /** Owns both from here on; they may be the same. */
  constructor(incoming: TcpConnection, outgoing: TcpConnection) {
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  get peer(): PeerAddress {
    return this.outgoing.peer;
  }

  get local(): PeerAddress {
    return this.outgoing.local;
  }

  get isIdle(): boolean {
    return this.outgoing.isIdle;
  }

  get onDrained(): (() => void) | undefined {
    return this.outgoing.onDrained;
  }

  set onDrained(handle: (() => void) | undefined) {
    this.outgoing.onDrained = handle;
  }

  get onBroken(): ((error: Error) => void) | undefined {
    return this.outgoing.onBroken;
  }

  set onBroken(handle: ((error: Error) => void) | undefined) {
    this.outgoing.onBroken = handle;
  }

  get stalledSinceMs(): number | undefined {
    return this.outgoing.stalledSinceMs;
  }

  get sentBytes(): number {
    return this.outgoing.sentBytes;
  }

  get receivedBytes(): number {
    return this.incoming.receivedBytes;
  }

  get bufferedBytes(): number {
    return this.outgoing.bufferedBytes;
  }

  setPeer(peer: PeerAddress): void {
    this.outgoing.setPeer(peer);
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unread.unshift(bytes);
  }

  async read(into: Uint8Array): Promise<number | undefined> {
    const unread = this.#unread.shift();
    if (unread) return this.#readAgain(into, unread);
    while (!this.hasEnded) {
      const count = await this.incoming.read(into);
      if (count === undefined) return undefined;
      const decodedBytes = this.decode(into, count);
      if (decodedBytes > 0) return decodedBytes;
    }
    return undefined;
  }

  abstract send(bytes: Uint8Array): boolean;

  abstract sendAll(parts: readonly Uint8Array[]): boolean;

  abstract closeAfterDrain(deadlineMs: number): Promise<void>;

  close(): void {
    this.outgoing.close();
    this.incoming.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /**
   * Leaves what the first `count` bytes carry in their place.
   *
   * Hot path. Output: how many bytes that are.
   *
   * @throws {ParseError} if they do not follow the tunnel's format.
   */
  protected abstract decode(bytes: Uint8Array, count: number): number;

  #readAgain(into: Uint8Array, unread: Uint8Array): number {
    const count = Math.min(into.length, unread.length);
    into.set(unread.subarray(0, count));
    this.unread(unread.subarray(count));
    return count;
  }
}

/** Reads and drops what comes, up to the end of the connection: it is how that end is seen. Never rejects. */
export async function dropIncoming(connection: TcpConnection): Promise<void> {
  const dropped = new Uint8Array(DROP_BUFFER_BYTES);
  try {
    while (await connection.read(dropped) !== undefined);
  } catch {
    // A reset is an end, too.
  }
}
