import { errorStack } from "#base/errors.ts";
import { type Logger, SampledError, SampledWarning } from "#base/log.ts";
import type {
  Grant,
  PublishGrant,
  ReadGrant,
  SessionOwner,
} from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { Track } from "#core/track.ts";
import { mikeyFromExchange } from "#formats/mikey/srtp_exchange.ts";
import type { RtspAnswer, RtspConnection } from "./connection.ts";
import type { RtspContext } from "./context.ts";
import { RtspError } from "./errors.ts";
import { announcedTracks } from "./announcement.ts";
import { hasTooManyDetached, TOO_MANY_DETACHED } from "./detached_sessions.ts";
import type { AnnouncedTrack } from "./ingest.ts";
import { type DamagedMedia, sumOfCounts } from "./media_counts.ts";
import { openPlayer, type Player } from "./player.ts";
import { ReaderReports } from "./reader_reports.ts";
import { RecordSession } from "./record_session.ts";
import { accessRequest, logRefusal } from "./requests.ts";
import { outgoingSource, sharedGroup } from "./served_source.ts";
import { describeSession, readingLine } from "./session_description.ts";
import { SourceProtection } from "./track_protection.ts";
import { chooseTransport, type TrackTransport } from "./track_transport.ts";
import type { UdpEndpoint } from "./udp_router.ts";
import { serializeKeyMgmt } from "./wire/headers/key_mgmt.ts";
import type { RtspRequest } from "./wire/request.ts";
import {
  isControlUrl,
  parseRtspUrl,
  type RtspUrl,
  setupTarget,
  type StreamTarget,
} from "./wire/rtsp_url.ts";

/** Silence after which a reader's session ends. */
const READER_TIMEOUT_MS = 60_000;

/** Datagrams that a publisher sent before its TEARDOWN have this long to be read behind it. */
const UDP_TEARDOWN_MS = 50;

/** What a publisher announced, before it records. */
interface Announcement {
  readonly url: RtspUrl;
  readonly grant: PublishGrant;
  readonly tracks: readonly AnnouncedTrack[];
  /** Control attribute of each track. */
  readonly controls: readonly string[];
}

