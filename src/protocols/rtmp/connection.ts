import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Credentials,
} from "#base/access.ts";
import type { Grant, SessionOwner } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { RtmpContext } from "./context.ts";
import { RtmpDialogue, type RtmpDialogueSink } from "./dialogue.ts";
import { RtmpError } from "./errors.ts";
import { RtmpMediaInput } from "./media_input.ts";
import { RtmpPlayer } from "./player.ts";
import {
  connectAnswer,
  createStreamAnswer,
  playAccepted,
  playEnded,
  playUnauthorized,
  publishAccepted,
  publishUnauthorized,
  reconnectRequest,
  SERVER_CHUNK_SIZE_BYTES,
} from "./wire/answers.ts";
import type {
  ConnectCommand,
  RtmpCommand,
  StreamKeyCommand,
} from "./wire/commands.ts";
import { ServerHandshake } from "./wire/handshake.ts";
import type { RtmpMessage } from "./wire/messages.ts";
import {
  isKeyInUrl,
  parseRtmpTarget,
  type RtmpTarget,
} from "./wire/rtmp_url.ts";

/** Players send little. */
const COMMAND_BUFFER_BYTES = 4 * 1_024;

/** A publisher's media comes in large pieces. */
const MEDIA_BUFFER_BYTES = 256 * 1_024;

/** What was sent has this long to leave before the connection is closed. */
const CLOSE_DRAIN_MS = 4_000;

/** node-media-server 4.4.3 ignores media that it reads together with the answer to `play`. */
const HASTY_PAUSE_MS = 100;

/** What the peer does here. */
type Role =
  | { readonly kind: "none" }
  | {
    readonly kind: "waiting";
    readonly isPublisher: boolean;
    /** Media that came meanwhile: nginx-rtmp does not wait for the answer. */
    readonly early: RtmpMessage[];
  }
  | {
    readonly kind: "publisher";
    readonly grant: Grant;
    readonly input: RtmpMediaInput;
  }
  | {
    readonly kind: "player";
    readonly grant: Grant;
    readonly player: RtmpPlayer;
  };

/** One connection of a publisher or player: who it is, what it may do, and its media. */
export class RtmpConnection implements RtmpDialogueSink {
  readonly id: string = crypto.randomUUID();
  readonly logger: Logger;
  /** `IP:port` of the peer. */
  readonly remoteAddress: string;
  #stream: TcpConnection;
  #context: RtmpContext;
  /** Ends the wait for a permission. */
  #abort = new AbortController();
  #createdAtMs: number;
  #idleSinceMs: number;
  #lastReadAtMs: number;
  #dialogue: RtmpDialogue;
  #connect: ConnectCommand | undefined;
  #target: RtmpTarget = { pathName: "", query: "" };
  #role: Role = { kind: "none" };
  /** Units that streams played before did not bring. */
  #droppedBefore = 0;
  #cancelStart: (() => void) | undefined;
  #starting: Promise<void> = Promise.resolve();
  #closeReason: string | undefined;
  #draining: Promise<void> | undefined;

