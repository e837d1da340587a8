import type { Hono } from "hono";
import type { Action } from "#base/access.ts";
import { addressError } from "#base/errors.ts";
import type { IpNetwork } from "#base/ip.ts";
import type { ModulePorts } from "#core/ports.ts";
import { openCertificates } from "#platform/certificates.ts";
import { type HttpServer, openHttpServer } from "#platform/http_server.ts";
import type { Upgrade } from "#platform/websocket.ts";
import type { DirectRequest } from "./direct.ts";
import { Http1Server } from "./http1/server.ts";
import { RequestHandler } from "./request_handler.ts";

/** How long a connection may wait for its next request. */
const IDLE_MS = 30_000;

/** Connections and requests of one service at the same time, if it does not say otherwise. */
const DEFAULT_CAPACITY: HttpCapacity = {
  connections: 1_024,
  requests: 4_096,
  // A refused login takes up to 4 s, and whoever guesses passwords must not use up all.
  requestsPerAddress: 1_024,
};

/** How much of everything there may be at the same time. */
export interface HttpCapacity {
  readonly connections: number;
  /** Requests without an answer. */
  readonly requests: number;
  /** The same of one address. */
  readonly requestsPerAddress: number;
}

/** What routes know of a request: `c.var`. */
export interface HttpVariables {
  /** Address of the client, behind trusted proxies too; empty for a socket file. */
  readonly ip: string;
  /** Who was let in; empty if anonymous. */
  readonly user: string;
  /** `IP:port` of the client, for logs. */
  readonly remoteAddress: string;
  /** How the client speaks to the server, or to the trusted proxy before it. */
  readonly scheme: "http" | "https";
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
  /**
   * Makes a WebSocket of the request: its response is the answer.
   *
   * @throws {HttpError} 400 if the request is not for one, 403 if a page sends it that may not call.
   */
  readonly upgradeToWebSocket: () => Upgrade;
  /**
   * Reads the body: 64 KiB unless `maxBytes` says otherwise.
   *
   * @throws {HttpError} 400 if it is too long, 408 if it takes too long.
   */
  readonly readBody: (maxBytes?: number) => Promise<Uint8Array>;
}

/** Environment of the routes. */
export type HttpEnv = { Variables: HttpVariables };

/** What a service of HTTP is made of. */
export interface HttpServiceOptions {
  /** As in the log, e.g. `"API"`. */
  readonly name: string;
  /** Permission that every request needs; left out if the routes ask for themselves. */
  readonly action?: Action;
  readonly capacity?: HttpCapacity;
  readonly address: string;
  /** Config key of the address. */
  readonly addressKey: string;
  readonly encryption: boolean;
  readonly serverKey: string;
  readonly serverCert: string;
  /** Config keys of the pair. */
  readonly certificateKeys: {
    readonly key: string;
    readonly certificate: string;
  };
  /** Origins that browsers may call from. */
  readonly allowOrigins: readonly string[];
  /** Proxies whose word about the client is believed. */
  readonly trustedProxies: readonly IpNetwork[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Answers to a browser that asks before it calls. */
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly ports: ModulePorts;
  /** Adds what is served after authentication; an error that a route throws is answered as one of the service. */
  readonly routes: (app: Hono<HttpEnv>) => void;
  /**
   * Answers a GET, at once or later, before anything else is made of it. Hot path of media.
   *
   * Output: false if the routes are to answer. A service that has it serves plain HTTP itself, see `http1/`; its requests
   * have no bodies.
   */
  readonly direct?: (request: DirectRequest) => boolean;
  /** Adds what is served to everybody. */
  readonly openRoutes?: (app: Hono<HttpEnv>) => void;
}

/** A running service of HTTP. */
export interface HttpService extends AsyncDisposable {
  /** Port that is listened on; 0 for a socket file. */
  readonly port: number;
  /** Settles when it has ended; rejects if it ended by itself. */
  readonly closed: Promise<void>;
}

/**
 * Opens a service: CORS, authentication and routes, each with the limits that strangers' requests need.
 *
 * @throws {Error} if the address is in use or not allowed, or the certificate cannot be used; the message names the key
 * and the remedy.
 */
export async function openHttpService(
  options: HttpServiceOptions,
): Promise<HttpService> {
  const { ports } = options;
  await using opened = new AsyncDisposableStack();
  let encrypted: HttpServer | undefined;
  const certificates = options.encryption
    ? opened.use(
      await openCertificates({
        keyFile: options.serverKey,
        certificateFile: options.serverCert,
        configKeys: options.certificateKeys,
        logger: ports.logger,
        onReloaded: (pair) => encrypted?.replacePair(pair),
      }),
    )
    : undefined;
  const { capacity = DEFAULT_CAPACITY } = options;
  const handler = new RequestHandler(options, capacity);
  const common = {
    address: options.address,
    clock: ports.clock,
    limits: {
      firstRequestMs: options.readTimeoutMs,
      idleMs: IDLE_MS,
      writeTimeoutMs: options.writeTimeoutMs,
      maxConnections: capacity.connections,
    },
  };
  let server: Http1Server | HttpServer;
  try {
    if (isOwn(options)) {
      server = opened.use(new Http1Server({ ...common, service: handler }));
    } else {
      server = encrypted = opened.use(
        await openHttpServer({
          ...common,
          pair: certificates?.current,
          serve: (request, origin) => handler.serve(request, origin),
        }),
      );
    }
  } catch (cause) {
    throw addressError(options.addressKey, cause);
  }
  const { port, closed } = server;
  const place = port > 0 ? `:${port}` : options.address;
  const scheme = options.encryption ? "HTTPS" : "HTTP";
  ports.logger.info(`started with listener on ${place} (TCP/${scheme})`);
  const resources = opened.move();
  return {
    port,
    closed,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Whether requests are read here; the runtime does what needs TLS with HTTP/2, or a socket file. */
function isOwn({ direct, encryption, address }: HttpServiceOptions): boolean {
  return direct !== undefined && !encryption && !address.startsWith("unix:");
}