/** One session of a peer: what it announced or set up, and the media that flows. */
export class RtspSession implements UdpEndpoint {
  readonly id: string = crypto.randomUUID();
  readonly logger: Logger;
  /** Its connection has ended, and it goes on. */
  isDetached = false;
  #context: RtspContext;
  /** The one of its latest request, and all that control it. */
  #connection: RtspConnection;
  #connections = new Set<RtspConnection>();
  #createdAtMs: number;
  #target: StreamTarget = { pathName: "", query: "" };
  #announcement: Announcement | undefined;
  #readGrant: ReadGrant | undefined;
  /** Transports of the tracks that were set up, by track id or announced position. */
  #transports = new Map<number, TrackTransport>();
  /** Ciphers of what a publisher sends protected, by announced position. */
  #protection = new SourceProtection((text, damaged) =>
    this.#addError(text, damaged)
  );
  #player: Player | undefined;
  #recorder: RecordSession | undefined;
  /** Of a reader, once it has played. */
  #reports: ReaderReports | undefined;
  /** What is not counted by the media that flows now. */
  #counts = sumOfCounts();
  #lastSeenMs: number;
  #isClosed = false;
  #cancelClose: (() => void) | undefined;
  #registration: Disposable;
  #losses: SampledWarning;
  #errors: SampledError;

  /** Opens the session; it belongs to `connection` and those that join. */
  constructor(connection: RtspConnection) {
    const { context } = connection;
    const { ports } = context;
    this.#context = context;
    this.#connection = connection;
    this.#createdAtMs = ports.clock.wallMs();
    this.#lastSeenMs = ports.clock.monotonicMs();
    this.logger = ports.logger.child(`session ${this.id.slice(0, 8)}`);
    this.#losses = new SampledWarning(
      this.logger,
      ports.clock,
      (count) => `${count} RTP packets lost`,
    );
    this.#errors = new SampledError(this.logger, ports.clock);
    this.#connections.add(connection);
    connection.sessions.add(this);
    context.sessions.set(this.key, this);
    this.#registration = ports.sessions.register({
      describe: () => this.describe(),
      kick: (reason) => this.end(reason),
    });
    this.logger.info(`created by ${connection.remoteAddress}`);
    ports.events.emit({ type: "sessionOpened", session: this.describe() });
  }

  /** Id as it stands in the Session header. */
  get key(): string {
    return this.id.replaceAll("-", "");
  }

  /** Media flows. */
  get isActive(): boolean {
    return this.#player !== undefined || this.#recorder !== undefined;
  }

  /** The peer sends a transport stream that is taken apart. */
  get isDemuxing(): boolean {
    return this.#recorder?.isDemuxing ?? false;
  }

  /** The peer sends media. */
  get isPublishing(): boolean {
    return this.#recorder !== undefined;
  }

  /** The peer is alive. */
  touch(): void {
    this.#lastSeenMs = this.#context.ports.clock.monotonicMs();
  }

  /** A request for this session came over another connection. @throws {RtspError} if its media is interleaved. */
  join(connection: RtspConnection): void {
    if (connection.sessions.has(this)) return;
    if (this.#connection.interleaved.has(this)) {
      throw new RtspError(
        400,
        "the session's media is interleaved with another connection",
      );
    }
    if (connection.stream.peer.ip !== this.#connection.stream.peer.ip) {
      throw new RtspError(454, "the session belongs to another address");
    }
    connection.sessions.add(this);
    this.#connections.add(connection);
    this.#connection = connection;
    this.isDetached = false;
  }

  /** Takes what a publisher wants to send. */
  async announce(
    connection: RtspConnection,
    request: RtspRequest,
    url: RtspUrl,
    target: StreamTarget,
  ): Promise<void> {
    if (this.#announcement || this.#readGrant) {
      throw new RtspError(455, "ANNOUNCE in a session that has begun already");
    }
    const { tracks, controls } = announcedTracks(request.body);
    const grant = await this.#admitted(this.#context.ports.access.publish(
      accessRequest(connection, request, "publish", target, this.id),
      this.#owner(),
    ));
    this.#target = target;
    this.#announcement = { url, grant, tracks, controls };
  }

  /** Sets a track up; answers the headers that tell how. */
  async setup(
    connection: RtspConnection,
    request: RtspRequest,
  ): Promise<Record<string, string>> {
    this.touch();
    if (this.isActive) {
      throw new RtspError(455, "SETUP while media flows");
    }
    const index = this.#announcement
      ? this.#announcedIndex(parseRtspUrl(request.url), this.#announcement)
      : await this.#requestedTrack(connection, request);
    if (this.#transports.has(index)) {
      throw new RtspError(400, `track ${index} was set up already`);
    }
    const stream = this.#readGrant?.stream;
    const chosen = chooseTransport({
      request,
      connection,
      isPublishing: this.#announcement !== undefined,
      endpoint: this,
      trackIndex: index,
      others: [...this.#transports.values()],
      outgoing: (profile, isLate) =>
        outgoingSource(stream, { connection, trackId: index, profile, isLate }),
      groupIn: (groups, profile) =>
        stream && sharedGroup(stream, groups, { connection, profile }),
    });
    const { transport, header } = chosen;
    this.#transports.set(index, transport);
    await transport.seat?.opened;
    if (!transport.srtp) return { Transport: header };
    if (this.#announcement) {
      this.#protection.open(index, transport.srtp);
    }
    const nowMs = this.#context.ports.clock.wallMs();
    const message = mikeyFromExchange(transport.srtp.own, nowMs);
    return {
      Transport: header,
      KeyMgmt: serializeKeyMgmt({ uri: request.url, message }),
    };
  }

  /** Begins to send media. */
  play(connection: RtspConnection, request: RtspRequest): RtspAnswer {
    const grant = this.#readGrant;
    if (!grant || this.#transports.size === 0) {
      throw new RtspError(455, "PLAY before SETUP");
    }
    if (this.#player) return { status: 200 };
    const player = openPlayer({
      grant,
      connection,
      transports: this.#transports,
      tracks: this.#playedTracks(grant),
      url: request.url,
      logger: this.logger,
      onEnd: (reason) => this.#endWithStream(reason),
    });
    this.#player = player;
    this.#reports ??= new ReaderReports({
      transports: this.#transports,
      isSource: (ssrc) => this.#player?.isSource(ssrc) ?? false,
      onError: (text, damaged) => this.#addError(text, damaged),
    });
    if (player.isInterleaved) connection.interleaved.add(this);
    this.logger.info(readingLine(player, this.#target, this.#transports));
    return {
      status: 200,
      headers: player.answerHeaders(request.headers.get("Range")),
      afterwards: () => player.start(),
    };
  }

  /** Begins to take media. */
  record(connection: RtspConnection): RtspAnswer {
    const announcement = this.#announcement;
    if (!announcement) throw new RtspError(455, "RECORD before ANNOUNCE");
    if (this.#recorder) return { status: 200 };
    const { tracks, grant } = announcement;
    if (this.#transports.size !== tracks.length) {
      throw new RtspError(
        400,
        `RECORD with ${this.#transports.size} of ${tracks.length} announced tracks set up`,
      );
    }
    this.#recorder = new RecordSession({
      connection,
      grant,
      tracks,
      transports: this.#transports,
      protection: this.#protection,
      onError: (text, damaged) => this.#addError(text, damaged),
      onLoss: (count) => {
        this.#counts.inboundRTPPacketsLost += count;
        this.#losses.add(count);
      },
      onSkipped: (number) =>
        this.logger.warn(`skipping track ${number} (unsupported codec)`),
      onFailed: (message) => {
        this.logger.error(message);
        this.#endWithStream(message);
      },
    });
    this.touch();
    if (this.#recorder.isInterleaved) connection.interleaved.add(this);
    this.logger.info(`is publishing to path '${this.#target.pathName}'`);
    return { status: 200 };
  }

  /** Stops the media, keeps what was set up. */
  pause(): void {
    const sent = this.#player?.counts();
    this.#player?.stop();
    this.#player = undefined;
    this.#recorder?.stop();
    this.#counts = sumOfCounts(this.#counts, sent, this.#recorder?.counts());
    this.#recorder = undefined;
    this.#connection.interleaved.delete(this);
  }

  /** Media of the peer on a channel of its connection. Hot path. */
  handleInterleaved(channel: number, packet: Uint8Array): void {
    this.touch();
    this.#counts.inboundBytes += packet.length;
    if (this.#recorder) this.#recorder.handleInterleaved(channel, packet);
    else if (this.#isRtcpChannel(channel)) this.#reports?.handleRtcp(packet);
  }

  /** Media of the peer in a datagram. Hot path. */
  handleRtpDatagram(trackIndex: number, packet: Uint8Array): void {
    this.touch();
    this.#counts.inboundBytes += packet.length;
    this.#recorder?.handleRtp(trackIndex, packet);
    this.#recorder?.flush();
  }

  /** RTCP of the peer in a datagram. */
  handleRtcpDatagram(trackIndex: number, packet: Uint8Array): void {
    this.touch();
    this.#counts.inboundBytes += packet.length;
    this.#player?.handleRtcp(packet);
    this.#reports?.handleRtcp(packet);
    this.#recorder?.handleRtcp(trackIndex, packet);
    this.#recorder?.flush();
  }

  /** Part of the router. */
  handleFault(error: unknown): void {
    this.logger.error(`Internal error: ${errorStack(error)}`);
    this.end("internal error");
  }

  /** Everything of one read of the connection was given. */
  flush(): void {
    this.#recorder?.flush();
  }

  /** Sends reports that are due and ends a session whose peer is gone. */
  tick(nowMs: number): void {
    this.#player?.tick(nowMs);
    this.#recorder?.tick(nowMs);
    const { readTimeoutMs } = this.#context.settings;
    const limitMs = this.#recorder ? readTimeoutMs : READER_TIMEOUT_MS;
    if (nowMs - this.#lastSeenMs <= limitMs) return;
    this.#endWithStream("session timed out");
  }

  /** A connection of this session has ended. */
  handleConnectionEnd(connection: RtspConnection, reason: string): void {
    connection.sessions.delete(this);
    this.#connections.delete(connection);
    if (connection !== this.#connection) return;
    const isUdpPublisher = this.#recorder && !this.#recorder.isInterleaved;
    this.isDetached = isUdpPublisher === true;
    if (!isUdpPublisher) this.close(reason === "EOF" ? "not in use" : reason);
    else if (hasTooManyDetached(this.#context)) this.close(TOO_MANY_DETACHED);
  }

  /** The peer wants the session to end. */
  tearDown(connection: RtspConnection): void {
    const reason = `torn down by ${connection.remoteAddress}`;
    if (this.#recorder && !this.#recorder.isInterleaved) {
      const { clock } = this.#context.ports;
      this.#cancelClose ??= clock.after(
        UDP_TEARDOWN_MS,
        () => this.close(reason),
      );
    } else this.close(reason);
  }

  /** Ends the session. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelClose?.();
    const session = this.describe();
    this.pause();
    this.#readGrant?.[Symbol.dispose]();
    this.#announcement?.grant[Symbol.dispose]();
    for (const transport of this.#transports.values()) transport.release();
    this.#protection[Symbol.dispose]();
    this.#reports?.[Symbol.dispose]();
    this.#losses[Symbol.dispose]();
    this.#errors[Symbol.dispose]();
    for (const one of this.#connections) one.sessions.delete(this);
    this.#context.sessions.delete(this.key);
    this.#registration[Symbol.dispose]();
    this.logger.info(`destroyed: ${reason}`);
    this.#context.ports.events.emit({ type: "sessionClosed", session, reason });
  }

  /** This session, for lists and events. */
  describe(): SessionInfo {
    return describeSession({
      id: this.id,
      createdAtMs: this.#createdAtMs,
      connection: this.#connection,
      connections: this.#connections,
      target: this.#target,
      grant: this.#announcement?.grant ?? this.#readGrant,
      transports: this.#transports,
      counts: this.#counts,
      reports: this.#reports,
      player: this.#player,
      recorder: this.#recorder,
    });
  }

  #owner(): SessionOwner {
    return { logger: this.logger, describe: () => this.describe() };
  }

  #announcedIndex(url: RtspUrl, announcement: Announcement): number {
    const index = announcement.controls.findIndex((control) =>
      isControlUrl(url, announcement.url, control)
    );
    if (index < 0) throw new RtspError(400, "SETUP of an unknown track");
    return index;
  }

  /** Track that a reader sets up; the first one lets it in. */
  async #requestedTrack(
    connection: RtspConnection,
    request: RtspRequest,
  ): Promise<number> {
    const { trackId, ...target } = setupTarget(parseRtspUrl(request.url));
    if (this.#readGrant === undefined) {
      this.#target = target;
      this.#readGrant = await this.#admitted(this.#context.ports.access.read(
        accessRequest(connection, request, "read", target, this.id),
        this.#owner(),
      ));
    } else if (target.pathName !== this.#target.pathName) {
      throw new RtspError(400, "SETUP of a track of another path");
    }
    const { stream } = this.#readGrant;
    if (!stream.tracks.some((track) => track.id === trackId)) {
      throw new RtspError(400, `SETUP of track ${trackId}, which is not there`);
    }
    return trackId;
  }

  #playedTracks(grant: ReadGrant): Track[] {
    return grant.stream.tracks.filter((track) =>
      this.#transports.has(track.id)
    );
  }

  #isRtcpChannel(channel: number): boolean {
    for (const { channels } of this.#transports.values()) {
      if (channels?.[1] === channel) return true;
    }
    return false;
  }

  /** Something of the peer could not be used, `damaged` if that is a packet. */
  #addError(message: string, damaged?: DamagedMedia): void {
    if (damaged === "rtp") this.#counts.inboundRTPPacketsInError++;
    if (damaged === "rtcp") this.#counts.inboundRTCPPacketsInError++;
    this.#errors.add(message);
  }

  /** Takes a permission when it comes; a session that has ended meanwhile gives it back. */
  async #admitted<G extends Grant>(coming: Promise<G>): Promise<G> {
    const grant = await coming.catch((error) => {
      logRefusal(this.logger, error);
      throw error;
    });
    if (this.#isClosed) {
      grant[Symbol.dispose]();
      throw new RtspError(454, "the session ended while it was let in");
    }
    grant.revoked.addEventListener("abort", () => {
      const { reason } = grant.revoked;
      this.end(reason instanceof Error ? reason.message : "terminated");
    }, { once: true });
    return grant;
  }

  /** Ends the session from this side: a reader is told before its connection ends. */
  end(reason: string): void {
    this.#player?.sayGoodbye();
    this.#endWithStream(reason);
  }

  /** The media is over: the peer learns it by the end of its connection. */
  #endWithStream(reason: string): void {
    const connection = this.#connection;
    this.close(reason);
    connection.endWith(this, reason);
  }
}
