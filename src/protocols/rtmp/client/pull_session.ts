import { randomBytes } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import {
  RtmpDialogue,
  type RtmpDialogueSink,
} from "#protocols/rtmp/dialogue.ts";
import { RtmpMediaInput } from "#protocols/rtmp/media_input.ts";
import { OWN_CAPABILITIES } from "#protocols/rtmp/wire/capabilities.ts";
import { DEFAULT_CHUNK_SIZE_BYTES } from "#protocols/rtmp/wire/chunk_writer.ts";
import type {
  AnswerCommand,
  RtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import { ClientHandshake } from "#protocols/rtmp/wire/handshake.ts";
import type { RtmpMessage } from "#protocols/rtmp/wire/messages.ts";
import {
  connectRequest,
  createStreamRequest,
  playRequest,
} from "#protocols/rtmp/wire/requests.ts";
import {
  readRtmpStatus,
  type RtmpStatus,
  statusText,
} from "#protocols/rtmp/wire/status.ts";
import type { PullRequest } from "#sources/pull_source.ts";
import { answerAdobeChallenge } from "./adobe_authentication.ts";
import { originText, type RtmpOrigin, tcUrlOf } from "./origin.ts";

/** How often timeouts are looked at. */
const TICK_MS = 500;

const READ_BUFFER_BYTES = 256 * 1_024;

const CLIENT_CHALLENGE_BYTES = 4;

/** The origin wants its clients to connect again. */
const RECONNECT_CODE = "NetConnection.Connect.ReconnectRequest";

/** The origin has no more of the stream. */
const END_CODES: readonly string[] = [
  "NetStream.Play.UnpublishNotify",
  "NetStream.Play.Stop",
  "NetStream.Play.Complete",
];

/** What may be wrong if `play` is followed by nothing. */
const NOT_PUBLISHED = " (is the stream published there?)";

/** What is waited for, in this order. */
type Stage = "handshake" | "connect" | "createStream" | "play";

/** How a session ended, if not with an error. */
export type PullOutcome =
  /** The origin has ended the stream. */
  | { readonly kind: "ended" }
  /** The stream is elsewhere, or here again if `location` is undefined. */
  | {
    readonly kind: "moved";
    readonly location: string | undefined;
    /** The origin asked to connect again, which may be while the stream flows. */
    readonly isReconnect: boolean;
  }
  /** The origin wants to be told this with `connect`. */
  | { readonly kind: "challenged"; readonly query: string };

/** What a session with an origin is made of. */
export interface PullSessionOptions {
  readonly request: PullRequest;
  readonly origin: RtmpOrigin;
  readonly connection: TcpConnection;
  /** Added to application and URL; empty if the origin asked for nothing. */
  readonly authentication: string;
  /** Monotonic time from which the origin has `readTimeout` to send media. */
  readonly startedAtMs: number;
  /** Tracks are known: answers where they go. */
  readonly attach: (tracks: readonly Track[]) => Publication;
}

/** One session with one origin, from the handshake to the last picture. */
export class PullSession implements RtmpDialogueSink {
  #options: PullSessionOptions;
  #handshake = new ClientHandshake();
  #dialogue: RtmpDialogue;
  #input: RtmpMediaInput;
  #stage: Stage = "handshake";
  #outcome: PullOutcome | undefined;
  #failure: unknown;
  #cancelTick: () => void = () => {};

  /** Owns the connection from here on. */
  constructor(options: PullSessionOptions) {
    const { connection, request, attach } = options;
    const { clock, logger } = request;
    this.#options = options;
    this.#dialogue = new RtmpDialogue(connection, this, {
      handshake: this.#handshake,
      chunkSizeBytes: DEFAULT_CHUNK_SIZE_BYTES,
    });
    this.#input = new RtmpMediaInput({
      clock,
      logger,
      attach,
      onRefused: (error) => this.#fail(error),
    });
    connection.onBroken = (error) => this.#fail(error);
  }

  /** Pulls until something ends it; the connection is closed then. @throws {Error} what failed. */
  async run(): Promise<PullOutcome> {
    const { request, connection } = this.#options;
    const { signal } = request;
    const leave = () => connection.close();
    signal.addEventListener("abort", leave);
    try {
      signal.throwIfAborted();
      connection.send(this.#handshake.start());
      this.#tick();
      await this.#read();
      signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      return this.#outcome ?? this.#unexpectedEnd();
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#explained(error);
    } finally {
      signal.removeEventListener("abort", leave);
      this.#cancelTick();
      this.#input[Symbol.dispose]();
      this.#dialogue[Symbol.dispose]();
      connection.close();
    }
  }

  /** Part of the dialogue: what the origin answers. */
  handleCommand(command: RtmpCommand): void {
    switch (command.name) {
      case "_result":
        this.#handleResult(command);
        break;
      case "_error":
        this.#handleStatus(readRtmpStatus(command), true);
        break;
      case "onStatus":
        this.#handleStatus(readRtmpStatus(command), false);
        break;
    }
  }

  /** Part of the dialogue. Hot path. */
  handleMedia(message: RtmpMessage): void {
    this.#input.handleMedia(message);
  }

  /** Part of the dialogue: metadata of the stream. */
  handleData(message: RtmpMessage): void {
    this.#input.handleData(message);
  }

  /** Part of the dialogue. */
  handleStreamEof(): void {
    if (this.#hasMedia) this.#outcome ??= { kind: "ended" };
  }

  get #hasMedia(): boolean {
    return this.#input.inboundBytes > 0;
  }

  async #read(): Promise<void> {
    const { counters } = this.#options.request;
    const buffer = new Uint8Array(READ_BUFFER_BYTES);
    while (this.#outcome === undefined && this.#failure === undefined) {
      const count = await this.#dialogue.stream.read(buffer);
      if (count === undefined) return;
      const beforeBytes = this.#input.inboundBytes;
      this.#dialogue.take(buffer.subarray(0, count));
      counters.inboundBytes += this.#input.inboundBytes - beforeBytes;
      if (this.#stage === "handshake" && this.#dialogue.isOpen) this.#connect();
      this.#input.flush();
    }
  }

  #connect(): void {
    const { origin, authentication } = this.#options;
    this.#stage = "connect";
    this.#dialogue.send([
      connectRequest({
        app: withQuery(origin.app, authentication),
        tcUrl: withQuery(tcUrlOf(origin), authentication),
        capabilities: OWN_CAPABILITIES,
      }),
    ]);
  }

  #handleResult(command: AnswerCommand): void {
    if (this.#stage === "connect") {
      const status = readRtmpStatus(command);
      if (status.level === "error") return this.#handleStatus(status, true);
      this.#stage = "createStream";
      this.#dialogue.send(createStreamRequest());
    } else if (this.#stage === "createStream") {
      const messageStreamId = command.values.find((value) =>
        typeof value === "number"
      );
      if (messageStreamId === undefined) {
        throw new Error("createStream was answered without a stream");
      }
      this.#stage = "play";
      this.#dialogue.allowMedia();
      const { streamKey } = this.#options.origin;
      this.#dialogue.send(playRequest(messageStreamId, streamKey));
    }
  }

  #handleStatus(status: RtmpStatus, isRefusal: boolean): void {
    const { code, level, description, redirect, tcUrl } = status;
    const isReconnect = code === RECONNECT_CODE;
    if (isReconnect || redirect !== undefined) {
      const location = isReconnect ? tcUrl : redirect;
      this.#outcome ??= { kind: "moved", location, isReconnect };
    } else if (isRefusal || level === "error") {
      this.#outcome ??= this.#challenge(description);
      if (this.#outcome) return;
      throw new Error(
        `${this.#stage} was refused: ${statusText(status)}${remedyOf(status)}`,
      );
    } else if (END_CODES.includes(code) && this.#hasMedia) {
      this.#outcome ??= { kind: "ended" };
    }
  }

  #challenge(description: string): PullOutcome | undefined {
    const query = answerAdobeChallenge(
      description,
      this.#options.origin.credentials,
      randomBytes(CLIENT_CHALLENGE_BYTES).toHex(),
    );
    return query === undefined ? undefined : { kind: "challenged", query };
  }

  #tick(): void {
    const { request, connection, startedAtMs } = this.#options;
    const { clock, limits } = request;
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
    const nowMs = clock.monotonicMs();
    const { stalledSinceMs } = connection;
    const sinceMs = this.#hasMedia ? this.#input.lastUsedAtMs : startedAtMs;
    if (nowMs - sinceMs > limits.readTimeoutMs) {
      const limit = `${limits.readTimeoutMs / 1_000} s (readTimeout)`;
      this.#fail(new Error(`${this.#missing} within ${limit}`));
    } else if (
      stalledSinceMs !== undefined &&
      nowMs - stalledSinceMs > limits.writeTimeoutMs
    ) this.#fail(new Error("the origin does not read (writeTimeout)"));
  }

  /** What did not come. */
  get #missing(): string {
    if (this.#hasMedia) return `${this.#input.missing} came`;
    return this.#stage === "play"
      ? `no media came${NOT_PUBLISHED}`
      : `the origin did not answer ${this.#stage}`;
  }

  #unexpectedEnd(): never {
    const end = "the origin closed the connection";
    if (this.#hasMedia) throw new Error(`${end} in the middle of the stream`);
    const remedy = this.#stage === "play" ? NOT_PUBLISHED : "";
    throw new Error(`${end} instead of answering ${this.#stage}${remedy}`);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#options.connection.close();
  }

  #explained(cause: unknown): Error {
    const url = originText(this.#options.origin);
    return new Error(`Cannot pull ${url}: ${errorText(cause)}`, { cause });
  }
}

function withQuery(url: string, query: string): string {
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

function remedyOf({ code, description }: RtmpStatus): string {
  if (/NotFound$/.test(code)) return " (check the path of the URL)";
  return /auth/i.test(code + description)
    ? " (check user and password in the URL)"
    : "";
}
