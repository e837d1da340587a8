import { Hono } from "hono";
import {
  AuthenticationError,
  type Credentials,
  type RefusalCode,
} from "#base/access.ts";
import { errorStack } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { RequestOrigin } from "#platform/http_server.ts";
import { addressText } from "#platform/peer_address.ts";
import type { Upgrade } from "#platform/websocket.ts";
import { AllowedOrigins } from "./allowed_origins.ts";
import { readBody } from "./body.ts";
import { browserFault } from "./browser_guard.ts";
import { clientIp, clientScheme, type HeaderSource } from "./client_address.ts";
import { readCredentials } from "./credentials.ts";
import type { DirectHead, DirectRequest } from "./direct.ts";
import { HttpError } from "./http_error.ts";
import type {
  HttpCapacity,
  HttpEnv,
  HttpServiceOptions,
  HttpVariables,
} from "./http_service.ts";
import { errorResponse } from "./json.ts";
import { notFoundResponse } from "./not_found.ts";
import { RequestLimits } from "./request_limits.ts";
import { ResponseRequest } from "./response_request.ts";
import { requestText, responseText } from "./wire_log.ts";

/** Bodies of requests, where the route does not allow more. */
const MAX_BODY_BYTES = 65_536;

/** What every answer says about who gave it, as MediaMTX's do: some clients look. */
const SERVER_NAME = "mediamtx";

/** Actions that let strangers' pages do harm where they are allowed by address alone. */
const GUARDED_ACTIONS: readonly string[] = ["api", "metrics", "pprof"];

const SWITCHING_PROTOCOLS = 101;

const REFUSAL_STATUS: Readonly<Record<RefusalCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  // Not registered, but what servers with signed URLs answer.
  expired: 419,
};

/** One request and what was found out about it. */
interface Incoming {
  readonly request: Request;
  readonly origin: RequestOrigin;
  /** Path, percent escapes resolved. */
  readonly path: string;
  readonly url: URL;
  readonly ip: string;
  readonly remoteAddress: string;
  readonly logger: Logger;
}

/** What Hono is given beside the request. */
type Bindings = {
  readonly path: string;
  readonly variables: HttpVariables;
  /** Makes the answer when a route throws. */
  readonly fail: (error: unknown) => Response;
};

/** Answers the requests of one service. */
export class RequestHandler {
  #options: HttpServiceOptions;
  #origins: AllowedOrigins;
  #limits: RequestLimits;
  #guardedRoutes: Routes;
  #openRoutes: Routes | undefined;

  /** Builds the routes. */
  constructor(options: HttpServiceOptions, capacity: HttpCapacity) {
    this.#options = options;
    this.#limits = new RequestLimits(capacity);
    this.#origins = new AllowedOrigins(options.allowOrigins);
    this.#guardedRoutes = new Routes(options.routes);
    this.#openRoutes = options.openRoutes && new Routes(options.openRoutes);
  }

  /** Answers one request; never rejects. */
  serve(request: Request, origin: RequestOrigin): Promise<Response> {
    return this.#serveDirect(request, origin) ??
      this.#serveRouted(request, origin);
  }

  /** Part of the server of HTTP/1. Hot path. */
  direct(request: DirectRequest): boolean {
    try {
      return this.#options.direct?.(request) ?? false;
    } catch {
      return false; // the routes will find the same fault, and answer it
    }
  }

