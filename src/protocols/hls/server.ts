import type { Hono } from "hono";
import { PathError } from "#core/errors.ts";
import type { RunningModule } from "#core/ports.ts";
import {
  type HttpCapacity,
  type HttpEnv,
  type HttpService,
  openHttpService,
} from "#http/http_service.ts";
import { notFoundResponse } from "#http/not_found.ts";
import {
  HLS_CONFIG_KEYS,
  type HlsContext,
  type HlsServerConfig,
} from "./context.ts";
import { Dvr } from "./dvr/dvr.ts";
import { directFiles } from "./direct_files.ts";
import { HttpStreams } from "./http_streams/http_streams.ts";
import { Muxers } from "./muxers.ts";
import { playlistRoute } from "./playlist_routes.ts";
import { type HlsRoute, pathErrorResponse } from "./routes.ts";
import { HlsSessions } from "./sessions.ts";
import { SegmentStorage } from "./storage/segment_storage.ts";
import { playerPage } from "./web/player_page.ts";

/** Viewers come from behind proxies and delivery networks, and each waits for a playlist and a part. */
const CAPACITY: HttpCapacity = {
  connections: 16_384,
  requests: 32_768,
  requestsPerAddress: 16_384,
};

/** How often those are looked for who have left. */
const TICK_MS = 1_000;

/**
 * Opens the server.
 *
 * @throws {Error} if the address is in use or not allowed, or the certificate cannot be used; the message names the key
 * and the remedy.
 */
export async function openHlsServer(given: HlsContext): Promise<HlsServer> {
  const { config, ports } = given;
  await using opened = new AsyncDisposableStack();
  const storage = config.hlsDirectory === ""
    ? undefined
    : opened.use(new SegmentStorage(given));
  const context = { ...given, storage };
  const streams = new HttpStreams(context);
  const sessions = opened.use(new HlsSessions(context));
  const muxers = opened.use(
    new Muxers(
      context,
      ({ options }, reason) => sessions.closePath(options.pathName, reason),
    ),
  );
  const dvr = new Dvr(context);
  const parts = { context, muxers, sessions, dvr };
  const routes: readonly HlsRoute[] = [
    playlistRoute(parts),
    streams.route,
    playerPage(context),
  ];
  const service = opened.use(
    await openHttpService({
      name: "HLS",
      capacity: CAPACITY,
      address: config.hlsAddress,
      addressKey: "hlsAddress",
      encryption: config.hlsEncryption,
      serverKey: config.hlsServerKey,
      serverCert: config.hlsServerCert,
      certificateKeys: { key: "hlsServerKey", certificate: "hlsServerCert" },
      allowOrigins: config.hlsAllowOrigins,
      trustedProxies: config.hlsTrustedProxies,
      readTimeoutMs: config.readTimeoutMs,
      writeTimeoutMs: config.writeTimeoutMs,
      allowMethods: "OPTIONS, GET",
      allowHeaders: "Authorization, Range",
      ports,
      direct: directFiles(parts),
      routes: (app) => serveTable(app, routes),
    }),
  );
  opened.use(streams);
  opened.use(dvr);
  const tick = () => {
    const nowMs = ports.clock.monotonicMs();
    sessions.tick(nowMs);
    muxers.tick(nowMs);
    cancelTick = ports.clock.after(TICK_MS, tick);
  };
  let cancelTick = ports.clock.after(TICK_MS, tick);
  opened.defer(() => cancelTick());
  return new HlsServer({ config, service }, opened.move());
}

/** A running HLS server. */
export class HlsServer implements RunningModule<HlsServerConfig> {
  readonly closed: Promise<void>;
  /** Port that is listened on; 0 for a socket file. */
  readonly port: number;
  #config: HlsServerConfig;
  #opened: AsyncDisposableStack;

  /** Takes over `opened`; use {@linkcode openHlsServer}. */
  constructor(
    parts: { readonly config: HlsServerConfig; readonly service: HttpService },
    opened: AsyncDisposableStack,
  ) {
    this.#config = parts.config;
    this.closed = parts.service.closed;
    this.port = parts.service.port;
    this.#opened = opened;
  }

  /** Takes a new configuration if it changes nothing here. */
  apply(next: HlsServerConfig): "done" | "restart" {
    const before = this.#config;
    const isSame =
      HLS_CONFIG_KEYS.every((key) =>
        String(next[key]) === String(before[key])
      ) && next.hlsCDNSecret.reveal() === before.hlsCDNSecret.reveal();
    return isSame ? "done" : "restart";
  }

  /** Stops listening, ends every session and muxer. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

/** Names of paths have slashes: the table looks for itself. */
function serveTable(app: Hono<HttpEnv>, routes: readonly HlsRoute[]): void {
  app.get("*", async (request) => {
    if (request.req.method !== "GET") return notFoundResponse();
    const urlPath = request.req.path;
    try {
      for (const route of routes) {
        const response = route(request, urlPath);
        if (response !== undefined) return await response;
      }
    } catch (error) {
      if (error instanceof PathError) return pathErrorResponse(error);
      throw error;
    }
    return notFoundResponse();
  });
}
