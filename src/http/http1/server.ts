import type { Clock } from "#base/clock.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import { PlatformError } from "#platform/errors.ts";
import { Incoming } from "#platform/incoming.ts";
import { ReadPoller } from "#platform/read_poller.ts";
import {
  listenTcp,
  type TcpConnection,
  type TcpListener,
} from "#platform/tcp.ts";
import {
  Http1Connection,
  type Http1Service,
  type WaitLimits,
} from "./connection.ts";

/** How often connections are looked at. */
const TICK_MS = 1_000;

/** How long requests under way may go on when the server ends. */
const SHUTDOWN_MS = 2_000;

/** How long routes may take to end when their connections are closed. */
const CUT_OFF_MS = 500;

/** Connections that are looked at, the oldest first, when there are too many and one has to go. */
const MAX_CANDIDATES = 64;

/** What the server is made of. */
export interface Http1ServerOptions {
  /** `host:port` or `:port`. */
  readonly address: string;
  readonly clock: Clock;
  readonly limits: WaitLimits & {
    /** Connections at the same time; beyond it another one is closed, or the newest. */
    readonly maxConnections: number;
  };
  readonly service: Omit<Http1Service, "signal">;
}

/**
 * A server of HTTP/1 for what many peers ask for many times a second.
 *
 * Requests have no bodies: what a peer sends behind a head that announces one is dropped, and its connection ends.
 */
export class Http1Server implements AsyncDisposable {
  /** Port that is listened on. */
  readonly port: number;
  /** Settles when it has ended; rejects if it ended by itself. */
  readonly closed: Promise<void>;
  #options: Http1ServerOptions;
  #service: Http1Service;
  #incoming: Incoming;
  /** Waits for all connections together. */
  #poller: ReadPoller | undefined;
  /** With the address of the socket. */
  #connections = new Map<Http1Connection, string>();
  #countByIp = new Map<string, number>();
  #ended = Promise.withResolvers<void>();
  #abort = new AbortController();
  #closing: Promise<void> | undefined;
  #cancelTick: () => void = () => {};

  /** Listens. @throws {PlatformError} if the address is in use, not of this machine, or not allowed. */
  constructor(options: Http1ServerOptions) {
    this.#options = options;
    const { service } = options;
    this.#service = {
      signal: this.#abort.signal,
      clientIp: (ip, fields) => service.clientIp(ip, fields),
      commonLines: (origin) => service.commonLines(origin),
      direct: (request) => service.direct(request),
      handleAnswered: (...answer) => service.handleAnswered(...answer),
      fail: (error) => service.fail(error),
      serve: (request, origin) => service.serve(request, origin),
    };
    this.#poller = ReadPoller.open();
    const listener = this.#listen(options.address);
    this.port = listener.port;
    this.#incoming = new Incoming(listener, {
      certificate: undefined,
      trustedProxies: [],
      serve: (connection) => this.#serve(connection),
      onRefused: () => {}, // without a handshake nobody is
    });
    const listening = this.#incoming.closed.then(() => {
      if (this.#closing !== undefined) return;
      const action = `go on listening on ${options.address}`;
      const reason = "it ended by itself";
      throw new PlatformError(action, reason, { code: "other" });
    });
    this.closed = Promise.race([listening, this.#ended.promise]);
    this.#tick();
  }

  /** Listens no more, lets requests that are under way go on for 2 s, then ends them. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#cancelTick();
    this.#incoming.stop();
    for (const connection of [...this.#connections.keys()]) connection.finish();
    const { clock } = this.#options;
    let cancel = clock.after(SHUTDOWN_MS, () => {
      this.#abort.abort(new Error("terminated"));
      for (const connection of [...this.#connections.keys()]) {
        connection.close();
      }
      // A route that does not end even now is left to itself.
      cancel = clock.after(CUT_OFF_MS, this.#ended.resolve);
    });
    await Promise.race([this.#incoming.closed, this.#ended.promise]);
    cancel();
    this.#ended.resolve();
    await this.#poller?.[Symbol.asyncDispose]();
  }

  #listen(address: string): TcpListener {
    const poller = this.#poller;
    try {
      return listenTcp({ ...parseListenAddress(address), poller });
    } catch (error) {
      poller?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #serve(tcp: TcpConnection): Promise<void> {
    const { limits, clock } = this.#options;
    const { ip } = tcp.peer;
    const isFull = this.#connections.size >= limits.maxConnections;
    if (isFull && !this.#makeRoom(ip)) return tcp.close();
    const nowMs = clock.monotonicMs();
    const connection = new Http1Connection(tcp, this.#service, nowMs);
    this.#connections.set(connection, ip);
    this.#countByIp.set(ip, this.#countOf(ip) + 1);
    await connection.run();
    this.#forget(connection);
  }

  /**
   * Closes a connection that waits: one of the address that has most, of these the one that waits longest. If all are in
   * use, one of an address that has over half of them, so that nobody can shut out all others.
   *
   * Output: false if there is none, or if it is the newcomer's address that has over half, and another would have to go
   * for it.
   */
  #makeRoom(newcomerIp: string): boolean {
    let chosen: Http1Connection | undefined;
    let chosenIp = "";
    let busy: Http1Connection | undefined;
    const half = this.#options.limits.maxConnections / 2;
    const oldest = [...this.#connections.entries().take(MAX_CANDIDATES)];
    for (const [connection, ip] of oldest) {
      if (!connection.isWaiting) {
        // Others are looked at before it the next time.
        this.#connections.delete(connection);
        this.#connections.set(connection, ip);
        if (ip !== newcomerIp && this.#countOf(ip) > half) busy ??= connection;
        continue;
      }
      const more = this.#countOf(ip) - this.#countOf(chosenIp);
      const isBetter = chosen === undefined || more > 0 ||
        more === 0 && connection.seenAtMs < chosen.seenAtMs;
      if (!isBetter) continue;
      chosen = connection;
      chosenIp = ip;
    }
    const hasTooMany = this.#countOf(newcomerIp) > half;
    const leaving = hasTooMany && chosenIp !== newcomerIp
      ? undefined
      : chosen ?? busy;
    if (leaving === undefined) return false;
    this.#forget(leaving);
    leaving.close();
    return true;
  }

  #forget(connection: Http1Connection): void {
    const ip = this.#connections.get(connection);
    if (ip === undefined) return;
    this.#connections.delete(connection);
    const count = this.#countOf(ip) - 1;
    if (count === 0) this.#countByIp.delete(ip);
    else this.#countByIp.set(ip, count);
  }

  #countOf(ip: string): number {
    return this.#countByIp.get(ip) ?? 0;
  }

  #tick(): void {
    const { clock, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const connection of [...this.#connections.keys()]) {
      connection.tick(nowMs, limits);
    }
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
  }
}