  /** Part of the server of HTTP/1. Hot path. */
  handleAnswered(
    { path }: DirectRequest,
    { status, lines }: DirectHead,
    bodyBytes: number,
  ): void {
    this.#options.ports.logger.debug(() =>
      `[c->s] GET ${path}, [s->c] ${status} ${
        lines.trim().replaceAll("\r\n", ", ")
      }, ${bodyBytes} bytes`
    );
  }

  /** Part of the server of HTTP/1. */
  commonLines(origin: string | undefined): string {
    const allowed = this.#origins.headerFor(origin);
    const server = `Server: ${SERVER_NAME}\r\n`;
    if (allowed === undefined) return server;
    const vary = allowed === "*" ? "" : "Vary: Origin\r\n";
    return `${server}Access-Control-Allow-Origin: ${allowed}\r\n${vary}`;
  }

  /** Part of the server of HTTP/1. */
  clientIp(socketIp: string, fields: HeaderSource): string {
    return clientIp(socketIp, fields, this.#options.trustedProxies);
  }

  /** Part of the server of HTTP/1. */
  fail(error: unknown): void {
    this.#options.ports.logger.error(`Internal error: ${errorStack(error)}`);
  }

  /** What the runtime serves. Output: undefined if the routes are to answer. */
  #serveDirect(
    request: Request,
    origin: RequestOrigin,
  ): Promise<Response> | undefined {
    const { direct, trustedProxies } = this.#options;
    if (direct === undefined || request.method !== "GET") return undefined;
    const path = decodedPath(request.url);
    if (path === undefined) return undefined;
    const { peer } = origin;
    const ip = peer ? clientIp(peer.ip, request.headers, trustedProxies) : "";
    const asked = new ResponseRequest(request, path, ip);
    if (!this.direct(asked)) return undefined;
    return asked.response.then((response) => this.#finish(request, response));
  }

  async #serveRouted(
    request: Request,
    origin: RequestOrigin,
  ): Promise<Response> {
    const incoming = this.#look(request, origin);
    if (!incoming) return this.#finish(request, emptyResponse(400));
    const { logger, path } = incoming;
    logger.debug(() => requestText(request.method, path, request.headers));
    let response: Response;
    try {
      response = await this.#answer(incoming);
    } catch (error) {
      response = this.#failure(error, incoming);
    }
    const finished = this.#finish(request, response);
    logger.debug(() => responseText(finished));
    return finished;
  }

  /** Undefined if it cannot be understood. */
  #look(request: Request, origin: RequestOrigin): Incoming | undefined {
    const { peer } = origin;
    const url = URL.parse(request.url);
    const path = decodedPath(request.url);
    if (!url || path === undefined) return undefined;
    if (request.method === "OPTIONS" && path === "/*") return undefined;
    const { trustedProxies, ports } = this.#options;
    const ip = peer ? clientIp(peer.ip, request.headers, trustedProxies) : "";
    const remoteAddress = peer ? addressText({ ip, port: peer.port }) : "unix";
    const logger = ports.logger.child(`conn ${remoteAddress}`);
    return { request, origin, path, url, ip, remoteAddress, logger };
  }

  async #answer(incoming: Incoming): Promise<Response> {
    const { request, origin, path, url, ip, remoteAddress } = incoming;
    using _entered = this.#limits.enter(ip);
    if (isPreflight(request)) return this.#preflight();
    const fail = (error: unknown) => this.#failure(error, incoming);
    const variables = {
      ip,
      remoteAddress,
      scheme: this.#scheme(incoming),
      signal: origin.signal,
      upgradeToWebSocket: () => this.#upgrade(incoming),
      readBody: this.#bodyReader(incoming),
    };
    const { method } = request;
    if (this.#openRoutes?.has(method, path)) {
      const bindings = { path, variables: { ...variables, user: "" }, fail };
      return await this.#openRoutes.run(request, bindings);
    }
    await this.#guard(incoming);
    const credentials = readCredentials(request.headers);
    const user = await this.#authenticate(incoming, credentials);
    const routes = this.#guardedRoutes;
    if (routes.has(method, path)) {
      const bindings = { path, variables: { ...variables, user }, fail };
      return await routes.run(request, bindings);
    }
    return redirectToVariant(routes, request, { path, url }) ??
      notFoundResponse();
  }

  #scheme({ request, origin: { peer } }: Incoming): HttpVariables["scheme"] {
    const { trustedProxies, encryption } = this.#options;
    const told = peer &&
      clientScheme(peer.ip, request.headers, trustedProxies);
    return told ?? (encryption ? "https" : "http");
  }

  #bodyReader({ request, origin }: Incoming): HttpVariables["readBody"] {
    const { readTimeoutMs: timeoutMs, ports: { clock } } = this.#options;
    const { endReading } = origin;
    return (maxBytes = MAX_BODY_BYTES) =>
      readBody(request, { maxBytes, timeoutMs, clock, endReading });
  }

  /** Browsers let every page open a WebSocket, and send along what they know of the visitor. */
  #upgrade({ request, origin, url }: Incoming): Upgrade {
    const page = request.headers.get("Origin") ?? undefined;
    const isOwn = page === undefined || URL.parse(page)?.host === url.host;
    if (!isOwn && this.#origins.headerFor(page) === undefined) {
      const key = this.#options.addressKey.replace(/Address$/, "AllowOrigins");
      throw new HttpError(
        403,
        `Cannot open a WebSocket: a page of "${page}" asks for it, and ${key} does not name it`,
      );
    }
    try {
      return origin.upgradeToWebSocket();
    } catch (cause) {
      throw new HttpError(400, "the request is not for a WebSocket", { cause });
    }
  }

  #preflight(): Response {
    return emptyResponse(204, {
      "Access-Control-Allow-Methods": this.#options.allowMethods,
      "Access-Control-Allow-Headers": this.#options.allowHeaders,
    });
  }

  /** @throws {HttpError} 403 if a page may be behind it that nobody allowed, and no credentials are needed. */
  async #guard(incoming: Incoming): Promise<void> {
    const { action, addressKey } = this.#options;
    if (action === undefined || !GUARDED_ACTIONS.includes(action)) return;
    const { request: { method, headers }, url, ip } = incoming;
    const fault = browserFault({
      method,
      headers,
      hostname: url.hostname,
      host: url.host,
      ip,
      origins: this.#origins,
      originsKey: addressKey.replace(/Address$/, "AllowOrigins"),
    });
    if (fault === undefined) return;
    const isOpen = !headers.has("Authorization") ||
      await this.#isOpenTo(incoming);
    if (isOpen) throw new HttpError(403, fault);
  }

  /** Whether a request would be let in without credentials: those that it brings prove nothing then. */
  async #isOpenTo(incoming: Incoming): Promise<boolean> {
    try {
      await this.#authenticate(incoming, { kind: "none" });
      return true;
    } catch (error) {
      if (error instanceof AuthenticationError) return false;
      throw error;
    }
  }

  /** Name of the user, empty if nobody needs to be asked. @throws {AuthenticationError} */
  async #authenticate(
    { origin, url, ip }: Incoming,
    credentials: Credentials,
  ): Promise<string> {
    const { action, ports } = this.#options;
    if (action === undefined) return "";
    const { user } = await ports.authenticator.authenticate({
      action,
      pathName: "",
      query: url.search.slice(1),
      protocol: "",
      sessionId: "",
      ip,
      userAgent: "",
      credentials,
      signal: origin.signal,
    });
    return user;
  }

  #failure(error: unknown, { origin, logger }: Incoming): Response {
    if (error instanceof AuthenticationError) {
      const status = REFUSAL_STATUS[error.code];
      const headers: Record<string, string> = {};
      if (error.isChallenge) {
        headers["WWW-Authenticate"] = 'Basic realm="mediamtx"';
      } else logger.warn(`failed to authenticate: ${error.message}`);
      return errorResponse("authentication error", { status, headers });
    }
    if (error instanceof HttpError) {
      const { status, message } = error;
      this.#options.ports.logger.error(message);
      return errorResponse(message, { status });
    }
    if (origin.signal.aborted) {
      return errorResponse("terminated", { status: 500 });
    }
    logger.error(`Internal error: ${errorStack(error)}`);
    return errorResponse("internal error", { status: 500 });
  }

  #finish(request: Request, response: Response): Response {
    // Of a WebSocket: the request cannot be read any more.
    if (response.status === SWITCHING_PROTOCOLS) return response;
    const { headers } = response;
    headers.set("Server", SERVER_NAME);
    const origin = request.headers.get("Origin") ?? undefined;
    const allowed = this.#origins.headerFor(origin);
    if (allowed !== undefined) {
      headers.set("Access-Control-Allow-Origin", allowed);
      if (allowed !== "*") headers.append("Vary", "Origin");
    }
    return response;
  }
}

