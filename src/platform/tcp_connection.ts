import { joinBytes } from "#base/join_bytes.ts";
import { PlatformError, toPlatformError } from "./errors.ts";
import { type PeerAddress, plainIp } from "./peer_address.ts";
import type { DescriptorReader } from "./descriptor_reader.ts";
import type { ReadPoller } from "./read_poller.ts";
import type { TcpConnection } from "./tcp.ts";
import { type DescriptorSender, openDescriptorSender } from "./tcp_ffi.ts";

/** Bytes that may wait behind a write in flight: control answers, not media. */
export const MAX_QUEUED_BYTES = 1_048_576;

/** How long a peer's last bytes are read and dropped before the connection is closed. */
const LINGER_MS = 500;

const LINGER_BUFFER_BYTES = 16_384;

/** Parts up to this size are joined in memory that all connections share. */
const SCRATCH_BYTES = 65_536;

const NOTHING_MORE = Promise.resolve(undefined);

const scratch = new Uint8Array(SCRATCH_BYTES);

/** What a connection needs of the runtime's own. */
export type ByteSource = Pick<
  Deno.TcpConn,
  "read" | "write" | "closeWrite" | "close" | "localAddr" | "remoteAddr"
>;

/** How a connection is to be used. */
export interface AdoptOptions {
  /** The C library sends. */
  readonly useFfi: boolean;
  /** Waits for what comes, if it can; the runtime does if left out. */
  readonly poller?: ReadPoller | undefined;
}

/** Takes over a connection of the runtime, set to send small writes at once. */
export function adoptConnection(
  connection: Deno.TcpConn,
  { useFfi, poller }: AdoptOptions,
): TcpConnection {
  try {
    connection.setNoDelay(true);
  } catch {
    // Some systems refuse options once the peer has gone: the first read tells the owner.
  }
  const sender = useFfi ? openDescriptorSender(connection) : undefined;
  const reader = poller &&
    sender?.openReader(poller, connection.remoteAddr.hostname);
  return new SocketConnection(connection, sender, reader);
}

