import { pause } from "#base/abort.ts";
import { errorText } from "#base/errors.ts";
import { SampledError, SampledWarning } from "#base/log.ts";
import type { Publication } from "#core/publication.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { randomSsrc, RtspIngest } from "#protocols/rtsp/ingest.ts";
import type { DamagedMedia } from "#protocols/rtsp/media_counts.ts";
import { SourceProtection } from "#protocols/rtsp/track_protection.ts";
import type { RtspResponse } from "#protocols/rtsp/wire/response.ts";
import type { PullRequest } from "#sources/pull_source.ts";
import { ClientAuthorization } from "./client_authorization.ts";
import {
  InterleavedTransport,
  type MediaSink,
  type MediaTransport,
  UdpTransport,
} from "./media_transport.ts";
import { MulticastTransport } from "./multicast_transport.ts";
import { originText, type RtspOrigin } from "./origin.ts";
import {
  type OriginDescription,
  type OriginTrack,
  readOriginDescription,
} from "./origin_tracks.ts";
import { playHeaders } from "./play_headers.ts";
import {
  type ClientRequest,
  requireSuccess,
  RtspClient,
} from "./rtsp_client.ts";
import { TrackSetup, TransportRefusal } from "./track_setup.ts";

const TICK_MS = 1_000;
const REPORT_INTERVAL_MS = 5_000;
const KEEP_ALIVE_INTERVAL_MS = 30_000;
/** Keep-alives come this long before the origin's timeout. */
const KEEP_ALIVE_MARGIN_MS = 5_000;
/** Shortest pause between keep-alives, whatever the origin's timeout. */
const MIN_KEEP_ALIVE_INTERVAL_MS = 1_000;
/** UDP that brings nothing for this long is given up where TCP may be tried. */
const UDP_PATIENCE_MS = 3_000;
/** Datagrams may arrive this long after the end of the connection that came with them. */
const TAIL_MS = 300;
/** What was sent has this long to leave before the connection is closed. */
const GOODBYE_MS = 500;

/** Which transport an attempt uses. */
export interface TransportChoice {
  readonly lowerTransport: "udp" | "multicast" | "tcp";
  /** TCP may be tried if UDP does not work. */
  readonly mayFallBack: boolean;
}

/** What always works. */
export const TCP_CHOICE: TransportChoice = {
  lowerTransport: "tcp",
  mayFallBack: false,
};

const TRANSPORT_NAMES = { udp: "UDP", multicast: "multicast", tcp: "TCP" };

/** How an attempt ended, if not with an error. */
export type PullOutcome =
  | { readonly kind: "redirected"; readonly location: string }
  /** UDP does not work; `reason` is for the log. */
  | { readonly kind: "tryTcp"; readonly reason: string };

/** What a session with an origin is made of. */
export interface PullSessionOptions {
  readonly request: PullRequest;
  readonly origin: RtspOrigin;
  readonly connection: TcpConnection;
  readonly choice: TransportChoice;
}

/** One session with one origin, from OPTIONS to TEARDOWN. */
export class PullSession implements MediaSink {
  #options: PullSessionOptions;
  #client: RtspClient;
  #choice: TransportChoice;
  /** Opened when the origin has told what it has. */
  #transport: MediaTransport | undefined;
  #interleaved: InterleavedTransport | undefined;
  #protection: SourceProtection;
  #receiverSsrcs: readonly number[] = [];
  #tracks: readonly OriginTrack[] = [];
  #sessionUrl = "";
  #isGetParameterKnown = false;
  #publication: Publication | undefined;
  #ingest: RtspIngest | undefined;
  /** Latest RTCP packet of each track that came before the first RTP packet: it says where the track stands. */
  #earlyReports = new Map<number, Uint8Array>();
  #outcome = Promise.withResolvers<PullOutcome>();
  #isPlaying = false;
  #playedAtMs = 0;
  #lastMediaAtMs = 0;
  #nextReportAtMs = 0;
  #nextKeepAliveAtMs = Infinity;
  #cancelTick: () => void = () => {};
  #losses: SampledWarning;
  #errors: SampledError;

