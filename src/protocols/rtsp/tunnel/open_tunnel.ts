import { randomBytes } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import { PlatformError } from "#platform/errors.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { ClientAuthorization } from "#protocols/rtsp/client/client_authorization.ts";
import type { RtspUrl } from "#protocols/rtsp/wire/rtsp_url.ts";
import {
  type HttpHead,
  readHttpHead,
  responseStatus,
  serializeHttpHead,
} from "./http_head.ts";
import { HttpClientTunnel, TUNNEL_MEDIA_TYPE } from "./http_tunnel.ts";
import { dropIncoming, type TunnelKind } from "./tunnel_connection.ts";
import { checkUpgrade, requestUpgrade } from "./websocket_handshake.ts";
import { WebSocketTunnel } from "./websocket_tunnel.ts";

const COOKIE_BYTES = 16;

/** Length of the POST request's body: nobody looks at it, and proxies want one. */
const POST_CONTENT_LENGTH = "32767";

/** How a tunnel to an origin is opened. */
export interface OpenTunnelOptions {
  readonly url: RtspUrl;
  /** Answers what the origin's HTTP server asks. */
  readonly authorization: ClientAuthorization;
  /** Connects to the origin, over TLS where the URL says so. */
  readonly dial: () => Promise<TcpConnection>;
  readonly signal: AbortSignal;
}

/**
 * Opens a tunnel to an origin.
 *
 * Limits: those of `http_head.ts`; `signal` says how long it may take.
 *
 * @throws {PlatformError} if the origin cannot be reached.
 * @throws {Error} what it answered instead, or the signal's reason.
 */
export async function openTunnel(
  kind: TunnelKind,
  options: OpenTunnelOptions,
): Promise<TcpConnection> {
  const open = kind === "http" ? openHttpTunnel : openWebSocketTunnel;
  try {
    return await open(options);
  } catch (cause) {
    options.signal.throwIfAborted();
    if (cause instanceof PlatformError) throw cause;
    const name = kind === "http" ? "HTTP" : "WebSocket";
    throw new Error(
      `Cannot open a tunnel over ${name} to ${hostOf(options.url)}: ${
        errorText(cause)
      }`,
      { cause },
    );
  }
}

/** Spec: Tunnelling RTSP and RTP through HTTP (QuickTime Dispatch 28). */
async function openHttpTunnel(
  options: OpenTunnelOptions,
): Promise<TcpConnection> {
  const { dial, signal } = options;
  const cookie = randomBytes(COOKIE_BYTES).toHex();
  await using opened = new AsyncDisposableStack();
  const { connection: get, answer } = await ask(options, "HTTP/1.0", {
    "X-Sessioncookie": cookie,
    Accept: TUNNEL_MEDIA_TYPE,
    Pragma: "no-cache",
    "Cache-Control": "no-cache",
  });
  opened.use(get);
  const { status, text } = responseStatus(answer);
  if (status !== 200) throw new Error(`it was answered "${text}"`);
  const post = opened.use(await dial());
  signal.throwIfAborted();
  post.send(requestHead(options, "POST", "HTTP/1.0", {
    "X-Sessioncookie": cookie,
    "Content-Type": TUNNEL_MEDIA_TYPE,
    "Content-Length": POST_CONTENT_LENGTH,
    Pragma: "no-cache",
    "Cache-Control": "no-cache",
  }));
  opened.move();
  // Whether POST is answered depends on the server: nobody waits for it.
  return new HttpClientTunnel({ get, post, ended: dropIncoming(post) });
}

/** Spec: ONVIF Streaming Specification §7. */
async function openWebSocketTunnel(
  options: OpenTunnelOptions,
): Promise<TcpConnection> {
  const { key, headers } = requestUpgrade();
  const { connection, answer } = await ask(options, "HTTP/1.1", headers);
  try {
    checkUpgrade(answer, key);
    return new WebSocketTunnel(connection, "client");
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Sends a GET request over a connection of its own; a challenge is answered over the next one. */
async function ask(
  options: OpenTunnelOptions,
  version: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ connection: TcpConnection; answer: HttpHead }> {
  const { dial, authorization } = options;
  for (;;) {
    await using opened = new AsyncDisposableStack();
    const connection = opened.use(await dial());
    connection.send(requestHead(options, "GET", version, headers));
    const answer = await readAnswer(connection, options.signal);
    const challenges = answer.headers.getAll("WWW-Authenticate");
    const isRefused = responseStatus(answer).status === 401;
    if (isRefused && authorization.accept(challenges)) continue;
    opened.move();
    return { connection, answer };
  }
}

async function readAnswer(
  connection: TcpConnection,
  signal: AbortSignal,
): Promise<HttpHead> {
  const leave = () => connection.close();
  signal.addEventListener("abort", leave);
  try {
    signal.throwIfAborted();
    const answer = await readHttpHead(connection);
    if (answer) return answer;
    throw new Error("the origin has closed the connection");
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function requestHead(
  { url, authorization }: OpenTunnelOptions,
  method: "GET" | "POST",
  version: string,
  headers: Readonly<Record<string, string>>,
): Uint8Array {
  const { path, query } = url;
  const target = `${path || "/"}${query === "" ? "" : `?${query}`}`;
  return serializeHttpHead(`${method} ${target} ${version}`, {
    Host: hostOf(url),
    "User-Agent": "weir",
    ...headers,
    Authorization: authorization.header(method, target),
  });
}

/** Spec: RFC 9110 §7.2. */
function hostOf({ hostname, port }: RtspUrl): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}
