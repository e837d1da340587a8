import { Duplex } from "node:stream";
import type { TcpConnection } from "./tcp.ts";

/** Enough for what a reader of media sends. */
const SMALL_READ_BYTES = 4_096;

/** A publisher's media comes in large pieces. */
const LARGE_READ_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** The encrypted side of a TLS connection, in the shape that the engine of `node:tls` takes: a stream, over TCP. */
export class TlsPipe extends Duplex {
  /** Called when what the engine wrote has been sent. */
  onSent: (() => void) | undefined;
  #tcp: TcpConnection;
  #buffer = new Uint8Array(SMALL_READ_BYTES);
  #isWanted = false;
  #isReading = false;
  #isHeld = false;
  #isSending = false;
  #callback: (() => void) | undefined;

  /** `tcp` stays its owner's, but nobody else reads, sends or listens to it from here on. */
  constructor(tcp: TcpConnection) {
    super();
    this.#tcp = tcp;
    tcp.onDrained = () => this.#finishWrite();
    tcp.onBroken = (error) => this.destroy(error);
  }

  /** What the engine wrote has not been sent yet. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** Reads nothing more until {@linkcode TlsPipe.release}; a read under way still goes to the engine. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Reads on. */
  release(): void {
    this.#isHeld = false;
    this.#readOn();
  }

  /**
   * Makes the engine look at what it has to do.
   *
   * Before Deno 2.8 it tells that a write is done, and says goodbye, only when something comes from the peer: nothing
   * will do.
   */
  nudge(): void {
    this.emit("data", NOTHING);
  }

  /** Part of a stream, without the detours of one: the engine has encrypted something, and waits for `callback`. Hot path. */
  override write(chunk: Uint8Array, callback?: unknown): boolean {
    this.#callback = typeof callback === "function"
      ? callback as () => void
      : undefined;
    this.#isSending = true;
    if (this.#tcp.send(chunk)) this.#finishWrite();
    return true;
  }

  /** Part of a stream: the engine can take more. */
  override _read(): void {
    this.#isWanted = true;
    this.#readOn();
  }

  #finishWrite(): void {
    if (!this.#isSending) return;
    this.#isSending = false;
    const callback = this.#callback;
    this.#callback = undefined;
    if (callback) callback();
    else this.nudge();
    this.onSent?.();
  }

  /** Ends when the connection does; errors go the way of the stream. */
  async #readOn(): Promise<void> {
    if (!this.#isWanted || this.#isHeld || this.#isReading) return;
    this.#isReading = true;
    const buffer = this.#buffer;
    try {
      const count = await this.#tcp.read(buffer);
      if (count === SMALL_READ_BYTES) {
        this.#buffer = new Uint8Array(LARGE_READ_BYTES);
      }
      this.#isReading = false;
      this.#isWanted = false;
      this.push(count === undefined ? null : buffer.slice(0, count));
    } catch (error) {
      this.#isReading = false;
      this.destroy(error as Error);
    }
  }
}
