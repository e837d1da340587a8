import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { AuthenticationError, type Credentials } from "#base/access.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { RtspContext } from "./context.ts";
import { RtspError, statusOf } from "./errors.ts";
import { handleRequest } from "./requests.ts";
import type { RtspSession } from "./session.ts";
import type { MediaEndpoint } from "./track_transport.ts";
import { generateNonce, verifyDigest } from "./wire/digest.ts";
import { parseAuthorization } from "./wire/headers/authorization.ts";
import {
  serializeBasicChallenge,
  serializeDigestChallenge,
} from "./wire/headers/www_authenticate.ts";
import type { RtspRequest } from "./wire/request.ts";
import { type RtspStatus, serializeResponse } from "./wire/response.ts";
import { RtspHeaders } from "./wire/rtsp_headers.ts";
import { RtspReader, type RtspSink } from "./wire/rtsp_reader.ts";
import type { TunnelKind } from "./tunnel/tunnel_connection.ts";
import type { Tunnel, TunnelEntrance } from "./tunnel/tunnel_entrance.ts";

/** Requests of one connection that may wait for the one before them. */
const MAX_WAITING_REQUESTS = 32;

/** Requests are small: readers that only send these cost no more. */
const REQUEST_BUFFER_BYTES = 4 * 1_024;

/** A publisher's media comes in large pieces. */
const MEDIA_BUFFER_BYTES = 256 * 1_024;

/** Silence after which a connection that does nothing is closed. */
const IDLE_TIMEOUT_MS = 60_000;

/** What was sent has this long to leave before the connection is closed. */
const CLOSE_DRAIN_MS = 4_000;

const REALM = "ipcam";

/** An answer, and what begins once it was sent. */
export interface RtspAnswer {
  readonly status: RtspStatus;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Runs right after the answer was handed to the socket. */
  readonly afterwards?: () => void;
}

/** How a connection stands to tunnels; neither if it is plain RTSP in any case. */
export interface RtspTunnelling {
  /** Where the peer may open a tunnel. */
  readonly entrance?: TunnelEntrance;
  /** What the connection is made of. */
  readonly tunnel?: TunnelKind;
}

/** One TCP connection of a peer, or a tunnel: reads requests, answers them one after another. */
export class RtspConnection implements RtspSink {
  readonly id: string = crypto.randomUUID();
  readonly stream: TcpConnection;
  readonly context: RtspContext;
  readonly logger: Logger;
  /** `IP:port` of the peer. */
  readonly remoteAddress: string;
  /** Ends when the connection does. */
  readonly signal: AbortSignal;
  /** Sessions that were made over this connection. */
  readonly sessions: Set<RtspSession> = new Set();
  /** Sessions whose media is interleaved here. */
  readonly interleaved: Set<RtspSession> = new Set();
  /** Who has set up which channel here. */
  readonly channels: Map<number, MediaEndpoint> = new Map();
  /** Called when what was in flight has left. */
  readonly drainListeners: Set<() => void> = new Set();
  #tunnelling: RtspTunnelling;
  #abort = new AbortController();
  #nonce = generateNonce();
  #userAgent = "";
  #createdAtMs: number;
  #lastRequestAtMs: number;
  /** Since when a request has been on its way; undefined between them. */
  #requestSinceMs: number | undefined;
  #waiting: RtspRequest[] = [];
  #isAnswering = false;
  #answering: Promise<void> = Promise.resolve();
  #closeReason: string | undefined;
  /** The stream belongs to a tunnel by now. */
  #isHandedOver = false;
  #draining: Promise<void> | undefined;

  /** Owns `stream` from here on. */
  constructor(
    stream: TcpConnection,
    context: RtspContext,
    tunnelling: RtspTunnelling = {},
  ) {
    this.stream = stream;
    this.context = context;
    this.#tunnelling = tunnelling;
    this.signal = this.#abort.signal;
    const { ip, port } = stream.peer;
    this.remoteAddress = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    this.logger = context.ports.logger.child(`conn ${this.remoteAddress}`);
    this.#createdAtMs = context.ports.clock.wallMs();
    this.#lastRequestAtMs = context.ports.clock.monotonicMs();
    stream.onBroken = (error) => this.close(error.message);
    stream.onDrained = () => {
      for (const resume of this.drainListeners) resume();
    };
  }

  /** Name that the peer gave its software. */
  get userAgent(): string {
    return this.#userAgent;
  }

