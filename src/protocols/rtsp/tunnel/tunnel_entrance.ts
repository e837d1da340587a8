import type { Clock } from "#base/clock.ts";
import { errorText, ParseError } from "#base/errors.ts";
import { type Opening, sniff } from "#platform/sniff.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import {
  hasItem,
  type HttpHead,
  HttpRefusal,
  readHttpHead,
  requestMethod,
  serializeHttpResponse,
} from "./http_head.ts";
import { HttpServerTunnel, TUNNEL_MEDIA_TYPE } from "./http_tunnel.ts";
import {
  dropIncoming,
  type TunnelConnection,
  type TunnelKind,
} from "./tunnel_connection.ts";
import { acceptUpgrade, isUpgrade } from "./websocket_handshake.ts";
import { WebSocketTunnel } from "./websocket_tunnel.ts";

/** How long a peer may take for the head of its request. */
const HEAD_TIMEOUT_MS = 10_000;

/** How long a GET request waits for the POST request that belongs to it. */
const POST_TIMEOUT_MS = 5_000;

/** GET requests that may wait at a time. */
export const MAX_WAITING_REQUESTS = 256;

/** How HTTP begins on a port of RTSP, whose methods are other ones. */
const HTTP_OPENINGS: readonly Opening<"http">[] = ["GET ", "POST "].map(
  (text) => ({ kind: "http", bytes: new TextEncoder().encode(text) }),
);

/** Answer to both requests; that to POST is what some clients wait for [gortsplib before v5.6]. */
const TUNNEL_OPENED = serializeHttpResponse("HTTP/1.0", 200, {
  "Content-Type": TUNNEL_MEDIA_TYPE,
  "Cache-Control": "no-cache",
  Pragma: "no-cache",
  Connection: "close",
});

/** What a peer's RTSP goes on in. */
export interface Tunnel {
  readonly kind: TunnelKind;
  readonly stream: TunnelConnection;
}

/** Where HTTP requests on the ports of one server become tunnels. */
export class TunnelEntrance {
  #clock: Clock;
  /** Who takes the POST request, by address and cookie. */
  #waiting = new Map<string, (post: TcpConnection) => void>();

  /** `clock` measures how long peers take. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a peer begins with HTTP; its first bytes stay to be read. */
  async isWanted(stream: TcpConnection): Promise<boolean> {
    return await sniff(stream, HTTP_OPENINGS) !== undefined;
  }

  /**
   * Reads the request and opens the tunnel that it asks for; a refusal is answered.
   *
   * Output: the tunnel, which owns `stream`; undefined if `stream` is the second half of one that another call gives.
   * Limits: {@linkcode MAX_WAITING_REQUESTS}, 10 s for the head, 5 s between both requests, those of `http_head.ts`.
   *
   * @throws {Error} why there is no tunnel; `stream` is still to be closed.
   */
  async enter(stream: TcpConnection): Promise<Tunnel | undefined> {
    try {
      const head = await this.#readHead(stream);
      const method = requestMethod(head);
      if (method === "GET" && isUpgrade(head)) {
        return upgrade(stream, head);
      }
      const cookie = head.headers.get("X-Sessioncookie") ?? "";
      const key = `${stream.peer.ip} ${cookie}`;
      if (cookie !== "") {
        if (method === "GET" && hasItem(head, "Accept", TUNNEL_MEDIA_TYPE)) {
          return await this.#waitForPost(stream, key);
        }
        if (
          method === "POST" && hasItem(head, "Content-Type", TUNNEL_MEDIA_TYPE)
        ) {
          this.#joinGet(stream, key);
          return undefined;
        }
      }
      throw new HttpRefusal(400, "an HTTP request that opens no tunnel");
    } catch (error) {
      const refusal = error instanceof ParseError
        ? new HttpRefusal(400, errorText(error))
        : error;
      if (refusal instanceof HttpRefusal) answer(stream, refusal);
      throw error;
    }
  }

  async #readHead(stream: TcpConnection): Promise<HttpHead> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.after(HEAD_TIMEOUT_MS, () => {
      const seconds = HEAD_TIMEOUT_MS / 1_000;
      late.reject(
        new HttpRefusal(408, `no whole HTTP request within ${seconds} s`),
      );
    });
    try {
      const head = await Promise.race([readHttpHead(stream), late.promise]);
      if (head) return head;
      throw new Error("the peer ended within its HTTP request");
    } finally {
      cancel();
    }
  }

  async #waitForPost(get: TcpConnection, key: string): Promise<Tunnel> {
    if (this.#waiting.has(key)) {
      throw new HttpRefusal(
        400,
        "another GET request waits with the same X-Sessioncookie",
      );
    }
    if (this.#waiting.size >= MAX_WAITING_REQUESTS) {
      throw new HttpRefusal(
        503,
        `over ${MAX_WAITING_REQUESTS} GET requests wait for their POST requests`,
      );
    }
    const arrival = Promise.withResolvers<TcpConnection>();
    this.#waiting.set(key, arrival.resolve);
    const cancel = this.#clock.after(POST_TIMEOUT_MS, () => {
      const seconds = POST_TIMEOUT_MS / 1_000;
      arrival.reject(
        new Error(`no POST request of the tunnel within ${seconds} s`),
      );
    });
    const ended = dropIncoming(get);
    ended.then(() =>
      arrival.reject(new Error("the peer ended before its POST request"))
    );
    get.send(TUNNEL_OPENED);
    try {
      const post = await arrival.promise;
      const stream = new HttpServerTunnel({ get, post, ended });
      return { kind: "http", stream };
    } finally {
      cancel();
      this.#waiting.delete(key);
    }
  }

  #joinGet(post: TcpConnection, key: string): void {
    const take = this.#waiting.get(key);
    if (!take) {
      throw new HttpRefusal(
        404,
        "a POST request to which no GET request belongs",
      );
    }
    this.#waiting.delete(key);
    post.send(TUNNEL_OPENED);
    take(post);
  }
}

function upgrade(stream: TcpConnection, head: HttpHead): Tunnel {
  const headers = acceptUpgrade(head);
  stream.send(serializeHttpResponse("HTTP/1.1", 101, headers));
  return { kind: "websocket", stream: new WebSocketTunnel(stream, "server") };
}

function answer(
  stream: TcpConnection,
  { status, headers }: HttpRefusal,
): void {
  const all = { ...headers, Connection: "close", "Content-Length": "0" };
  stream.send(serializeHttpResponse("HTTP/1.1", status, all));
}
