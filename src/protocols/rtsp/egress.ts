import type { Clock } from "#base/clock.ts";
import type { Batch } from "#core/batch.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { ntpFromUnixMs } from "#formats/rtp/rtcp/ntp_time.ts";
import type { WritableRtcpPacket } from "#formats/rtp/rtcp/rtcp_packet.ts";
import {
  serializeRtcpCompound,
  sourceDescription,
} from "#formats/rtp/rtcp/serialize_compound.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import type { UdpPeer, UdpSocket } from "#platform/udp/udp_socket.ts";
import type { MediaCounts } from "./media_counts.ts";
import {
  INTERLEAVED_HEADER_BYTES,
  serializeInterleavedFrames,
} from "./wire/interleaved_frame.ts";
import type {
  BatchPlace,
  ChannelLayout,
  RtspStreamEncoder,
} from "./stream_encoder.ts";

const REPORT_INTERVAL_MS = 10_000;

const CNAME = "weir";

/** Of what a joiner gets at once over UDP, this much leaves in one go: it fits a default receive buffer. */
const BURST_BYTES = 48 * 1_024;

/** Pause between two parts of a joiner's burst: 48 KiB in 5 ms are 79 Mbit/s. */
const BURST_PAUSE_MS = 5;

/** The goodbye follows the last datagram this late: ffmpeg reads RTCP before the RTP that came with it, and stops there. */
const GOODBYE_DELAY_MS = 250;

/** What both ways out have in common: sender reports and counters. */
abstract class RtspEgress implements BatchSink {
  /** What it reads, set by the session: told when a pause in the joiner's burst is over. */
  subscription: Subscription | undefined;
  protected readonly encoder: RtspStreamEncoder;
  protected readonly tracks: readonly Track[];
  #onEnd: (reason: string) => void;
  #anchor: { streamMs: number; wallClockMs: number } | undefined;
  #nextReportAtMs = Infinity;
  #clock: Clock;
  #sentBytes = 0;
  #sentPackets = 0;
  #sentReports = 0;
  #discardedPackets = 0;
  /** Packets of the stream up to the end of what was sent; undefined before that. */
  #packetsAfter: number | undefined;

  constructor(options: RtspEgressOptions) {
    this.encoder = options.encoder;
    this.tracks = options.tracks;
    this.#onEnd = options.onEnd;
    this.#clock = options.clock;
  }

