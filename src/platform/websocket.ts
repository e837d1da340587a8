import type { Clock } from "#base/clock.ts";

/** More that waits for the peer than this, and the next message should wait, too. */
const MAX_WAITING_BYTES = 512 * 1_024;

/** How often it is looked at whether what waits has left: nobody tells. */
const DRAIN_INTERVAL_MS = 10;

/** The socket ends as it was meant to. Spec: RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1_000;

/** Longest reason of a close frame in UTF-8. Spec: RFC 6455 §5.5. */
const MAX_REASON_BYTES = 123;

/** A WebSocket of a peer, and the answer that makes it one. */
export interface Upgrade {
  readonly response: Response;
  readonly socket: PeerSocket;
}

/** The server's end of a WebSocket; what the peer sends is not used. */
export interface PeerSocket {
  /** Settles when it can be written to; never rejects, see `closed`. */
  readonly opened: Promise<void>;
  /** Settles when it has ended, with the reason. */
  readonly closed: Promise<string>;
  /** Called when messages may follow again, after `send()` answered false. */
  onDrained: (() => void) | undefined;
  /** Sends a message; answers false if so much waits that `onDrained` should be waited for. Hot path. */
  send(message: Uint8Array | string): boolean;
  /** Closes it behind what was sent. Idempotent. */
  close(reason: string): void;
}

/**
 * Makes a WebSocket of a request.
 *
 * @throws {TypeError} if the request is not for one.
 */
export function upgradeToWebSocket(request: Request, clock: Clock): Upgrade {
  const { response, socket } = Deno.upgradeWebSocket(request);
  return { response, socket: new RuntimeSocket(socket, clock) };
}

/** A WebSocket of the runtime. */
class RuntimeSocket implements PeerSocket {
  readonly opened: Promise<void>;
  readonly closed: Promise<string>;
  onDrained: (() => void) | undefined;
  #socket: WebSocket;
  #clock: Clock;
  #cancelWait: (() => void) | undefined;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<string>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    let fault = "";
    socket.addEventListener("open", () => opened.resolve());
    socket.addEventListener("error", (event) => {
      fault = event instanceof ErrorEvent ? event.message : "";
    });
    socket.addEventListener("close", () => {
      this.#cancelWait?.();
      opened.resolve();
      closed.resolve(fault === "" ? "the peer closed it" : fault);
    });
  }

  send(message: Uint8Array | string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(message as Uint8Array<ArrayBuffer>);
    if (this.#socket.bufferedAmount <= MAX_WAITING_BYTES) return true;
    this.#wait();
    return false;
  }

  close(reason: string): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    const { readyState } = this.#socket;
    if (readyState > WebSocket.OPEN) return;
    const bytes = new Uint8Array(MAX_REASON_BYTES);
    const { read } = new TextEncoder().encodeInto(reason, bytes);
    this.#socket.close(NORMAL_CLOSURE, reason.slice(0, read));
  }

  #wait(): void {
    this.#cancelWait ??= this.#clock.after(DRAIN_INTERVAL_MS, () => {
      this.#cancelWait = undefined;
      if (this.#socket.bufferedAmount > MAX_WAITING_BYTES) this.#wait();
      else this.onDrained?.();
    });
  }
}
