import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import {
  type ListenAddress,
  parseListenAddress,
} from "#base/listen_address.ts";
import { ConnectionSweeper, type SweepLimits } from "./connection_sweeper.ts";
import { PlatformError, toPlatformError } from "./errors.ts";
import { bindHostname, type PeerAddress, plainIp } from "./peer_address.ts";
import type { TlsPair } from "./tls.ts";
import { type Upgrade, upgradeToWebSocket } from "./websocket.ts";

/** How long requests under way may go on when the server ends. */
const SHUTDOWN_MS = 2_000;

/** How long they may take to end when their connections are cut off. */
const CUT_OFF_MS = 500;

/** Mode of a socket file: everybody may look, those may connect whom the folder lets in. */
const SOCKET_FILE_MODE = 0o755;

const SOCKET_FILE_PREFIX = "unix://";

/** Where a request is from. */
export interface RequestOrigin {
  /** Undefined for what comes through a socket file. */
  readonly peer: PeerAddress | undefined;
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
  /** Reads no more of the connection: a body that is being read breaks off. Output: whether that was possible. */
  readonly endReading: () => boolean;
  /** Makes a WebSocket of the connection: its response is the answer. @throws {TypeError} if nobody asked for one. */
  readonly upgradeToWebSocket: () => Upgrade;
}

/** What an HTTP server is made of. */
export interface HttpServerOptions {
  /** `host:port`, `:port` or `unix:///path`. */
  readonly address: string;
  /** Pair that peers are shown; undefined for plain HTTP. */
  readonly pair: TlsPair | undefined;
  /** Connections that nobody uses are closed by these. */
  readonly limits: SweepLimits;
  readonly clock: Clock;
  /** Answers a request; must not reject. */
  readonly serve: (
    request: Request,
    origin: RequestOrigin,
  ) => Promise<Response>;
}

/** A port or a socket file. */
type Target = ListenAddress | { readonly path: string };

/** What the runtime's own server must do. */
type Listener = Pick<
  Deno.HttpServer<Deno.Addr>,
  "addr" | "finished" | "shutdown"
>;

/**
 * Opens a server of HTTP/1.1, and of HTTP/2 where it is encrypted.
 *
 * @throws {PlatformError} if the address is in use, not of this machine, or not allowed.
 */
export async function openHttpServer(
  options: HttpServerOptions,
): Promise<HttpServer> {
  const { address, pair } = options;
  if (address.startsWith(SOCKET_FILE_PREFIX)) {
    const path = address.slice(SOCKET_FILE_PREFIX.length);
    if (pair) {
      const reason = "a socket file cannot be encrypted";
      throw new PlatformError(`listen on ${address}`, reason, {
        code: "invalid_address",
      });
    }
    await removeStaleSocket(path);
    const server = new HttpServer(options, { path });
    await Deno.chmod(path, SOCKET_FILE_MODE);
    return server;
  }
  const { hostname, port } = parseListenAddress(address);
  return new HttpServer(options, { hostname: bindHostname(hostname), port });
}

/** A file that is left of a server that is gone keeps the next one from listening. */
async function removeStaleSocket(path: string): Promise<void> {
  try {
    const { isSocket } = await Deno.lstat(path);
    if (isSocket) await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw toPlatformError(error, `remove the socket file ${path}`);
  }
}

/** A running server of HTTP. */
export class HttpServer implements AsyncDisposable {
  /** Port that is listened on; 0 for a socket file. */
  readonly port: number;
  /** Settles when it has ended; rejects if it ended by itself. */
  readonly closed: Promise<void>;
  #options: HttpServerOptions;
  #target: Target;
  #sweeper: ConnectionSweeper | undefined;
  #listener: Listener;
  /** Tells requests that the server ends. */
  #abort = new AbortController();
  /** Listeners that lost their place to a newer pair. */
  #ending = new Set<Promise<void>>();
  #closed = Promise.withResolvers<void>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  /** Listens; use {@linkcode openHttpServer}. */
  constructor(
    options: HttpServerOptions,
    target: Target,
  ) {
    this.#options = options;
    this.#target = target;
    this.closed = this.#closed.promise;
    if (options.pair && "port" in target) checkFree(target);
    this.#listener = this.#listen(options.pair);
    const { addr } = this.#listener;
    this.port = "port" in addr ? addr.port : 0;
    if (this.port > 0) {
      this.#target = { ...target as ListenAddress, port: this.port };
      this.#sweeper = new ConnectionSweeper(this.port, options);
    }
  }