  /** What was handed to the system so far, and what was left out because the reader is too slow. */
  counts(): Partial<MediaCounts> {
    const next = this.encoder.packetsBefore(this.subscription?.next);
    const skipped = next - (this.#packetsAfter ?? next);
    return {
      outboundBytes: this.#sentBytes,
      outboundRTPPackets: this.#sentPackets,
      outboundRTPPacketsDiscarded: this.#discardedPackets + skipped,
      outboundRTCPPackets: this.#sentReports,
    };
  }

  /** Sends sender reports when they are due. */
  tick(nowMs: number): void {
    if (this.#anchor === undefined || nowMs < this.#nextReportAtMs) return;
    this.#nextReportAtMs = nowMs + REPORT_INTERVAL_MS;
    const { streamMs, wallClockMs } = this.#anchor;
    const elapsedMs = Math.max(0, this.#clock.wallMs() - wallClockMs);
    this.#report(streamMs + elapsedMs, wallClockMs + elapsedMs);
  }

  /** Sends sender reports now, if anything was sent: somebody has come who knows none. */
  reportNow(): void {
    this.#nextReportAtMs = 0;
    this.tick(this.#clock.monotonicMs());
  }

  /** Everything was handed over: says goodbye and tells the session. */
  end(reason: string): void {
    this.sayGoodbye();
    this.#onEnd(reason);
  }

  /** Tells the reader that its sources leave. Spec: RFC 3550 §6.6. */
  sayGoodbye(): void {
    for (const track of this.tracks) {
      const { ssrc } = this.encoder.track(track).options;
      this.#sendReport(track, [
        { type: "receiverReport", ssrc, reportBlocks: [] },
        sourceDescription(ssrc, CNAME),
        { type: "bye", ssrcs: [ssrc] },
      ]);
    }
  }

  /** Sends nothing more. */
  stop(): void {}

  abstract deliver(batch: Batch): boolean;

  /** Sends an RTCP packet; false if the track was not set up. */
  protected abstract sendReport(trackId: number, packet: Uint8Array): boolean;

  /** Counts what is sent of a batch, and what was left out before it. Hot path. */
  protected enter({ packetsBefore, packetsAfter }: BatchPlace): void {
    this.#discardedPackets += packetsBefore -
      (this.#packetsAfter ?? packetsBefore);
    this.#packetsAfter = packetsAfter;
  }

  /** Counts packets and their bytes. Hot path. */
  protected count(packets: number, sizeBytes: number): void {
    this.#sentPackets += packets;
    this.#sentBytes += sizeBytes;
  }

  /** The place of the first unit has been told. */
  protected get isAnchored(): boolean {
    return this.#anchor !== undefined;
  }

  /**
   * Tells where the first unit stands on the wall clock, before it is sent, so that players place all tracks
   * right from the first packet on.
   */
  protected anchorAt(batch: Batch): void {
    if (this.#anchor !== undefined) return;
    const unit = batch.units.find((one) =>
      this.tracks.some((track) => track.id === one.trackId)
    );
    if (unit === undefined) return;
    const streamMs = streamMsOf(unit, batch.tracks);
    this.#anchor = { streamMs, wallClockMs: unit.wallClockMs };
    this.#nextReportAtMs = this.#clock.monotonicMs() + REPORT_INTERVAL_MS;
    this.#report(streamMs, unit.wallClockMs);
  }

  #report(streamMs: number, wallClockMs: number): void {
    const ntp = ntpFromUnixMs(wallClockMs);
    for (const track of this.tracks) {
      const encoder = this.encoder.track(track);
      const ticks = Math.round(streamMs * track.clockRateHz / 1_000);
      const { ssrc } = encoder.options;
      this.#sendReport(track, [
        {
          type: "senderReport",
          ssrc,
          ntp,
          rtpTimestampTicks: encoder.rtpTimestamp(ticks),
          packetCount: encoder.sentPackets % 2 ** 32,
          octetCount: encoder.sentPayloadBytes % 2 ** 32,
          reportBlocks: [],
        },
        sourceDescription(ssrc, CNAME),
      ]);
    }
  }

  #sendReport(track: Track, packets: readonly WritableRtcpPacket[]): void {
    const clear = serializeRtcpCompound(packets);
    const packet = this.encoder.protectReport(track, clear);
    if (!this.sendReport(track.id, packet)) return;
    this.#sentReports += packets.length;
    this.#sentBytes += packet.length;
  }
}

function streamMsOf(unit: MediaUnit, tracks: readonly Track[]): number {
  const track = tracks.find((one) => one.id === unit.trackId);
  return track ? unit.ptsTicks * 1_000 / track.clockRateHz : 0;
}

/** What every way out is given. */
export interface RtspEgressOptions {
  readonly encoder: RtspStreamEncoder;
  /** The tracks that the reader has set up. */
  readonly tracks: readonly Track[];
  readonly clock: Clock;
  /** The stream has ended and everything was handed over. */
  readonly onEnd: (reason: string) => void;
}

/** Media interleaved with the requests of a TCP connection. Spec: RFC 2326 §10.12. */
export class TcpEgress extends RtspEgress {
  #connection: TcpConnection;
  #layout: ChannelLayout;
  /** Reports that leave together with the first batch. */
  #opening: Uint8Array[] | undefined;

  /** `layout`: the channels of the tracks. */
  constructor(
    options: RtspEgressOptions,
    connection: TcpConnection,
    layout: ChannelLayout,
  ) {
    super(options);
    this.#connection = connection;
    this.#layout = layout;
  }

