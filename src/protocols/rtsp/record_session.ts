import type { PublishGrant } from "#core/ports.ts";
import type { RtspConnection } from "./connection.ts";
import {
  type AnnouncedTrack,
  type IngestPublication,
  RtspIngest,
} from "./ingest.ts";
import type { DamagedMedia, MediaCounts } from "./media_counts.ts";
import { MpegTsInput } from "./mpegts_input.ts";
import type { SourceProtection } from "./track_protection.ts";
import type { TrackTransport } from "./track_transport.ts";
import { serializeInterleavedFrames } from "./wire/interleaved_frame.ts";

const REPORT_INTERVAL_MS = 10_000;

/** What a record session is made of. */
export interface RecordSessionOptions {
  readonly connection: RtspConnection;
  readonly grant: PublishGrant;
  readonly tracks: readonly AnnouncedTrack[];
  /** By position of the track. */
  readonly transports: ReadonlyMap<number, TrackTransport>;
  readonly protection: SourceProtection;
  readonly onError: (message: string, damaged?: DamagedMedia) => void;
  readonly onLoss: (count: number) => void;
  /** A track within a transport stream is left out; `number` is its place there, from 1. */
  readonly onSkipped: (number: number) => void;
  /** Nothing can be made of the publisher's transport stream. */
  readonly onFailed: (message: string) => void;
}

/** The media that flows from one publisher, from RECORD to PAUSE or TEARDOWN. */
export class RecordSession {
  /** The media shares the connection of the requests. */
  readonly isInterleaved: boolean;
  #options: RecordSessionOptions;
  #ingest: RtspIngest;
  /** A transport stream that is taken apart. */
  #mpegts: MpegTsInput | undefined;
  /** What a channel carries: twice the track's position, plus one for RTCP. */
  #channels = new Map<number, number>();
  #nextReportAtMs: number;
  #outboundBytes = 0;
  #outboundReports = 0;

  /** Attaches the publisher, or lets its transport stream do so. @throws {PathError} if the path does not take it. */
  constructor(options: RecordSessionOptions) {
    const { connection, grant, tracks, transports } = options;
    const { clock } = connection.context.ports;
    this.#options = options;
    for (const [index, { channels }] of transports) {
      if (channels === undefined) continue;
      this.#channels.set(channels[0], index * 2);
      this.#channels.set(channels[1], index * 2 + 1);
    }
    this.isInterleaved = this.#channels.size > 0;
    this.#nextReportAtMs = clock.monotonicMs() + REPORT_INTERVAL_MS;
    this.#ingest = new RtspIngest({
      tracks,
      publication: this.#openPublication(),
      clock,
      isReordering: !this.isInterleaved,
      useAbsoluteTimestamp: grant.useAbsoluteTimestamp && !this.isDemuxing,
      sendRtcp: (trackIndex, packet) => this.#sendRtcp(trackIndex, packet),
      onError: options.onError,
      onLoss: options.onLoss,
    });
  }

  /** The tracks are those within a transport stream. */
  get isDemuxing(): boolean {
    return this.#mpegts !== undefined;
  }

  /** Mean of the tracks' interarrival jitter, in ticks of their clocks. Spec: RFC 3550 §6.4.1. */
  get jitterTicks(): number {
    return this.#ingest.jitterTicks;
  }

  /** Packets taken and reports sent; the session counts bytes, losses and errors itself. */
  counts(): Partial<MediaCounts> {
    return {
      inboundRTPPackets: this.#ingest.receivedPackets,
      inboundRTCPPackets: this.#ingest.rtcpPackets,
      outboundBytes: this.#outboundBytes,
      outboundRTCPPackets: this.#outboundReports,
    };
  }

  /** Takes an interleaved packet, owned. Hot path. */
  handleInterleaved(channel: number, packet: Uint8Array): void {
    const meaning = this.#channels.get(channel);
    if (meaning === undefined) {
      this.#options.onError(`channel ${channel} was not set up`);
    } else if (meaning % 2 === 0) {
      this.handleRtp(meaning / 2, packet);
    } else {
      this.handleRtcp((meaning - 1) / 2, packet);
    }
  }

  /** Takes an RTP packet, owned. Hot path. */
  handleRtp(trackIndex: number, packet: Uint8Array): void {
    const { protection } = this.#options;
    const clear = protection.unprotectRtp(trackIndex, packet);
    if (clear) this.#ingest.handleRtp(trackIndex, clear);
  }

  /** Takes an RTCP packet, borrowed. */
  handleRtcp(trackIndex: number, packet: Uint8Array): void {
    const { protection } = this.#options;
    const clear = protection.unprotectRtcp(trackIndex, packet);
    if (clear) this.#ingest.handleRtcp(trackIndex, clear);
  }

  /** Hands over what came with one read. */
  flush(): void {
    this.#ingest.flush();
  }

  /** Sends receiver reports that are due. */
  tick(nowMs: number): void {
    this.#mpegts?.tick(nowMs);
    if (nowMs < this.#nextReportAtMs) return;
    this.#nextReportAtMs = nowMs + REPORT_INTERVAL_MS;
    this.#ingest.sendReports();
  }

  /** Ends the publication: what came still reaches the readers. */
  stop(): void {
    this.#ingest.end();
    this.#mpegts?.end();
    this.#options.grant.detach();
  }

  #openPublication(): IngestPublication {
    const { connection, grant, tracks, ...options } = this.#options;
    const own = tracks.map(({ track }) => track);
    const [first] = own;
    if (
      !grant.demuxMpegts || own.length > 1 || first?.codec.codec !== "mpegTs"
    ) return grant.attach(own);
    this.#mpegts = new MpegTsInput({
      track: first,
      clock: connection.context.ports.clock,
      attach: (found) => grant.attach(found),
      onFailed: options.onFailed,
      onSkipped: options.onSkipped,
      onError: (message) => options.onError(message, "rtp"),
    });
    return this.#mpegts;
  }

  #sendRtcp(trackIndex: number, clear: Uint8Array): void {
    const { connection, transports, protection } = this.#options;
    const packet = protection.protectRtcp(trackIndex, clear);
    this.#outboundBytes += packet.length;
    this.#outboundReports++;
    const { channels, target } = transports.get(trackIndex)!;
    if (channels) {
      connection.stream.send(serializeInterleavedFrames([packet], channels[1]));
    } else if (target) {
      const { udp } = connection.context;
      udp?.rtcp.sendSegments(packet, packet.length, target.rtcp);
    }
  }
}