  /** Shows new peers another pair; requests that are under way go on, connections that only wait are closed. */
  replacePair(pair: TlsPair): void {
    const previous = this.#listener;
    this.#listener = this.#listen(pair);
    const ended = previous.shutdown()
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Listens no more, lets requests that are under way go on for 2 s, then ends them. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const ended = Promise.all([this.#listener.shutdown(), ...this.#ending]);
    if (!await this.#isWithin(ended, SHUTDOWN_MS)) {
      this.#abort.abort(new Error("terminated"));
      this.#sweeper?.closeAll();
      // What a peer does not let go of even now is left to the runtime.
      await this.#isWithin(ended, CUT_OFF_MS);
    }
    this.#sweeper?.[Symbol.dispose]();
    this.#closed.resolve();
  }

  async #isWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#options.clock.after(limitMs, () => resolve(false));
    return await Promise.race([work.then(() => true), late]).finally(cancel);
  }

  #listen(pair: TlsPair | undefined): Listener {
    const target = this.#target;
    const common = { onListen: () => {} };
    const handle = (request: Request, info: Deno.ServeHandlerInfo) =>
      this.#serve(request, info);
    try {
      const listener: Listener = "path" in target
        ? Deno.serve({ ...common, ...target }, handle)
        : pair
        ? Deno.serve({
          ...common,
          ...target,
          // The listener with the next pair shares the port.
          reusePort: true,
          key: pair.keyPem,
          cert: pair.certificatePem,
        }, handle)
        : Deno.serve({ ...common, ...target }, handle);
      listener.finished.then(
        () => this.#handleEnd(listener, "it ended by itself"),
        (error) => this.#handleEnd(listener, errorText(error)),
      );
      return listener;
    } catch (error) {
      throw listenError(error, this.#options.address, target);
    }
  }

  #handleEnd(listener: Listener, reason: string): void {
    if (this.#isClosed || listener !== this.#listener) return;
    const action = `go on listening on ${this.#options.address}`;
    this.#closed.reject(new PlatformError(action, reason, { code: "other" }));
  }

  async #serve(
    request: Request,
    { remoteAddr, completed }: Deno.ServeHandlerInfo,
  ): Promise<Response> {
    const peer = "hostname" in remoteAddr
      ? { ip: plainIp(remoteAddr.hostname), port: remoteAddr.port }
      : undefined;
    const end = peer && this.#sweeper?.begin(peer);
    // Rejects when the peer goes before it has its answer: the request has ended all the same.
    if (end) completed.then(end, end);
    return await this.#options.serve(request, {
      peer,
      signal: this.#abort.signal,
      endReading: () =>
        peer !== undefined && (this.#sweeper?.endReading(peer) ?? false),
      upgradeToWebSocket: () => this.#upgrade(request, peer),
    });
  }

  /** To the runtime the request has ended with its answer: the connection is in use all the same. */
  #upgrade(request: Request, peer: PeerAddress | undefined): Upgrade {
    const upgrade = upgradeToWebSocket(request, this.#options.clock);
    const end = peer && this.#sweeper?.begin(peer);
    if (end) upgrade.socket.closed.then(end);
    return upgrade;
  }
}

/** @throws {PlatformError} if somebody listens there: a shared port would not tell. */
function checkFree(target: ListenAddress): void {
  try {
    Deno.listen({ ...target }).close();
  } catch (error) {
    throw listenError(error, `${target.hostname}:${target.port}`, target);
  }
}

function listenError(
  error: unknown,
  address: string,
  target: Target,
): PlatformError {
  const port = "port" in target ? target.port : undefined;
  return toPlatformError(error, `listen on ${address}`, port);
}