  /** Owns `stream` from here on. */
  constructor(stream: TcpConnection, context: RtmpContext) {
    const { ports } = context;
    this.#stream = stream;
    this.#context = context;
    this.#dialogue = new RtmpDialogue(stream, this, {
      handshake: new ServerHandshake(),
      chunkSizeBytes: SERVER_CHUNK_SIZE_BYTES,
    });
    const { ip, port } = stream.peer;
    this.remoteAddress = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    this.logger = ports.logger.child(`conn ${this.remoteAddress}`);
    this.#createdAtMs = ports.clock.wallMs();
    this.#idleSinceMs = ports.clock.monotonicMs();
    this.#lastReadAtMs = this.#idleSinceMs;
    stream.onBroken = (error) => this.close(error.message);
  }

  /** Serves the peer until one side ends; never throws. */
  async run(): Promise<void> {
    const { ports, connections } = this.#context;
    this.logger.info("opened");
    connections.add(this);
    using _registration = ports.sessions.register(this);
    ports.events.emit({ type: "connectionOpened", session: this.describe() });
    await this.#read();
    await this.#starting;
    const session = this.describe();
    this.#endRole();
    this.#dialogue[Symbol.dispose]();
    connections.delete(this);
    await this.#draining;
    this.#stream.close();
    this.logger.info(`closed: ${this.#closeReason ?? "EOF"}`);
    ports.events.emit({ type: "connectionClosed", session });
  }

  /** Ends the connection at once. */
  close(reason: string): void {
    this.#closeReason ??= reason;
    this.#abort.abort(new Error(reason));
    this.#stream.close();
  }

  /** Part of the session registry: the operator wants it gone. */
  kick(reason: string): void {
    this.closeAfterDrain(reason);
  }

  /** Ends the connection when what was sent has left. */
  closeAfterDrain(reason: string): void {
    this.#closeWith(reason, this.#role.kind === "player" ? playEnded() : []);
  }

  /** Ends the connection because the server ends; a client that can come back by itself is asked to. */
  terminate(): void {
    const reason = "terminated";
    if (this.#connect?.capabilities.canReconnect) {
      this.#closeWith(reason, [reconnectRequest("the server is ending")]);
    } else this.closeAfterDrain(reason);
  }

  /** Closes the connection if it is silent or stuck. */
  tick(nowMs: number): void {
    const { readTimeoutMs, writeTimeoutMs } = this.#context.config;
    const { stalledSinceMs } = this.#stream;
    if (
      stalledSinceMs !== undefined && nowMs - stalledSinceMs > writeTimeoutMs
    ) {
      this.close(
        `write timed out: the peer does not read${this.#acknowledged}`,
      );
    } else if (
      this.#role.kind === "publisher" &&
      nowMs - this.#role.input.lastUsedAtMs > readTimeoutMs
    ) {
      const isSilent = nowMs - this.#lastReadAtMs > readTimeoutMs;
      const what = isSilent ? "nothing" : this.#role.input.missing;
      this.close(`read timed out: the peer sends ${what}`);
    } else if (
      this.#role.kind === "none" && nowMs - this.#idleSinceMs > readTimeoutMs
    ) this.close("read timed out: the peer asks for no stream");
  }

  /** Part of the dialogue: what the peer wants. */
  handleCommand(command: RtmpCommand): void {
    if (this.#connect === undefined && command.name !== "connect") {
      throw new RtmpError(
        "no_connect",
        `the first command is "${command.name}", wanted "connect"`,
      );
    }
    switch (command.name) {
      case "connect":
        this.#connect = command;
        this.#dialogue.send(connectAnswer(command));
        break;
      case "createStream":
        this.#dialogue.send([createStreamAnswer(command.transactionId)]);
        break;
      case "publish":
      case "play":
        this.#start(command);
        break;
      case "deleteStream":
      case "closeStream":
      case "FCUnpublish":
        this.#endRole();
        break;
    }
  }

  /** Part of the dialogue: media of the peer. Hot path. */
  handleMedia(message: RtmpMessage): void {
    if (this.#role.kind === "publisher") this.#role.input.handleMedia(message);
    else this.#keepEarly(message);
  }

  /** Part of the dialogue: metadata of the peer. */
  handleData(message: RtmpMessage): void {
    if (this.#role.kind === "publisher") this.#role.input.handleData(message);
    else this.#keepEarly(message);
  }

  /** This connection, for lists and events. */
  describe(): SessionInfo {
    const role = this.#role;
    const isPlayer = role.kind === "player";
    const isPublisher = role.kind === "publisher";
    const droppedUnits = this.#droppedBefore +
      (isPlayer ? role.player.droppedUnits : 0);
    return {
      id: this.id,
      type: `${this.#context.protocol}Conn`,
      createdAtMs: this.#createdAtMs,
      remoteAddress: this.remoteAddress,
      state: isPublisher ? "publish" : isPlayer ? "read" : "idle",
      pathName: this.#target.pathName,
      query: this.#target.query,
      user: isPlayer || isPublisher ? role.grant.user : "",
      userAgent: this.#connect?.flashVer ?? "",
      inboundBytes: this.#stream.receivedBytes,
      outboundBytes: this.#stream.sentBytes,
      droppedUnits,
      lostPackets: 0,
      details: { outboundFramesDiscarded: droppedUnits },
    };
  }

  /** How much the peer says it got, if it says so. */
  get #acknowledged(): string {
    const { acknowledgedBytes } = this.#dialogue;
    if (acknowledgedBytes === undefined) return "";
    const sentBytes = this.#stream.sentBytes % 2 ** 32;
    return `, it acknowledged ${acknowledgedBytes} of ${sentBytes} bytes`;
  }

  #closeWith(reason: string, farewell: readonly RtmpMessage[]): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    if (farewell.length > 0) this.#dialogue.send(farewell);
    this.#abort.abort(new Error(reason));
    this.#draining = this.#stream.closeAfterDrain(CLOSE_DRAIN_MS);
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array(COMMAND_BUFFER_BYTES);
    try {
      while (this.#closeReason === undefined) {
        const count = await this.#dialogue.stream.read(buffer);
        if (count === undefined) break;
        this.#lastReadAtMs = this.#context.ports.clock.monotonicMs();
        this.#dialogue.take(buffer.subarray(0, count));
        if (this.#role.kind === "publisher") this.#role.input.flush();
        const isFull = count === buffer.length &&
          count < MEDIA_BUFFER_BYTES;
        if (isFull && this.#role.kind === "publisher") {
          buffer = new Uint8Array(MEDIA_BUFFER_BYTES);
        }
        if (this.#mustWait) await this.#starting;
      }
      this.#closeReason ??= "EOF";
    } catch (error) {
      this.#closeReason ??= errorText(error);
    }
    this.#abort.abort(new Error(this.#closeReason));
  }

  /** What a publisher sends before it is let in, or has taken back, must not pile up here. */
  get #mustWait(): boolean {
    const role = this.#role;
    return role.kind === "none" || role.kind === "waiting" && role.isPublisher;
  }

  #keepEarly(message: RtmpMessage): void {
    const role = this.#role;
    const isDue = role.kind === "waiting" && role.isPublisher;
    if (isDue) role.early.push(message);
  }

  #start(command: StreamKeyCommand): void {
    const isPublisher = command.name === "publish";
    // A player may ask for another stream without ending the one that it has.
    if (!isPublisher && this.#role.kind === "player") this.#endRole();
    if (this.#role.kind !== "none") {
      throw new RtmpError(
        "already_started",
        `"${command.name}" on a connection that has a stream already`,
      );
    }
    const { tcUrl, app } = this.#connect!;
    this.#target = parseRtmpTarget(tcUrl, command.streamKey, app);
    const isHasty = isKeyInUrl(tcUrl, command.streamKey, app);
    const early: RtmpMessage[] = [];
    this.#role = { kind: "waiting", isPublisher, early };
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const request = this.#accessRequest(isPublisher ? "publish" : "read");
    this.#starting = this.#starting
      .then(() =>
        isPublisher
          ? this.#publish(request, early)
          : this.#play(request, isHasty)
      )
      .catch((error) => {
        if (!signal.aborted) this.#refuse(error, isPublisher);
      });
  }

  async #publish(
    request: AccessRequest,
    early: readonly RtmpMessage[],
  ): Promise<void> {
    const { access, clock } = this.#context.ports;
    request.signal.throwIfAborted();
    const grant = await access.publish(request, this.#owner());
    if (!this.#keep(grant, request)) return;
    const input = new RtmpMediaInput({
      clock,
      logger: this.logger,
      attach: (tracks) => {
        grant.revoked.throwIfAborted();
        const publication = grant.attach(tracks);
        this.logger.info(`is publishing to path '${grant.pathName}'`);
        return publication;
      },
      onRefused: (error) => this.closeAfterDrain(errorText(error)),
    });
    this.#role = { kind: "publisher", grant, input };
    this.#dialogue.allowMedia();
    this.#dialogue.send([publishAccepted()]);
    for (const message of early) this.#dialogue.handleMessage(message);
    input.flush();
  }

  async #play(request: AccessRequest, isHasty: boolean): Promise<void> {
    const { access, clock } = this.#context.ports;
    request.signal.throwIfAborted();
    const grant = await access.read(request, this.#owner());
    if (!this.#keep(grant, request)) return;
    try {
      const player = new RtmpPlayer({
        grant,
        stream: this.#dialogue.stream,
        capabilities: this.#connect!.capabilities,
        logger: this.logger,
        onEnd: (reason) => this.closeAfterDrain(reason),
      });
      this.#role = { kind: "player", grant, player };
      this.#dialogue.send(playAccepted());
      this.logger.info(player.readingLine(grant.pathName));
      if (isHasty) {
        this.#cancelStart = clock.after(HASTY_PAUSE_MS, () => player.start());
      } else player.start();
    } catch (error) {
      grant[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Ends the connection with a grant; gives one back that is not wanted any more, and answers false.
   *
   * @throws {Error} why it was revoked already.
   */
  #keep(grant: Grant, { signal }: AccessRequest): boolean {
    const { revoked } = grant;
    if (signal.aborted || revoked.aborted) {
      grant[Symbol.dispose]();
      revoked.throwIfAborted();
      return false;
    }
    revoked.addEventListener("abort", () => {
      const role = this.#role;
      if ("grant" in role && role.grant === grant) {
        this.closeAfterDrain(errorText(revoked.reason));
      }
    }, { once: true });
    return true;
  }

  #refuse(error: unknown, isPublisher: boolean): void {
    if (error instanceof AuthenticationError) {
      this.logger.warn(`failed to authenticate: ${error.message}`);
      this.#dialogue.send([
        isPublisher
          ? publishUnauthorized(error.code)
          : playUnauthorized(error.code),
      ]);
    }
    this.closeAfterDrain(errorText(error));
  }

  #accessRequest(action: "publish" | "read"): AccessRequest {
    const { pathName, query } = this.#target;
    return {
      action,
      pathName,
      query,
      protocol: "rtmp",
      sessionId: this.id,
      ip: this.#stream.peer.ip,
      userAgent: this.#connect?.flashVer ?? "",
      credentials: credentialsOf(query),
      signal: this.#abort.signal,
    };
  }

  #owner(): SessionOwner {
    return { logger: this.logger, describe: () => this.describe() };
  }

  /** The peer has no stream any more; it may ask for another one. */
  #endRole(): void {
    this.#abort.abort(new Error("the stream is not wanted any more"));
    this.#cancelStart?.();
    this.#cancelStart = undefined;
    const role = this.#role;
    if (role.kind === "none") return;
    if (role.kind === "publisher") role.input[Symbol.dispose]();
    if (role.kind === "player") {
      role.player.stop();
      this.#droppedBefore += role.player.droppedUnits;
    }
    if ("grant" in role) role.grant[Symbol.dispose]();
    this.#role = { kind: "none" };
    this.#idleSinceMs = this.#context.ports.clock.monotonicMs();
  }
}

/** Credentials travel in the query, `user` and `pass`; who leaves them out cannot be asked for them. */
function credentialsOf(query: string): Credentials {
  const parameters = new URLSearchParams(query);
  const user = parameters.get("user") ?? "";
  const password = parameters.get("pass") ?? "";
  return { kind: "password", user, password };
}
