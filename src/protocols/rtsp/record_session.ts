import type { PublishGrant } from "#core/ports.ts";
import type { RtspConnection } from "./connection.ts";
import { type AnnouncedTrack, RtspIngest } from "./ingest.ts";
import type { PublisherProtection } from "./track_protection.ts";
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
  /** By position of the track; those that travel in the clear are missing. */
  readonly protections: ReadonlyMap<number, PublisherProtection>;
  readonly onError: (message: string) => void;
  readonly onLoss: (count: number) => void;
}

/** The media that flows from one publisher, from RECORD to PAUSE or TEARDOWN. */
export class RecordSession {
  /** The media shares the connection of the requests. */
  readonly isInterleaved: boolean;
  /** Media bytes received. */
  inboundBytes = 0;
  #options: RecordSessionOptions;
  #ingest: RtspIngest;
  /** What a channel carries: twice the track's position, plus one for RTCP. */
  #channels = new Map<number, number>();
  #nextReportAtMs: number;

  /** Attaches the publisher. @throws {PathError} if the path does not take it. */
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
      publication: grant.attach(tracks.map(({ track }) => track)),
      clock,
      isReordering: !this.isInterleaved,
      useAbsoluteTimestamp: grant.useAbsoluteTimestamp,
      sendRtcp: (trackIndex, packet) => this.#sendRtcp(trackIndex, packet),
      onError: options.onError,
      onLoss: options.onLoss,
    });
  }

  /** RTP packets that did not arrive. */
  get lostPackets(): number {
    return this.#ingest.lostPackets;
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
    this.inboundBytes += packet.length;
    const protection = this.#options.protections.get(trackIndex);
    if (protection === undefined) {
      this.#ingest.handleRtp(trackIndex, packet);
      return;
    }
    const clear = protection.receiver.unprotectRtp(packet);
    if (typeof clear === "string") {
      this.#options.onError(`SRTP packet rejected: ${clear}`);
    } else this.#ingest.handleRtp(trackIndex, clear);
  }

  /** Takes an RTCP packet, borrowed. */
  handleRtcp(trackIndex: number, packet: Uint8Array): void {
    const protection = this.#options.protections.get(trackIndex);
    if (protection === undefined) {
      this.#ingest.handleRtcp(trackIndex, packet);
      return;
    }
    const clear = protection.receiver.unprotectRtcp(packet);
    if (typeof clear === "string") {
      this.#options.onError(`SRTCP packet rejected: ${clear}`);
    } else this.#ingest.handleRtcp(trackIndex, clear);
  }

  /** Hands over what came with one read. */
  flush(): void {
    this.#ingest.flush();
  }

  /** Sends receiver reports that are due. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextReportAtMs) return;
    this.#nextReportAtMs = nowMs + REPORT_INTERVAL_MS;
    this.#ingest.sendReports();
  }

  /** Ends the publication: what came still reaches the readers. */
  stop(): void {
    this.#ingest.end();
    this.#options.grant.detach();
  }

  #sendRtcp(trackIndex: number, clear: Uint8Array): void {
    const { connection, transports, protections } = this.#options;
    const packet = protections.get(trackIndex)?.sender.protectRtcp(clear) ??
      clear;
    const { channels, target } = transports.get(trackIndex)!;
    if (channels) {
      connection.stream.send(serializeInterleavedFrames([packet], channels[1]));
    } else if (target) {
      const { udp } = connection.context;
      udp?.rtcp.sendSegments(packet, packet.length, target.rtcp);
    }
  }
}