/** Routes of one kind: Hono finds and runs them, nothing else. */
class Routes {
  #app = new Hono<HttpEnv & { Bindings: Bindings }>({
    strict: true,
    // The only way to give Hono a path whose escapes are resolved once.
    getPath: (_request, options) => (options!.env as Bindings).path,
  });

  constructor(add: (app: Hono<HttpEnv>) => void) {
    this.#app.use(async (context, next) => {
      const { ip, user, remoteAddress, signal, readBody, upgradeToWebSocket } =
        context.env.variables;
      context.set("ip", ip);
      context.set("user", user);
      context.set("remoteAddress", remoteAddress);
      context.set("scheme", context.env.variables.scheme);
      context.set("signal", signal);
      context.set("readBody", readBody);
      context.set("upgradeToWebSocket", upgradeToWebSocket);
      await next();
    });
    this.#app.onError((error, context) => context.env.fail(error));
    add(this.#app as unknown as Hono<HttpEnv>);
  }

  /** Whether anything is served there. */
  has(method: string, path: string): boolean {
    const asked = method === "HEAD" ? "GET" : method;
    return this.#app.router.match(asked, path)[0]
      .some(([[, route]]) => route.method === asked);
  }

  async run(request: Request, bindings: Bindings): Promise<Response> {
    return await this.#app.fetch(request, bindings);
  }
}

/** The same place with or without a slash at its end, if something is served there. */
function redirectToVariant(
  routes: Routes,
  { method }: Request,
  { path, url }: { readonly path: string; readonly url: URL },
): Response | undefined {
  const variant = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  if (!routes.has(method, variant)) return undefined;
  const pathname = url.pathname.endsWith("/")
    ? url.pathname.slice(0, -1)
    : `${url.pathname}/`;
  return emptyResponse(method === "GET" ? 301 : 307, {
    Location: pathname + url.search,
  });
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("Access-Control-Request-Method");
}

/** What stands behind the host, percent escapes resolved; undefined if not all of them are valid. */
function decodedPath(url: string): string | undefined {
  const pathAt = url.indexOf("/", url.indexOf("://") + 3);
  const path = pathAt < 0 ? "/" : url.slice(pathAt).split(/[?#]/, 1)[0]!;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // the caller refuses the request
  }
}

function emptyResponse(
  status: number,
  headers: Record<string, string> = {},
): Response {
  return new Response(null, { status, headers });
}