  /** One write for everything of a batch. Hot path. */
  override deliver(batch: Batch): boolean {
    if (!this.isAnchored) return this.#deliverFirst(batch);
    const bytes = this.#take(batch);
    if (bytes.length === 0) return this.#connection.isIdle;
    return this.#connection.send(bytes);
  }

  protected override sendReport(trackId: number, packet: Uint8Array): boolean {
    const channel = this.#layout.channels.get(trackId);
    if (channel === undefined) return false;
    const frame = serializeInterleavedFrames([packet], channel + 1);
    if (this.#opening) this.#opening.push(frame);
    else this.#connection.send(frame);
    return true;
  }

  /** The bytes of a batch, counted without the headers of their frames. */
  #take(batch: Batch): Uint8Array {
    const ready = this.encoder.interleaved(batch, this.#layout);
    const { bytes, packetCount } = ready;
    this.enter(ready);
    const headerBytes = packetCount * INTERLEAVED_HEADER_BYTES;
    this.count(packetCount, bytes.length - headerBytes);
    return bytes;
  }

  /** In one piece: behind reports in flight there would not be room for a large batch. */
  #deliverFirst(batch: Batch): boolean {
    const opening: Uint8Array[] = [];
    this.#opening = opening;
    this.anchorAt(batch);
    this.#opening = undefined;
    return this.#connection.sendAll([...opening, this.#take(batch)]);
  }
}

/** Where a track's datagrams go. */
export interface UdpTarget {
  readonly rtp: UdpPeer;
  readonly rtcp: UdpPeer;
}

/** Media in datagrams. Spec: RFC 3550 §11. */
export class UdpEgress extends RtspEgress {
  #rtpSocket: UdpSocket;
  #rtcpSocket: UdpSocket;
  #targets: ReadonlyMap<number, UdpTarget>;
  #burstClock: Clock;
  #burstBytes = 0;
  #cancelPause: (() => void) | undefined;

  /** `targets`: by track id. */
  constructor(
    options: RtspEgressOptions,
    sockets: { readonly rtp: UdpSocket; readonly rtcp: UdpSocket },
    targets: ReadonlyMap<number, UdpTarget>,
  ) {
    super(options);
    this.#rtpSocket = sockets.rtp;
    this.#rtcpSocket = sockets.rtcp;
    this.#targets = targets;
    this.#burstClock = options.clock;
  }

  /** One call to the system for each run of equal datagrams. Hot path. */
  override deliver(batch: Batch): boolean {
    this.anchorAt(batch);
    const ready = this.encoder.segments(batch);
    this.enter(ready);
    for (const run of ready.runs) {
      const target = this.#targets.get(run.trackId);
      if (target === undefined) continue;
      this.count(run.packetCount, run.bytes.length);
      this.#rtpSocket.sendSegments(run.bytes, run.segmentBytes, target.rtp);
    }
    return this.subscription?.next === undefined || this.#isBurstOpen(batch);
  }

  /** Everything was handed over: says goodbye once it has been read. */
  override end(reason: string): void {
    this.#cancelPause = this.#burstClock.after(
      GOODBYE_DELAY_MS,
      () => super.end(reason),
    );
  }

  /** Stops a pause in the joiner's burst, and one before the goodbye. */
  override stop(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  protected override sendReport(trackId: number, packet: Uint8Array): boolean {
    const target = this.#targets.get(trackId);
    if (target === undefined) return false;
    this.#rtcpSocket.sendSegments(packet, packet.length, target.rtcp);
    return true;
  }

  /** While a reader is fed faster than the stream goes, it is fed in parts that its receive buffer holds. */
  #isBurstOpen(batch: Batch): boolean {
    this.#burstBytes += batch.sizeBytes;
    if (this.#burstBytes < BURST_BYTES) return true;
    this.#burstBytes = 0;
    this.#cancelPause = this.#burstClock.after(
      BURST_PAUSE_MS,
      () => this.subscription?.resume(),
    );
    return false;
  }
}