  /** Serves the peer until one side ends, in a tunnel too; never throws. */
  async run(): Promise<void> {
    const { ports, connections } = this.context;
    const { tunnel: kind } = this.#tunnelling;
    this.logger.info(kind ? `opened, tunnel ${kind}` : "opened");
    connections.add(this);
    const registration = ports.sessions.register(this);
    ports.events.emit({ type: "connectionOpened", session: this.describe() });
    const tunnel = await this.#read();
    await this.#answering;
    for (const session of [...this.sessions]) {
      session.handleConnectionEnd(this, this.#closeReason ?? "EOF");
    }
    connections.delete(this);
    if (this.#draining) await this.#draining;
    if (!this.#isHandedOver) this.stream.close();
    this.logger.info(`closed: ${this.#closeReason ?? "EOF"}`);
    ports.events.emit({ type: "connectionClosed", session: this.describe() });
    registration[Symbol.dispose]();
    if (tunnel) await this.#goOnIn(tunnel);
  }

  /** Ends the connection at once. */
  close(reason: string): void {
    this.#closeReason ??= reason;
    this.#abort.abort(new Error(reason));
    this.stream.close();
  }

  /** Part of the session registry: the operator wants it gone. */
  kick(reason: string): void {
    for (const session of [...this.sessions]) session.end(reason);
    this.closeAfterDrain(reason);
  }

  /** Ends the connection when what was sent has left. */
  closeAfterDrain(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#abort.abort(new Error(reason));
    this.#draining = this.stream.closeAfterDrain(CLOSE_DRAIN_MS);
  }

  /** A session's media is over: the peer learns it by the end of the connection, unless other sessions go on there. */
  endWith(session: RtspSession, reason: string): void {
    const others = [...this.sessions].filter((one) => one !== session);
    if (!others.some((one) => one.isActive)) this.closeAfterDrain(reason);
  }

  /** Closes the connection if it is silent or stuck. */
  tick(nowMs: number): void {
    const { readTimeoutMs, writeTimeoutMs } = this.context.settings;
    const { stalledSinceMs } = this.stream;
    const requestSinceMs = this.#requestSinceMs ?? nowMs;
    if (
      stalledSinceMs !== undefined && nowMs - stalledSinceMs > writeTimeoutMs
    ) {
      this.close("write timed out: the peer does not read");
    } else if (
      !this.#isBusy && nowMs - this.#lastRequestAtMs > IDLE_TIMEOUT_MS
    ) {
      this.closeAfterDrain("no request for 60 s");
    } else if (nowMs - requestSinceMs > readTimeoutMs) {
      this.closeAfterDrain(
        "read timed out: a request does not come to its end",
      );
    }
  }

  /** Part of the reader: queues a request behind those before it. */
  handleRequest(request: RtspRequest): void {
    this.#lastRequestAtMs = this.context.ports.clock.monotonicMs();
    this.#requestSinceMs = undefined;
    if (this.#waiting.length >= MAX_WAITING_REQUESTS) {
      throw new RtspError(400, "too many requests wait for an answer");
    }
    this.#waiting.push(request);
    if (!this.#isAnswering) this.#answering = this.#answerWaiting();
  }

  /** Part of the reader: media of the peer. Hot path. */
  handleInterleaved(channel: number, packet: Uint8Array): void {
    // A channel that nobody has set up is for the one who can say so.
    const endpoint = this.channels.get(channel) ??
      this.interleaved.values().next().value;
    endpoint?.handleInterleaved(channel, packet);
  }

  /** Credentials of a request. @throws {RtspError} if the header cannot be read. */
  credentials(request: RtspRequest): Credentials {
    const text = request.headers.get("Authorization");
    if (text === undefined) return { kind: "none" };
    const authorization = parseAuthorization(text);
    const { user } = authorization;
    if (!this.context.settings.authMethods.includes(authorization.kind)) {
      return { kind: "none" };
    }
    if (authorization.kind === "basic") {
      return { kind: "password", user, password: authorization.password };
    }
    const challenge = {
      method: request.method,
      url: request.url,
      realm: REALM,
      nonce: this.#nonce,
    };
    return {
      kind: "digest",
      user,
      verify: (password) => verifyDigest(authorization, challenge, password),
    };
  }

  /** This connection, for lists and events. */
  describe(): SessionInfo {
    return {
      id: this.id,
      type: `${this.context.protocol}Conn`,
      createdAtMs: this.#createdAtMs,
      remoteAddress: this.remoteAddress,
      state: "idle",
      pathName: "",
      query: "",
      user: "",
      userAgent: this.#userAgent,
      inboundBytes: this.stream.receivedBytes,
      outboundBytes: this.stream.sentBytes,
      droppedUnits: 0,
      lostPackets: 0,
      details: {
        session: [...this.sessions].at(-1)?.id ?? null,
        tunnel: this.#tunnelling.tunnel ?? "none",
      },
    };
  }

  get #isBusy(): boolean {
    for (const session of this.sessions) if (session.isActive) return true;
    return this.#isAnswering;
  }

  /** Reads to the end, or to where the peer goes on in a tunnel. */
  async #read(): Promise<Tunnel | undefined> {
    let tunnel: Tunnel | undefined;
    try {
      const { entrance } = this.#tunnelling;
      if (await entrance?.isWanted(this.stream)) {
        tunnel = await this.#enter(entrance!);
      } else await this.#readRequests();
    } catch (error) {
      this.#refuse(error);
    }
    this.#abort.abort(new Error(this.#closeReason ?? "EOF"));
    return tunnel;
  }

  async #readRequests(): Promise<void> {
    const reader = new RtspReader(this);
    let buffer = new Uint8Array(REQUEST_BUFFER_BYTES);
    while (this.#closeReason === undefined) {
      const count = await this.stream.read(buffer);
      if (count === undefined) break;
      reader.push(buffer.subarray(0, count));
      if (!reader.isInMessage) this.#requestSinceMs = undefined;
      else this.#requestSinceMs ??= this.context.ports.clock.monotonicMs();
      let isPublishing = false;
      for (const session of this.interleaved) {
        session.flush();
        isPublishing ||= session.isPublishing;
      }
      // Within a tunnel a full read gives less.
      const isLarge = count * 2 > buffer.length;
      if (isLarge && isPublishing && buffer.length < MEDIA_BUFFER_BYTES) {
        buffer = new Uint8Array(MEDIA_BUFFER_BYTES);
      }
    }
    this.#closeReason ??= "EOF";
  }

  /** Opens the tunnel that the peer asks for; undefined if there is none, or another connection gives it. */
  async #enter(entrance: TunnelEntrance): Promise<Tunnel | undefined> {
    try {
      const tunnel = await entrance.enter(this.stream);
      if (this.#closeReason === undefined) {
        this.#isHandedOver = true;
        this.#closeReason = `goes on in tunnel ${tunnel?.kind ?? "http"}`;
        return tunnel;
      }
      tunnel?.stream.close();
    } catch (error) {
      this.closeAfterDrain(errorText(error));
    }
    return undefined;
  }

