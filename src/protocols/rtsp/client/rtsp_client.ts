import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { serializeRequest } from "#protocols/rtsp/wire/request.ts";
import type { RtspRequest } from "#protocols/rtsp/wire/request.ts";
import {
  reasonPhrase,
  type RtspResponse,
  serializeResponse,
} from "#protocols/rtsp/wire/response.ts";
import { parseSession } from "#protocols/rtsp/wire/headers/session.ts";
import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";
import { RtspReader, type RtspSink } from "#protocols/rtsp/wire/rtsp_reader.ts";
import type { ClientAuthorization } from "./client_authorization.ts";

const USER_AGENT = "weir";

/** Before media comes everything is small. */
const RESPONSE_BUFFER_BYTES = 4 * 1_024;

/** An origin's media comes in large pieces. */
const MEDIA_BUFFER_BYTES = 256 * 1_024;

/** Requests that may wait for their answers: those that nobody waits for are never more than a few. */
const MAX_PENDING_REQUESTS = 16;

/** Settings of a client. */
export interface RtspClientOptions {
  readonly stream: TcpConnection;
  readonly clock: Clock;
  readonly authorization: ClientAuthorization;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Whether a channel was agreed on. */
  readonly isChannel: (channel: number) => boolean;
  /** Takes an interleaved packet, owned. */
  readonly onInterleaved: (channel: number, packet: Uint8Array) => void;
  /** One read of the socket is over. */
  readonly onRead: () => void;
}

/** A request to an origin. */
export interface ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface PendingRequest {
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** The conversation with one origin: requests, answers, and media in between. */
export class RtspClient implements RtspSink {
  /** Id of the session, once the origin has told it. */
  sessionId: string | undefined;
  /** Silence after which the origin closes the session; undefined if it does not say. */
  sessionTimeoutSeconds: number | undefined;
  /** Settles when the connection has ended, with the reason. */
  readonly ended: Promise<Error>;
  #options: RtspClientOptions;
  #nextCSeq = 1;
  #pending = new Map<string, PendingRequest>();
  #endReason: Error | undefined;

  /** Owns the connection from here on. */
  constructor(options: RtspClientOptions) {
    this.#options = options;
    options.stream.onBroken = (error) => this.close(error);
    this.ended = this.#read();
  }

  /** Whether media may have arrived in part: bytes came so far. */
  get receivedBytes(): number {
    return this.#options.stream.receivedBytes;
  }

  /**
   * Asks and waits for the answer, whatever its status; a challenge is answered first.
   *
   * @throws {Error} if the connection ends or the answer takes too long.
   */
  async request(request: ClientRequest): Promise<RtspResponse> {
    const { authorization } = this.#options;
    for (;;) {
      const response = await this.#exchange(request);
      if (response.status !== 401) return response;
      if (!authorization.accept(response.headers.getAll("WWW-Authenticate"))) {
        return response;
      }
    }
  }

  /** Asks; nobody waits for the answer. */
  notify(request: ClientRequest): void {
    if (this.#pending.size >= MAX_PENDING_REQUESTS) return;
    this.#exchange(request).then((response) => {
      if (response.status !== 401) return;
      // The nonce has become stale: the next request has a new one.
      const challenges = response.headers.getAll("WWW-Authenticate");
      this.#options.authorization.accept(challenges);
    }, () => {
      // Whoever waits for the end of the connection is told of it.
    });
  }

  /** Sends media or reports of ours. */
  send(bytes: Uint8Array): void {
    this.#options.stream.send(bytes);
  }

  /** Ends the connection at once. */
  close(reason: Error): void {
    this.#endReason ??= reason;
    this.#options.stream.close();
  }

  /** Ends the connection when what was sent has left. */
  async closeAfterDrain(deadlineMs: number, reason: Error): Promise<void> {
    this.#endReason ??= reason;
    await this.#options.stream.closeAfterDrain(deadlineMs);
    await this.ended;
  }

