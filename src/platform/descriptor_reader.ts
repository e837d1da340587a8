import { PlatformError } from "./errors.ts";
import { EAGAIN, EINTR, MSG_DONTWAIT } from "./libc.ts";
import type { Readable, ReadPoller } from "./read_poller.ts";

type Resolve = (count: number | undefined) => void;
type Reject = (error: PlatformError) => void;

/** Reading on the descriptor of one connection, which stays the connection's; one read at a time. */
export class DescriptorReader implements Readable {
  #poller: ReadPoller;
  #descriptor: number;
  /** Named in errors. */
  #peerIp: string;
  #hasMore = false;
  /** The peer has said that it ends: no event will tell it again. */
  #isEnding = false;
  // Of the read that waits for something to come.
  #into: Uint8Array | undefined;
  #resolve: Resolve = () => {};
  #reject: Reject = () => {};
  // Made once, so that a read makes no closure of its own.
  #start = (resolve: Resolve, reject: Reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  };
  #receivedBytes = 0;

  private constructor(
    poller: ReadPoller,
    descriptor: number,
    peerIp: string,
  ) {
    this.#poller = poller;
    this.#descriptor = descriptor;
    this.#peerIp = peerIp;
  }

  /** Begins to watch a descriptor; undefined if that is not possible. */
  static open(
    poller: ReadPoller,
    descriptor: number,
    peerIp: string,
  ): DescriptorReader | undefined {
    const reader = new DescriptorReader(poller, descriptor, peerIp);
    return poller.add(descriptor, reader) ? reader : undefined;
  }

  /** Bytes that were read. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Waits for bytes and puts them into `into`, which is not empty.
   *
   * Hot path. Output: how many; undefined at the end of the stream, and once {@linkcode close} was called.
   *
   * @throws {PlatformError} if the peer reset the connection.
   */
  read(into: Uint8Array): Promise<number | undefined> {
    const reading = new Promise(this.#start);
    this.#into = into;
    if (this.#descriptor < 0) this.#settle(undefined);
    else if (this.#hasMore) this.#take(into);
    return reading;
  }

  handleReadable(isEnding: boolean): void {
    this.#hasMore = true;
    this.#isEnding ||= isEnding;
    if (this.#into !== undefined) this.#take(this.#into);
  }

  /** To be called before the connection is closed. A read that waits ends. Idempotent. */
  close(): void {
    if (this.#descriptor < 0) return;
    this.#poller.remove(this.#descriptor);
    this.#descriptor = -1;
    this.#settle(undefined);
  }

  #take(into: Uint8Array): void {
    const { calls, errno } = this.#poller.libc;
    let count: number;
    do {
      count = calls.recv(this.#descriptor, into, into.length, MSG_DONTWAIT);
    } while (count < 0 && errno[0] === EINTR);
    if (count >= 0) {
      // Nothing is left behind a short read: the next event tells what comes.
      this.#hasMore = count === into.length || this.#isEnding;
      this.#receivedBytes += count;
      return this.#settle(count > 0 ? count : undefined);
    }
    const code = errno[0];
    if (code === EAGAIN) {
      this.#hasMore = false;
      return;
    }
    this.#into = undefined;
    const action = `read from ${this.#peerIp}`;
    const reason = `error ${code}`;
    this.#reject(new PlatformError(action, reason, { code: "reset" }));
  }

  #settle(count: number | undefined): void {
    this.#into = undefined;
    this.#resolve(count);
  }
}
