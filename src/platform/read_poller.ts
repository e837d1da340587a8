import { type Libc, libc } from "./libc.ts";
import { Backoff } from "./backoff.ts";

/** Events that one wait brings: the others come with the next. */
const MAX_EVENTS = 256;

/** Pause after a wait that failed. */
const FAILED_PAUSE_MS = 10;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 0x001;
const EPOLLERR = 0x008;
const EPOLLHUP = 0x010;
const EPOLLRDHUP = 0x2000;
/** Tell when something comes, not as long as it is there. */
const EPOLLET = 0x80000000;
const WITHOUT_LIMIT = -1;

/** The structure is packed on this architecture only. Spec: Linux `epoll_event(3type)`. */
const IS_PACKED = Deno.build.arch === "x86_64";
const DATA_OFFSET_BYTES = IS_PACKED ? 4 : 8;
const EVENT_BYTES = IS_PACKED ? 12 : 16;

/** Told about one descriptor. */
export interface Readable {
  /** Something came. Input: whether nothing comes after it. */
  handleReadable(isEnding: boolean): void;
}

/**
 * Tells which descriptors can be read, as many at a time as there are.
 *
 * For many connections that each send a little: the runtime's own read costs as much as everything else that is done for
 * such a request. One thread waits for all of them.
 */
export class ReadPoller implements AsyncDisposable {
  #library: Libc;
  #descriptor: number;
  /** Written to when the waiting is to end. */
  #waker: number;
  #readables = new Map<number, Readable>();
  // Referenced as long as a wait is under way, which writes into it.
  #events = new Uint8Array(MAX_EVENTS * EVENT_BYTES);
  #view = new DataView(this.#events.buffer);
  #backoff = new Backoff();
  #isClosed = false;
  #running: Promise<void>;

  private constructor(library: Libc, descriptor: number, waker: number) {
    this.#library = library;
    this.#descriptor = descriptor;
    this.#waker = waker;
    this.#control(EPOLL_CTL_ADD, waker);
    this.#running = this.#run();
  }

  /** Opens one; undefined where the system has none, or may not be called. */
  static open(): ReadPoller | undefined {
    if (libc === undefined) return undefined;
    const { calls } = libc;
    const descriptor = calls.epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) return undefined;
    const waker = calls.eventfd(0, EPOLL_CLOEXEC);
    if (waker >= 0) return new ReadPoller(libc, descriptor, waker);
    calls.close(descriptor);
    return undefined;
  }

  /** The C library, for those who are told. */
  get libc(): Libc {
    return this.#library;
  }

  /** Tells `readable` about a descriptor from now on, at once if there is something. Output: whether that is possible. */
  add(descriptor: number, readable: Readable): boolean {
    if (this.#isClosed || !this.#control(EPOLL_CTL_ADD, descriptor)) {
      return false;
    }
    this.#readables.set(descriptor, readable);
    return true;
  }

  /** Tells no more; to be called before the descriptor is closed. */
  remove(descriptor: number): void {
    if (!this.#readables.delete(descriptor)) return;
    this.#control(EPOLL_CTL_DEL, descriptor);
  }

  /** Tells nobody any more. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#readables.clear();
      this.#backoff.cancel();
      this.#library.calls.eventfd_write(this.#waker, 1n);
    }
    await this.#running;
  }

  #control(operation: number, descriptor: number): boolean {
    const event = new DataView(new ArrayBuffer(EVENT_BYTES));
    event.setUint32(0, (EPOLLIN | EPOLLRDHUP | EPOLLET) >>> 0, true);
    event.setInt32(DATA_OFFSET_BYTES, descriptor, true);
    const bytes = new Uint8Array(event.buffer);
    const { epoll_ctl } = this.#library.calls;
    return epoll_ctl(this.#descriptor, operation, descriptor, bytes) === 0;
  }

  async #run(): Promise<void> {
    const { calls } = this.#library;
    while (!this.#isClosed) {
      const count = await calls.epoll_wait(
        this.#descriptor,
        this.#events,
        MAX_EVENTS,
        WITHOUT_LIMIT,
      );
      for (let i = 0; i < count; i++) this.#tell(i * EVENT_BYTES);
      if (count < 0) await this.#backoff.wait(FAILED_PAUSE_MS);
    }
    calls.close(this.#waker);
    calls.close(this.#descriptor);
  }

  #tell(at: number): void {
    const events = this.#view.getUint32(at, true);
    const descriptor = this.#view.getInt32(at + DATA_OFFSET_BYTES, true);
    const isEnding = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0;
    this.#readables.get(descriptor)?.handleReadable(isEnding);
  }
}
