import type { Hono } from "hono";
import type { Action } from "#base/access.ts";
import { addressError } from "#base/errors.ts";
import type { IpNetwork } from "#base/ip.ts";
import type { ModulePorts } from "#core/ports.ts";
import { openCertificates } from "#platform/certificates.ts";
import { type HttpServer, openHttpServer } from "#platform/http_server.ts";
import { RequestHandler } from "./request_handler.ts";

/** How long a connection may wait for its next request. */
const IDLE_MS = 30_000;

/** Connections of one service at the same time. */
const MAX_CONNECTIONS = 1_024;

/** What routes know of a request: `c.var`. */
export interface HttpVariables {
  /** Address of the client, behind trusted proxies too; empty for a socket file. */
  readonly ip: string;
  /** Who was let in; empty if anonymous. */
  readonly user: string;
  /** `IP:port` of the client, for logs. */
  readonly remoteAddress: string;
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
  /** Permission that every request needs. */
  readonly action: Action;
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
  /** Adds what is served after authentication. */
  readonly routes: (app: Hono<HttpEnv>) => void;
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
  let server: HttpServer | undefined;
  const certificates = options.encryption
    ? opened.use(
      await openCertificates({
        keyFile: options.serverKey,
        certificateFile: options.serverCert,
        configKeys: options.certificateKeys,
        logger: ports.logger,
        onReloaded: (pair) => server?.replacePair(pair),
      }),
    )
    : undefined;
  const handler = new RequestHandler(options);
  try {
    server = opened.use(
      await openHttpServer({
        address: options.address,
        pair: certificates?.current,
        clock: ports.clock,
        limits: {
          firstRequestMs: options.readTimeoutMs,
          idleMs: IDLE_MS,
          writeTimeoutMs: options.writeTimeoutMs,
          maxConnections: MAX_CONNECTIONS,
        },
        serve: (request, origin) => handler.serve(request, origin),
      }),
    );
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