  /** Owns the connection from here on. */
  constructor(options: PullSessionOptions) {
    const { request, origin, connection, choice } = options;
    const { clock, logger, limits } = request;
    this.#options = options;
    this.#choice = choice;
    this.#outcome.promise.catch(() => {}); // it may come before anybody waits for it
    this.#losses = new SampledWarning(
      logger,
      clock,
      (count) => `${count} RTP packets lost`,
    );
    this.#errors = new SampledError(logger, clock);
    this.#protection = new SourceProtection((text, damaged) =>
      this.#addError(text, damaged)
    );
    this.#client = new RtspClient({
      stream: connection,
      clock,
      authorization: new ClientAuthorization(origin.credentials),
      timeoutMs: limits.readTimeoutMs,
      isChannel: (channel) => this.#interleaved?.isChannel(channel) ?? false,
      onInterleaved: (channel, packet) =>
        this.#interleaved?.handle(channel, packet, this),
      onRead: () => this.flush(),
    });
  }

  /** Pulls until something ends it; everything is closed then. @throws {Error} what failed. */
  async run(): Promise<PullOutcome> {
    const { signal } = this.#options.request;
    const leave = () => this.#client.close(signal.reason);
    signal.addEventListener("abort", leave);
    try {
      signal.throwIfAborted();
      const early = await this.#start();
      if (early) return early;
      this.#tick();
      const ended = this.#client.ended.then((reason) => this.#endWith(reason));
      return await Promise.race([this.#outcome.promise, ended]);
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#explained(error);
    } finally {
      signal.removeEventListener("abort", leave);
      await this.#close();
    }
  }

  /** The connection has ended: datagrams may still be on their way. */
  async #endWith(reason: Error): Promise<never> {
    const { clock, signal } = this.#options.request;
    const hasTail = this.#choice.lowerTransport !== "tcp" && this.#ingest;
    if (hasTail) await pause(clock, TAIL_MS, signal);
    throw reason;
  }

  /** Part of the transport. Hot path. */
  handleRtp(trackIndex: number, packet: Uint8Array): void {
    if (!this.#isPlaying) return;
    const clear = this.#protection.unprotectRtp(trackIndex, packet);
    if (!clear) return;
    const { request } = this.#options;
    this.#lastMediaAtMs = request.clock.monotonicMs();
    request.counters.inboundBytes += packet.length;
    request.counters.receivedPackets++;
    this.#ingest ??= this.#attach();
    this.#ingest?.handleRtp(trackIndex, clear);
  }

  /** Part of the transport. */
  handleRtcp(trackIndex: number, packet: Uint8Array): void {
    const clear = this.#protection.unprotectRtcp(trackIndex, packet);
    if (!clear) return;
    if (this.#ingest) this.#ingest.handleRtcp(trackIndex, clear);
    else this.#earlyReports.set(trackIndex, clear.slice());
  }

  /** Part of the transport. */
  flush(): void {
    this.#ingest?.flush();
  }

  /** Part of the transport. */
  handleFault(error: unknown): void {
    this.#isPlaying = false;
    this.#outcome.reject(error);
  }

  /** Asks for everything up to PLAY. */
  async #start(): Promise<PullOutcome | undefined> {
    const { origin, request } = this.#options;
    const headers = playHeaders(request.settings);
    const options = await this.#client.request({
      method: "OPTIONS",
      url: originText(origin),
    });
    if (options.status === 401) requireSuccess(options, "OPTIONS");
    const methods = options.headers.get("Public") ?? "";
    this.#isGetParameterKnown = /\bGET_PARAMETER\b/.test(methods);
    const described = await this.#describe();
    if ("kind" in described) return described;
    this.#tracks = described.tracks;
    this.#sessionUrl = described.url;
    this.#choice = this.#secureChoice();
    const transport = this.#openTransport();
    this.#transport = transport;
    const refused = await this.#setUp(transport);
    if (refused) return refused;
    this.#isPlaying = true;
    transport.open(this.#protection);
    const nowMs = request.clock.monotonicMs();
    this.#lastMediaAtMs = nowMs;
    requireSuccess(await this.#ask("PLAY", this.#sessionUrl, headers), "PLAY");
    this.#playedAtMs = request.clock.monotonicMs();
    this.#nextReportAtMs = this.#playedAtMs + REPORT_INTERVAL_MS;
    this.#nextKeepAliveAtMs = this.#playedAtMs + this.#keepAliveMs;
    return undefined;
  }

  async #describe(): Promise<OriginDescription | PullOutcome> {
    const { origin, request } = this.#options;
    const url = originText(origin);
    const response = await this.#ask("DESCRIBE", url, {
      Accept: "application/sdp",
    });
    const location = response.headers.get("Location");
    if (response.status >= 301 && response.status <= 305 && location) {
      return { kind: "redirected", location };
    }
    requireSuccess(response, "DESCRIBE");
    const { headers, body } = response;
    return readOriginDescription(body, {
      base: origin.url,
      contentBase: headers.get("Content-Base") ??
        headers.get("Content-Location"),
      onSkipped: (text) => request.logger.warn(`skipping ${text}`),
    });
  }

  async #setUp(transport: MediaTransport): Promise<PullOutcome | undefined> {
    const { request: { clock } } = this.#options;
    const { lowerTransport, mayFallBack } = this.#choice;
    this.#receiverSsrcs = this.#tracks.map(randomSsrc);
    const setup = new TrackSetup({
      ask: (url, headers) => this.#ask("SETUP", url, headers),
      transport,
      transportName: TRANSPORT_NAMES[lowerTransport],
      protection: this.#protection,
      isEncrypted: this.#isEncrypted,
      receiverSsrcs: this.#receiverSsrcs,
      wallMs: () => clock.wallMs(),
    });
    try {
      for (const [i, track] of this.#tracks.entries()) {
        await setup.setUp(i, track);
      }
    } catch (error) {
      if (!mayFallBack || !(error instanceof TransportRefusal)) throw error;
      return { kind: "tryTcp", reason: error.message };
    }
    return undefined;
  }

  get #isEncrypted(): boolean {
    return this.#options.origin.url.scheme === "rtsps";
  }

  /** What is asked for within TLS does not leave it in the clear. */
  #secureChoice(): TransportChoice {
    const { lowerTransport, mayFallBack } = this.#choice;
    const isSafe = lowerTransport === "tcp" || !this.#isEncrypted ||
      this.#tracks.every(({ isSecure }) => isSecure);
    if (isSafe) return this.#choice;
    if (mayFallBack) return TCP_CHOICE;
    throw new Error(
      "the origin does not offer SRTP: only TCP (rtspTransport) keeps the media encrypted",
    );
  }

  #openTransport(): MediaTransport {
    const { connection, request: { limits, settings } } = this.#options;
    const { peer, local } = connection;
    const receiveBufferBytes = settings.rtspUDPReadBufferSize ||
      limits.udpReadBufferSize;
    switch (this.#choice.lowerTransport) {
      case "tcp":
        return this.#interleaved = new InterleavedTransport(this.#client);
      case "multicast":
        return new MulticastTransport({
          peer,
          local,
          receiveBufferBytes,
          sink: this,
        });
      case "udp":
        return new UdpTransport({
          peer,
          isAnyPort: settings.rtspAnyPort,
          portRange: settings.rtspUDPSourcePortRange,
          receiveBufferBytes,
          sink: this,
        });
    }
  }

  #ask(
    method: string,
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RtspResponse> {
    const request: ClientRequest = { method, url, headers };
    return this.#client.request(request);
  }

  /** The first packet is there: so is the stream. */
  #attach(): RtspIngest | undefined {
    const { request } = this.#options;
    const { clock, counters } = request;
    try {
      this.#publication = request.attach(
        this.#tracks.map(({ track }) => track),
      );
    } catch (error) {
      this.#isPlaying = false;
      this.#outcome.reject(error);
      return undefined;
    }
    const ingest = new RtspIngest({
      tracks: this.#tracks,
      publication: this.#publication,
      clock,
      isReordering: this.#choice.lowerTransport !== "tcp",
      useAbsoluteTimestamp: request.settings.useAbsoluteTimestamp,
      receiverSsrcs: this.#receiverSsrcs,
      sendRtcp: (trackIndex, packet) =>
        this.#transport?.sendRtcp(
          trackIndex,
          this.#protection.protectRtcp(trackIndex, packet),
        ),
      onError: (text, damaged) => this.#addError(text, damaged),
      onLoss: (count) => {
        counters.lostPackets += count;
        this.#losses.add(count);
      },
    });
    for (const [i, packet] of this.#earlyReports) ingest.handleRtcp(i, packet);
    return ingest;
  }

  #addError(text: string, damaged: DamagedMedia | undefined): void {
    if (damaged === "rtp") this.#options.request.counters.damagedPackets++;
    this.#errors.add(text);
  }

  get #keepAliveMs(): number {
    const seconds = this.#client.sessionTimeoutSeconds;
    if (seconds === undefined) return KEEP_ALIVE_INTERVAL_MS;
    const beforeEndMs = seconds * 1_000 - KEEP_ALIVE_MARGIN_MS;
    return Math.max(
      MIN_KEEP_ALIVE_INTERVAL_MS,
      Math.min(KEEP_ALIVE_INTERVAL_MS, beforeEndMs),
    );
  }

  #tick(): void {
    const { clock, limits } = this.#options.request;
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
    const nowMs = clock.monotonicMs();
    if (
      !this.#ingest && this.#choice.mayFallBack &&
      nowMs - this.#playedAtMs >= UDP_PATIENCE_MS
    ) {
      const seconds = UDP_PATIENCE_MS / 1_000;
      this.#outcome.resolve({
        kind: "tryTcp",
        reason: `nothing came over UDP within ${seconds} s (a firewall?)`,
      });
    } else if (nowMs - this.#lastMediaAtMs > limits.readTimeoutMs) {
      const seconds = limits.readTimeoutMs / 1_000;
      this.#outcome.reject(
        new Error(`no media came for ${seconds} s (readTimeout)`),
      );
    }
    if (nowMs >= this.#nextReportAtMs) {
      this.#nextReportAtMs = nowMs + REPORT_INTERVAL_MS;
      this.#ingest?.sendReports();
    }
    if (nowMs >= this.#nextKeepAliveAtMs) {
      this.#nextKeepAliveAtMs = nowMs + this.#keepAliveMs;
      this.#client.notify({
        method: this.#isGetParameterKnown ? "GET_PARAMETER" : "OPTIONS",
        url: this.#sessionUrl,
      });
    }
  }

  async #close(): Promise<void> {
    this.#cancelTick();
    this.#isPlaying = false;
    this.#ingest?.end();
    this.#publication?.[Symbol.dispose]();
    this.#errors[Symbol.dispose]();
    this.#losses[Symbol.dispose]();
    if (this.#client.sessionId !== undefined) {
      this.#client.notify({ method: "TEARDOWN", url: this.#sessionUrl });
    }
    await this.#client.closeAfterDrain(GOODBYE_MS, new Error("torn down"));
    await this.#transport?.[Symbol.asyncDispose]();
    this.#protection[Symbol.dispose]();
  }

  #explained(error: unknown): Error {
    const url = originText(this.#options.origin);
    return new Error(`Cannot pull ${url}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