  /** Part of the reader: the origin asks something. */
  handleRequest({ method, headers }: RtspRequest): void {
    const status = method === "OPTIONS" || method === "GET_PARAMETER"
      ? 200
      : 501;
    const cseq = headers.get("CSeq");
    this.#options.stream.send(serializeResponse({
      status,
      headers: new RtspHeaders(cseq === undefined ? {} : { CSeq: cseq }),
    }));
  }

  /** Part of the reader: an answer of the origin. */
  handleResponse(response: RtspResponse): void {
    if (response.status < 200) return;
    this.#learnSession(response);
    const cseq = response.headers.get("CSeq")?.trim() ?? "";
    // An answer without a number, or with one of its own, is that to the oldest question.
    const [oldest] = this.#pending.keys();
    const key = this.#pending.has(cseq) ? cseq : oldest;
    if (key === undefined) return;
    const pending = this.#pending.get(key)!;
    this.#pending.delete(key);
    pending.resolve(response);
  }

  /** Part of the reader: media of the origin. Hot path. */
  handleInterleaved(channel: number, packet: Uint8Array): void {
    this.#options.onInterleaved(channel, packet);
  }

  /** Part of the reader: whether a channel was agreed on. */
  isChannel(channel: number): boolean {
    return this.#options.isChannel(channel);
  }

  #exchange(request: ClientRequest): Promise<RtspResponse> {
    if (this.#endReason) return Promise.reject(this.#endReason);
    const { method, url } = request;
    const { stream, clock, timeoutMs, authorization } = this.#options;
    const cseq = String(this.#nextCSeq++);
    const headers = new RtspHeaders({ CSeq: cseq, "User-Agent": USER_AGENT });
    const proof = authorization.header(method, url);
    if (proof !== undefined) headers.set("Authorization", proof);
    if (this.sessionId !== undefined) headers.set("Session", this.sessionId);
    for (const name of Object.keys(request.headers ?? {})) {
      headers.set(name, request.headers![name]!);
    }
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    this.#pending.set(cseq, { resolve, reject });
    stream.send(serializeRequest({ method, url, headers }));
    const cancel = clock.after(timeoutMs, () => {
      this.#pending.delete(cseq);
      const seconds = timeoutMs / 1_000;
      reject(
        new Error(
          `${method} was not answered within ${seconds} s (readTimeout)`,
        ),
      );
    });
    return promise.finally(cancel);
  }

  /** A session id that cannot be read is one that the origin does not mean. */
  #learnSession({ headers }: RtspResponse): void {
    const text = headers.get("Session");
    if (text === undefined) return;
    try {
      const { id, timeoutSeconds } = parseSession(text);
      this.sessionId ??= id;
      this.sessionTimeoutSeconds = timeoutSeconds ?? this.sessionTimeoutSeconds;
    } catch {
      this.sessionId ??= text.split(";", 1)[0]!.trim();
    }
  }

  async #read(): Promise<Error> {
    const { stream, onRead } = this.#options;
    const reader = new RtspReader(this, { skipsGarbage: true });
    let buffer = new Uint8Array(RESPONSE_BUFFER_BYTES);
    try {
      for (;;) {
        const count = await stream.read(buffer);
        if (count === undefined) break;
        reader.push(buffer.subarray(0, count));
        onRead();
        if (count === buffer.length && count < MEDIA_BUFFER_BYTES) {
          buffer = new Uint8Array(MEDIA_BUFFER_BYTES);
        }
      }
      this.#endReason ??= new Error("the origin has closed the connection");
    } catch (error) {
      this.#endReason ??= error instanceof Error
        ? error
        : new Error(errorText(error));
    }
    const reason = this.#endReason;
    stream.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    return reason;
  }
}

/** @throws {Error} unless the answer to `what` is good; the message says what to do. */
export function requireSuccess(response: RtspResponse, what: string): void {
  if (response.status >= 200 && response.status < 300) return;
  const remedy = response.status === 401
    ? ": check user and password in the URL"
    : response.status === 404
    ? ": check the path of the URL"
    : "";
  throw new Error(`${what} was answered with ${statusText(response)}${remedy}`);
}

/** What an answer says, for messages: `454 Session Not Found`. */
function statusText({ status, reason }: RtspResponse): string {
  if (reason !== "") return `${status} ${reason}`;
  return `${status} ${reasonPhrase(status as 200) ?? ""}`.trim();
}
