import { errorText } from "#base/errors.ts";
import { DirectHead, type DirectRequest } from "#http/direct.ts";
import { HttpError } from "#http/http_error.ts";
import type { RequestOrigin } from "#platform/http_server.ts";
import { PlatformError } from "#platform/errors.ts";
import { LiveBody } from "#platform/live_body.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { Upgrade } from "#platform/websocket.ts";
import { directHead, headOf } from "./answer_head.ts";
import type { HeaderFields } from "./header_fields.ts";
import { LiveSender } from "./live_sender.ts";
import { type RequestHead, RequestHeadBuffer } from "./request_head.ts";
import { ResponseSender } from "./response_sender.ts";
import { acceptWebSocket } from "./websocket_handshake.ts";
import { ConnectionSocket } from "./websocket.ts";

/** How long what was sent may take to leave when the connection ends. */
const CLOSE_MS = 5_000;

const encoder = new TextEncoder();

const SWITCHING_PROTOCOLS = 101;

/** A path that a URL would have in another form: whoever let it through on the way has seen another one. */
const AMBIGUOUS_PATH = /^[^?#]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?#]|$))/i;

/** A name or an address, with or without a port: nothing in it may be taken for a part of the path. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** The response carries the fields of the handshake: the runtime makes none with its status. */
interface ConnectionUpgrade extends Upgrade {
  readonly socket: ConnectionSocket;
}

/** What connections ask the service for. */
export interface Http1Service {
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
  /** Address of the client, behind trusted proxies too. */
  clientIp(socketIp: string, fields: HeaderFields): string;
  /** Fields that every answer has, as lines with their ends. Input: the field Origin of the request. */
  commonLines(origin: string | undefined): string;
  /** Answers a GET at once or later; false if it is not one of those that are asked for all the time. Never throws. */
  direct(request: DirectRequest): boolean;
  /** A request of {@linkcode direct} was answered. */
  handleAnswered(
    request: DirectRequest,
    head: DirectHead,
    bodyBytes: number,
  ): void;
  /** Told of an error that is nobody's but the program's; the connection ends. */
  fail(error: unknown): void;
  /** Answers any other request; never rejects. */
  serve(request: Request, origin: RequestOrigin): Promise<Response>;
}

/** Limits of a connection that nobody uses. */
export interface WaitLimits {
  /** How long a peer may take for the head of a request that it began, and to begin the first. */
  readonly firstRequestMs: number;
  /** How long it may wait with the next. */
  readonly idleMs: number;
  /** How long what was sent may wait for the peer. */
  readonly writeTimeoutMs: number;
}

/**
 * One connection of a peer: its requests one after another.
 *
 * The hot path is made of this object alone: a request for what is asked for all the time makes no other.
 */
export class Http1Connection implements DirectRequest {
  path = "";
  query = "";
  ip = "";
  note: object | undefined;
  #connection: TcpConnection;
  #service: Http1Service;
  #buffer = new RequestHeadBuffer();
  #head: RequestHead | undefined;
  #fields: HeaderFields | undefined;
  #commonLines = "";
  #isAnswered = false;
  /** The connection ends with this answer. */
  #isLast = false;
  #isClosed = false;
  /** Tells that the answer has left. */
  #onLeft: (() => void) | undefined;
  #live: LiveSender | ConnectionSocket | undefined;
  #upgrade: ConnectionUpgrade | undefined;
  #requestCount = 0;
  #seenRequestCount = 0;
  /** Requests before the one whose beginning {@linkcode tick} saw last. */
  #begunCount = 0;
  #seenAtMs = 0;

  /** Takes the connection over, which began at `nowMs`. */
  constructor(
    connection: TcpConnection,
    service: Http1Service,
    nowMs: number,
  ) {
    this.#connection = connection;
    this.#service = service;
    this.#seenAtMs = nowMs;
    connection.onDrained = () => this.#handleLeft();
    connection.onBroken = () => this.close();
  }

  /** No request is under way. */
  get isWaiting(): boolean {
    return this.#head === undefined;
  }

  /** When {@linkcode tick} saw something happen last. */
  get seenAtMs(): number {
    return this.#seenAtMs;
  }

  header(name: string): string | undefined {
    return this.#fields?.get(name);
  }

  /** Serves the peer until it leaves; never rejects. */
  async run(): Promise<void> {
    try {
      await this.#serveAll();
      await this.#connection.closeAfterDrain(CLOSE_MS);
    } catch (error) {
      if (error instanceof HttpError) await this.#refuse(error);
      else if (!(error instanceof PlatformError)) this.#service.fail(error);
    } finally {
      this.close();
    }
  }

  answer(head: DirectHead, body: Uint8Array): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    if (this.#isClosed) return;
    this.#connection.sendAll([
      directHead(
        head,
        this.#commonLines,
        body.length,
        this.#connectionOption(),
      ),
      body,
    ]);
    this.#service.handleAnswered(this, head, body.length);
    if (this.#connection.isIdle) this.#handleLeft();
  }

  /** Part of the server's tick: closes a connection that nobody uses, or whose peer takes nothing. */
  tick(nowMs: number, limits: WaitLimits): void {
    const { stalledSinceMs } = this.#connection;
    const isStalled = stalledSinceMs !== undefined &&
      performance.now() - stalledSinceMs >= limits.writeTimeoutMs;
    if (isStalled) return this.close();
    if (!this.isWaiting || this.#seenRequestCount !== this.#requestCount) {
      this.#seenRequestCount = this.#requestCount;
      this.#seenAtMs = nowMs;
      this.#live?.tick(nowMs);
      return;
    }
    const { isPartial } = this.#buffer;
    if (isPartial && this.#begunCount !== this.#requestCount) {
      this.#begunCount = this.#requestCount;
      this.#seenAtMs = nowMs;
    }
    const isFirst = this.#requestCount === 0 || isPartial;
    const limitMs = isFirst ? limits.firstRequestMs : limits.idleMs;
    if (nowMs - this.#seenAtMs >= limitMs) this.close();
  }

  /** Ends it behind the answer that is under way. */
  finish(): void {
    this.#isLast = true;
    if (this.isWaiting) this.close();
  }

  /** Ends it at once. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isLast = true;
    this.#connection.close();
    this.#live?.handleGone();
    this.#handleLeft();
  }

  async #serveAll(): Promise<void> {
    const connection = this.#connection;
    const buffer = this.#buffer;
    while (!this.#isLast) {
      const head = buffer.take();
      if (head === undefined) {
        const count = await connection.read(buffer.room());
        if (count === undefined) return;
        buffer.added(count);
        continue;
      }
      this.#requestCount++;
      this.#head = head;
      this.#isLast = !head.isKeptAlive || head.hasBody;
      const work = this.#serve(head);
      if (work !== undefined) await work;
      this.#head = undefined;
    }
  }

  /** Output: undefined if the answer has left already. */
  #serve(head: RequestHead): Promise<void> | undefined {
    const { method, target, hasBody, fields } = head;
    if (fields !== this.#fields) {
      this.#fields = fields;
      this.note = undefined;
      this.ip = this.#service.clientIp(this.#connection.peer.ip, fields);
      this.#commonLines = this.#service.commonLines(fields.get("origin"));
    }
    const isDirect = method === "GET" && !hasBody && this.#setPlace(target);
    if (!isDirect) return this.#serveRouted(head);
    this.#isAnswered = false;
    const isTaken = this.#service.direct(this) || this.#isAnswered;
    if (!isTaken) return this.#serveRouted(head);
    const hasLeft = this.#isAnswered && this.#connection.isIdle;
    return hasLeft || this.#isClosed ? undefined : this.#left();
  }

  #setPlace(target: string): boolean {
    const place = placeOf(target);
    if (place === undefined) return false;
    this.path = place.path;
    this.query = place.query;
    return true;
  }

  /** Waits until what was answered, or will be, has left; or until the connection has ended. */
  #left(): Promise<void> {
    return new Promise((resolve) => this.#onLeft = resolve);
  }

  #handleLeft(): void {
    if (this.#live !== undefined && !this.#isClosed) {
      this.#live.handleDrained();
      return;
    }
    const onLeft = this.#onLeft;
    this.#onLeft = undefined;
    onLeft?.();
  }

  async #serveRouted(head: RequestHead): Promise<void> {
    const request = this.#toRequest(head);
    const { peer } = this.#connection;
    const response = await this.#service.serve(request, {
      peer,
      signal: this.#service.signal,
      endReading: () => false,
      upgradeToWebSocket: () => this.#upgradeToWebSocket(request),
    });
    const upgrade = this.#upgrade;
    if (upgrade !== undefined && upgrade.response !== response) {
      // The route thought better of it.
      upgrade.socket.handleGone();
    }
    if (upgrade?.response === response) {
      await this.#runLive(
        upgrade.socket,
        headOf(SWITCHING_PROTOCOLS, response, ""),
      );
      return;
    }
    const body = LiveBody.of(response);
    if (body !== undefined) {
      const lines = `${
        head.isOld ? "" : "Transfer-Encoding: chunked\r\n"
      }Connection: close\r\n`;
      await this.#runLive(
        new LiveSender(this.#connection, body, !head.isOld),
        headOf(response.status, response, lines),
      );
      return;
    }
    const sender = new ResponseSender({
      send: (parts) => this.#sendAndWait(parts),
      isHead: head.method === "HEAD",
      canChunk: !head.isOld,
      connection: this.#connectionOption(),
    });
    const isComplete = await sender.send(response);
    if (!isComplete) this.#isLast = true;
  }

  /** @throws {HttpError} 400 if it names nothing that can be asked for. */
  #toRequest({ method, target, fields }: RequestHead): Request {
    const host = fields.get("host") || "localhost";
    const url = target.startsWith("/") ? `http://${host}${target}` : target;
    try {
      if (!HOST.test(host)) throw new TypeError("the field Host is no host");
      if (AMBIGUOUS_PATH.test(target)) throw new TypeError("the path has dots");
      if (!/^http:\/\//i.test(url)) throw new TypeError("not of this server");
      return new Request(url, { method, headers: fields.toHeaders() });
    } catch (cause) {
      const reason = errorText(cause);
      const message = `Cannot understand the request: ${reason}`;
      throw new HttpError(400, message, { cause });
    }
  }

  #upgradeToWebSocket(request: Request): Upgrade {
    if (this.#head?.isOld) throw new TypeError("HTTP/1.0 has no WebSockets");
    const headers = acceptWebSocket(request.headers);
    const response = new Response(null, { headers });
    const socket = new ConnectionSocket(this.#connection);
    return this.#upgrade = { response, socket };
  }

  /** Runs what goes on until the peer, or what it reads, ends. */
  async #runLive(
    live: LiveSender | ConnectionSocket,
    head: string,
  ): Promise<void> {
    this.#isLast = true;
    if (this.#isClosed) return live.handleGone();
    this.#connection.send(encoder.encode(head));
    this.#live = live;
    live.start();
    await live.run();
    this.#live = undefined;
  }

  /** Output: false if the connection has ended. */
  async #sendAndWait(parts: readonly Uint8Array[]): Promise<boolean> {
    if (this.#isClosed) return false;
    if (!this.#connection.sendAll(parts)) await this.#left();
    return !this.#isClosed;
  }

  #connectionOption(): "close" | "keep-alive" | undefined {
    if (this.#isLast) return "close";
    return this.#head?.isOld ? "keep-alive" : undefined;
  }

  /** A request that could not be read: what follows it cannot be either. */
  async #refuse({ status, message }: HttpError): Promise<void> {
    if (this.#isClosed) return;
    const body = encoder.encode(`${message}\n`);
    const head = new DirectHead(status, { "Content-Type": "text/plain" });
    const lines = this.#service.commonLines(undefined);
    this.#connection.sendAll([
      directHead(head, lines, body.length, "close"),
      body,
    ]);
    await this.#connection.closeAfterDrain(CLOSE_MS);
  }
}

/** What a target names. */
interface Place {
  readonly target: string;
  /** Its escapes resolved. */
  readonly path: string;
  readonly query: string;
}

let lastPlace: Place | undefined;

/** Output: undefined if the routes are to look at it. Hot path: many ask for the same in a row. */
function placeOf(target: string): Place | undefined {
  if (lastPlace?.target === target) return lastPlace;
  if (target.charCodeAt(0) !== 0x2f) return undefined;
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
  try {
    const decoded = path.includes("%") ? decodeURIComponent(path) : path;
    return lastPlace = { target, path: decoded, query };
  } catch {
    return undefined; // the routes refuse it
  }
}