/** A TCP socket: the runtime reads and waits, the C library sends what can leave at once. */
export class SocketConnection implements TcpConnection {
  readonly local: PeerAddress;
  onDrained: (() => void) | undefined;
  onBroken: ((error: Error) => void) | undefined;
  #peer: PeerAddress;
  #source: ByteSource;
  #sender: DescriptorSender | undefined;
  #reader: DescriptorReader | undefined;
  #unread: Uint8Array | undefined;
  #inFlight: Uint8Array | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #stalledSinceMs: number | undefined;
  #sentBytes = 0;
  #receivedBytes = 0;
  #isClosed = false;
  #isClosing = false;
  #isBroken = false;
  #onSettled: (() => void) | undefined;
  // Made once a connection, so that a write makes no closure.
  #handleWritten = (taken: number) => this.#goOn(taken);
  // The same for reads.
  #handleRead = (count: number | null) => {
    if (count === null) return undefined;
    this.#receivedBytes += count;
    return count;
  };
  #handleUnread = (error: unknown) => {
    if (this.#isClosing) return undefined;
    throw toPlatformError(error, `read from ${this.peer.ip}`);
  };
  #handleFailed = (error: unknown) =>
    this.#break(toPlatformError(error, `send to ${this.peer.ip}`));

  /** Takes over all; without a sender the runtime does all writes, without a reader all reads. */
  constructor(
    source: ByteSource,
    sender: DescriptorSender | undefined,
    reader?: DescriptorReader,
  ) {
    this.#source = source;
    this.#sender = sender;
    this.#reader = reader;
    this.#peer = toPeerAddress(source.remoteAddr);
    this.local = toPeerAddress(source.localAddr);
  }

  get peer(): PeerAddress {
    return this.#peer;
  }

  get isIdle(): boolean {
    return this.#inFlight === undefined && this.#canSend;
  }

  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes + (this.#reader?.receivedBytes ?? 0);
  }

  get bufferedBytes(): number {
    return (this.#inFlight?.length ?? 0) + this.#queuedBytes;
  }

  get #canSend(): boolean {
    return !this.#isClosing && !this.#isBroken;
  }

  setPeer(peer: PeerAddress): void {
    this.#peer = peer;
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const waiting = this.#unread;
    this.#unread = waiting
      ? join([bytes, waiting], bytes.length + waiting.length)
      : bytes;
  }

  read(into: Uint8Array): Promise<number | undefined> {
    if (this.#isClosing) return NOTHING_MORE;
    if (this.#unread) {
      return Promise.resolve(this.#readAgain(into, this.#unread));
    }
    if (this.#reader) return this.#reader.read(into);
    return this.#source.read(into).then(this.#handleRead, this.#handleUnread);
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#canSend) return false;
    if (bytes.length === 0) return this.isIdle;
    if (this.#inFlight !== undefined) return this.#enqueue(bytes);
    return this.#sendNow(bytes);
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    let lengthBytes = 0;
    for (const part of parts) lengthBytes += part.length;
    const isDirect = this.#sender !== undefined && this.isIdle &&
      lengthBytes > 0;
    if (!isDirect) return this.send(join(parts, lengthBytes));
    if (lengthBytes > SCRATCH_BYTES) return this.#sendEach(parts);
    fill(scratch, parts);
    const taken = this.#sender!.send(scratch, lengthBytes);
    this.#sentBytes += taken;
    if (taken === lengthBytes) return true;
    this.#write(scratch.slice(taken, lengthBytes));
    return false;
  }

  /** Sends what is too long to be copied. */
  #sendEach(parts: readonly Uint8Array[]): boolean {
    const last = parts.findLastIndex((part) => part.length > 0);
    for (const [i, part] of parts.slice(0, last + 1).entries()) {
      const isLast = i === last;
      const taken = this.#sender!.send(part, part.length, !isLast);
      this.#sentBytes += taken;
      if (taken === part.length) continue;
      const rest = part.subarray(taken);
      this.#write(isLast ? rest : joinBytes([rest, ...parts.slice(i + 1)]));
      return false;
    }
    return true;
  }

  async closeAfterDrain(deadlineMs: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    let timer = setTimeout(() => this.close(), deadlineMs);
    try {
      if (this.#inFlight !== undefined) {
        await new Promise<void>((resolve) => this.#onSettled = resolve);
      }
      if (this.#isClosed || this.#isBroken) return;
      clearTimeout(timer);
      const lingerMs = Math.min(LINGER_MS, deadlineMs);
      timer = setTimeout(() => this.close(), lingerMs);
      await this.#source.closeWrite();
      const dropped = new Uint8Array(LINGER_BUFFER_BYTES);
      while (await this.#source.read(dropped) !== null);
    } catch {
      // The peer has gone or the time is over: closing is all that is left.
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isClosing = true;
    if (this.#inFlight !== undefined) this.#sender?.interruptWrite();
    this.#sender?.forget();
    this.#reader?.close();
    this.#source.close();
    this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #readAgain(into: Uint8Array, unread: Uint8Array): number {
    const count = Math.min(into.length, unread.length);
    into.set(unread.subarray(0, count));
    this.#unread = count < unread.length ? unread.subarray(count) : undefined;
    return count;
  }

  #sendNow(bytes: Uint8Array): boolean {
    const taken = this.#sender === undefined
      ? 0
      : this.#sender.send(bytes, bytes.length);
    this.#sentBytes += taken;
    if (taken === bytes.length) return true;
    this.#write(taken === 0 ? bytes : bytes.subarray(taken));
    return false;
  }

  #write(rest: Uint8Array): void {
    this.#inFlight = rest;
    this.#stalledSinceMs = performance.now();
    this.#source.write(rest).then(this.#handleWritten, this.#handleFailed);
  }

  #goOn(taken: number): void {
    if (this.#isClosed || this.#isBroken) return;
    this.#sentBytes += taken;
    const written = this.#inFlight!;
    if (taken < written.length) return this.#write(written.subarray(taken));
    this.#inFlight = undefined;
    this.#stalledSinceMs = undefined;
    if (this.#queue.length > 0 && !this.#sendNow(this.#takeQueue())) return;
    this.#onSettled?.();
    this.onDrained?.();
  }

  #enqueue(bytes: Uint8Array): boolean {
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) {
      const reason =
        `${this.#queuedBytes} bytes wait, at most ${MAX_QUEUED_BYTES} may`;
      const action = `send to ${this.peer.ip}`;
      const error = new PlatformError(action, reason, { code: "queue_full" });
      queueMicrotask(() => this.#break(error));
      return false;
    }
    this.#queue.push(bytes);
    return false;
  }

  #takeQueue(): Uint8Array {
    const queue = this.#queue;
    const joined = queue.length === 1
      ? queue[0]!
      : join(queue, this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    return joined;
  }

  #break(error: Error): void {
    if (this.#isClosed || this.#isBroken) return;
    this.#isBroken = true;
    this.#release();
    this.onBroken?.(error);
  }

  #release(): void {
    this.#inFlight = undefined;
    this.#stalledSinceMs = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#onSettled?.();
  }
}

function join(parts: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  fill(bytes, parts);
  return bytes;
}

function fill(bytes: Uint8Array, parts: readonly Uint8Array[]): void {
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
}

function toPeerAddress(address: Deno.NetAddr): PeerAddress {
  return { ip: plainIp(address.hostname), port: address.port };
}
