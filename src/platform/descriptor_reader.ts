import { PlatformError } from "./errors.ts";
import { EAGAIN, EINTR, MSG_DONTWAIT } from "./libc.ts";
import type { Readable, ReadPoller } from "./read_poller.ts";

/** A read that waits for something to come. */
interface Waiting {
  readonly into: Uint8Array;
  readonly resolve: (count: number | undefined) => void;
  readonly reject: (error: PlatformError) => void;
}

/** Reading on the descriptor of one connection, which stays the connection's; one read at a time. */
export class DescriptorReader implements Readable {
  #poller: ReadPoller;
  #descriptor: number;
  /** Named in errors. */
  #peerIp: string;
  #hasMore = false;
  /** The peer has said that it ends: no event will tell it again. */
  #isEnding = false;
  #waiting: Waiting | undefined;

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

  /**
   * Waits for bytes and puts them into `into`, which is not empty.
   *
   * Hot path. Output: how many; undefined at the end of the stream, and once {@linkcode close} was called.
   *
   * @throws {PlatformError} if the peer reset the connection.
   */
  read(into: Uint8Array): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = { into, resolve, reject };
      if (this.#descriptor < 0) resolve(undefined);
      else if (!this.#hasMore || !this.#take(waiting)) this.#waiting = waiting;
    });
  }

  handleReadable(isEnding: boolean): void {
    this.#hasMore = true;
    this.#isEnding ||= isEnding;
    const waiting = this.#waiting;
    if (waiting === undefined || !this.#take(waiting)) return;
    this.#waiting = undefined;
  }

  /** To be called before the connection is closed. A read that waits ends. Idempotent. */
  close(): void {
    if (this.#descriptor < 0) return;
    this.#poller.remove(this.#descriptor);
    this.#descriptor = -1;
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  /** Output: whether there was something. */
  #take({ into, resolve, reject }: Waiting): boolean {
    const { calls, errno } = this.#poller.library;
    const count = calls.recv(
      this.#descriptor,
      into,
      into.length,
      MSG_DONTWAIT,
    );
    if (count >= 0) {
      // Nothing is left behind a short read: the next event tells what comes.
      this.#hasMore = count === into.length || this.#isEnding;
      resolve(count > 0 ? count : undefined);
      return true;
    }
    const code = errno[0];
    if (code === EINTR) return this.#take({ into, resolve, reject });
    if (code === EAGAIN) {
      this.#hasMore = false;
      return false;
    }
    const action = `read from ${this.#peerIp}`;
    reject(new PlatformError(action, `error ${code}`, { code: "reset" }));
    return true;
  }
}
