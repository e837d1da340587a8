import { Backoff } from "./backoff.ts";
import { toPlatformError } from "./errors.ts";
import { bindHostname, type PeerAddress } from "./peer_address.ts";
import type { ReadPoller } from "./read_poller.ts";
import { adoptConnection, type AdoptOptions } from "./tcp_connection.ts";

export type { PeerAddress } from "./peer_address.ts";
export { sendEngine } from "./tcp_ffi.ts";

/** Pause after an accept that failed: descriptors may be free again by then. */
const ACCEPT_BACKOFF_MS = 20;

/** A byte stream between this server and one peer. Own it in one place: who holds it closes it. */
export interface TcpConnection extends AsyncDisposable {
  /** Who is served: the other end, or whom a trusted proxy in between told. */
  readonly peer: PeerAddress;
  readonly local: PeerAddress;

  /** A trusted proxy told who the peer is. */
  setPeer(peer: PeerAddress): void;

  /**
   * Waits for bytes and puts them into `into`.
   *
   * Output: how many; `undefined` at the end of the stream and once this side closes.
   *
   * @throws {PlatformError} if the peer reset the connection.
   */
  read(into: Uint8Array): Promise<number | undefined>;

  /** Gives bytes back that were read too far: the next reads answer them first. Input: owned bytes; no read is under way. */
  unread(bytes: Uint8Array): void;

  /**
   * Sends what the socket takes now, keeps the rest and goes on with it by itself.
   *
   * Hot path. Input: owned bytes, not changed afterwards.
   * Output: true if everything has left; false if something is in flight (or the connection has ended): offer no more
   * media until `onDrained`. What is sent meanwhile follows in order.
   * Limits: {@linkcode MAX_QUEUED_BYTES} behind a write in flight; beyond it the connection is broken.
   */
  send(bytes: Uint8Array): boolean;

  /**
   * Sends parts as if they were one: for a few that differ from reader to reader.
   *
   * What all readers share is better joined once and given to {@linkcode send}. Input: parts may change afterwards, but not
   * the last one.
   */
  sendAll(parts: readonly Uint8Array[]): boolean;

  /** Nothing is in flight and the connection has not ended: a send goes out at once. */
  readonly isIdle: boolean;

  /** Called when what was in flight has left, never from inside `send`. */
  onDrained: (() => void) | undefined;

  /** Called once if sending fails, never from inside `send`. The owner still has to close. */
  onBroken: ((error: Error) => void) | undefined;

  /** Monotonic time (`performance.now()`) at which the write in flight last made progress, `undefined` if none is. */
  readonly stalledSinceMs: number | undefined;

  /** Bytes that the system took. */
  readonly sentBytes: number;

  /** Bytes read. */
  readonly receivedBytes: number;

  /** Bytes that wait here for the system to take them. */
  readonly bufferedBytes: number;

  /**
   * Lets what is in flight leave for at most `deadlineMs`, tells the peer that this was all, and closes.
   *
   * What the peer still sends is read and dropped for a moment: closing over unread bytes would take the last answer
   * away from it.
   */
  closeAfterDrain(deadlineMs: number): Promise<void>;

  /** Closes at once; what waits here is lost. Harmless when closed. */
  close(): void;
}

/** What a listener needs of the runtime's own. */
export type AcceptSource = Pick<Deno.TcpListener, "accept" | "close" | "addr">;

/** An open TCP port. */
export class TcpListener implements Disposable {
  /** Port that is listened on, chosen by the system if 0 was asked for. */
  readonly port: number;
  #source: AcceptSource;
  #options: AdoptOptions;
  #isClosed = false;
  #failedAccepts = 0;
  #backoff = new Backoff();

  /** Takes over `source`; use {@linkcode listenTcp}. */
  constructor(source: AcceptSource, options: AdoptOptions) {
    this.#source = source;
    this.#options = options;
    this.port = source.addr.port;
  }

  /** Accepts that the system refused (too many open files, peer gone already) since the start. */
  get failedAccepts(): number {
    return this.#failedAccepts;
  }

  /** Waits for the next peer, `undefined` once closed. Refusals of the system are survived and counted. */
  async accept(): Promise<TcpConnection | undefined> {
    while (!this.#isClosed) {
      try {
        const connection = await this.#source.accept();
        if (!this.#isClosed) return adoptConnection(connection, this.#options);
        connection.close();
      } catch (error) {
        if (this.#isClosed || error instanceof Deno.errors.BadResource) break;
        this.#failedAccepts++;
        await this.#backoff.wait(ACCEPT_BACKOFF_MS);
      }
    }
    return undefined;
  }

  /** Closes the port; connections that were accepted stay. Harmless when closed. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#backoff.cancel();
    this.#source.close();
  }
}

/**
 * Opens a TCP port.
 *
 * Input: an empty `hostname` means all interfaces, IPv6 and IPv4; `useFfi: false` keeps connections to the runtime's own
 * reads and writes; a `poller` waits for what their peers send.
 *
 * @throws {PlatformError} if the address is in use, not of this machine, or not allowed.
 */
export function listenTcp(
  options: {
    hostname: string;
    port: number;
    useFfi?: boolean;
    poller?: ReadPoller | undefined;
  },
): TcpListener {
  const { port, useFfi = true, poller } = options;
  try {
    const hostname = bindHostname(options.hostname);
    const source = Deno.listen({ hostname, port });
    return new TcpListener(source, { useFfi, poller });
  } catch (error) {
    const action = `listen on TCP ${options.hostname}:${port}`;
    throw toPlatformError(error, action, port);
  }
}

/**
 * Connects to a peer. A signal ends the waiting, not the connection.
 *
 * @throws {PlatformError} if the peer cannot be found or reached.
 * @throws the signal's reason if it aborts first.
 */
export async function connectTcp(
  options: {
    hostname: string;
    port: number;
    useFfi?: boolean;
    signal?: AbortSignal;
  },
): Promise<TcpConnection> {
  const { hostname, port, useFfi = true, signal } = options;
  signal?.throwIfAborted();
  try {
    const target = { hostname, port };
    const connection = await Deno.connect(
      signal ? { ...target, signal } : target,
    );
    return adoptConnection(connection, { useFfi });
  } catch (error) {
    signal?.throwIfAborted();
    throw toPlatformError(error, `connect to ${hostname}:${port}`, port);
  }
}