  /** The tunnel is a connection of its own; media within it never leaves it. */
  #goOnIn({ stream, kind }: Tunnel): Promise<void> {
    const context = { ...this.context, udp: undefined, multicast: undefined };
    return new RtspConnection(stream, context, { tunnel: kind }).run();
  }

  /** What came was no RTSP: one answer, then the end. */
  #refuse(error: unknown): void {
    if (this.#closeReason !== undefined) return;
    const status = statusOf(error);
    if (status === 500) {
      this.#closeReason = errorText(error);
      return;
    }
    this.stream.send(serializeResponse({ status, headers: headersOf({}) }));
    this.closeAfterDrain(errorText(error));
  }

  async #answerWaiting(): Promise<void> {
    this.#isAnswering = true;
    for (
      let request = this.#waiting.shift();
      request !== undefined && this.#closeReason === undefined;
      request = this.#waiting.shift()
    ) await this.#answer(request);
    this.#isAnswering = false;
  }

  async #answer(request: RtspRequest): Promise<void> {
    const sequence = request.headers.getAll("CSeq");
    if (sequence.length !== 1) {
      this.#send({ status: 400 }, undefined);
      this.closeAfterDrain("a request has no CSeq, or several");
      return;
    }
    this.#userAgent = request.headers.get("User-Agent") ?? this.#userAgent;
    try {
      const answer = await handleRequest(this, request);
      if (this.#closeReason !== undefined) return;
      this.#send(answer, sequence[0]);
      answer.afterwards?.();
    } catch (error) {
      this.#answerError(error, sequence[0]!);
    }
  }

  #answerError(error: unknown, sequence: string): void {
    if (this.#closeReason !== undefined) return;
    if (error instanceof AuthenticationError && error.isChallenge) {
      this.#sendChallenge(sequence);
      return;
    }
    this.#send({ status: statusOf(error) }, sequence);
    this.closeAfterDrain(errorText(error));
  }

  #sendChallenge(sequence: string): void {
    const headers = headersOf({ CSeq: sequence });
    for (const method of this.context.settings.authMethods) {
      headers.append(
        "WWW-Authenticate",
        method === "basic"
          ? serializeBasicChallenge(REALM)
          : serializeDigestChallenge(REALM, this.#nonce),
      );
    }
    this.stream.send(serializeResponse({ status: 401, headers }));
  }

  #send(answer: RtspAnswer, sequence: string | undefined): void {
    const { status, headers, body } = answer;
    const base: Record<string, string> = sequence === undefined
      ? {}
      : { CSeq: sequence };
    this.stream.send(
      serializeResponse({
        status,
        headers: headersOf({ ...base, ...headers }),
        body,
      }),
    );
  }
}

function headersOf(fields: Readonly<Record<string, string>>): RtspHeaders {
  return new RtspHeaders({ ...fields, Server: "weir" });
}
