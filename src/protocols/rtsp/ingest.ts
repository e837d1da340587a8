import { errorText } from "#base/errors.ts";
import type { Clock } from "#base/clock.ts";
import type { CodecName } from "#codecs/codec.ts";
import { DecodeOrder } from "#codecs/decode_order.ts";
import { pictureTiming } from "#codecs/picture_timing.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type {
  RtpDepacketizer,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import { ReceptionStatistics } from "#formats/rtp/reception_statistics.ts";
import {
  REORDER_WINDOW_PACKETS,
  ReorderBuffer,
} from "#formats/rtp/reorder_buffer.ts";
import {
  type KeyFrameFeedback,
  serializeKeyFrameRequest,
} from "#formats/rtp/rtcp/key_frame_request.ts";
import { unixMsFromNtp } from "#formats/rtp/rtcp/ntp_time.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import type { SenderReport } from "#formats/rtp/rtcp/rtcp_packet.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { RtpClock } from "#formats/rtp/rtp_clock.ts";
import { emptyRtpHeader, parseRtpHeader } from "#formats/rtp/rtp_header.ts";
import { rtpPayload } from "#formats/rtp/rtp_packet.ts";
import { type TrackClock, TrackSync } from "#formats/rtp/track_sync.ts";
import {
  RtpUnitAssembler,
  type RtpUnitSink,
} from "#formats/rtp/unit_assembler.ts";
import { LeadIn } from "./lead_in.ts";
import type { DamagedMedia } from "./media_counts.ts";

/** A publisher is asked for a key frame once in this time, however many readers come. */
const KEY_FRAME_INTERVAL_MS = 1_000;

/** A source identifier of ours. Spec: RFC 3550 §8.1. */
export function randomSsrc(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** Units of a track that are kept for a sender report; with more its arrival decides where it stands. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;

/** One track that a publisher announced. */
export interface AnnouncedTrack {
  readonly track: Track;
  readonly format: RtpPayloadFormat<CodecName>;
  readonly payloadType: number;
  /** How the publisher takes wishes for a key frame; undefined if it takes none. */
  readonly keyFrameFeedback: KeyFrameFeedback | undefined;
}

/** What an ingest needs of a publication. */
export type IngestPublication = Pick<
  Publication,
  "tracks" | "setTracks" | "publish" | "flush" | "onKeyFrameWanted"
>;

/** Settings of an ingest. */
export interface RtspIngestOptions {
  readonly tracks: readonly AnnouncedTrack[];
  readonly publication: IngestPublication;
  readonly clock: Clock;
  /** Packets may come out of order: UDP. */
  readonly isReordering: boolean;
  /** Units are given the publisher's wall clock; what comes before its first sender report is left out. */
  readonly useAbsoluteTimestamp: boolean;
  /** Sources of what is sent to the publisher, by position of the track; random ones if left out. */
  readonly receiverSsrcs?: readonly number[];
  /** Sends an RTCP packet about a track to the publisher, owned. */
  readonly sendRtcp: (trackIndex: number, packet: Uint8Array) => void;
  /** Something of the publisher could not be used, `damaged` if that is a packet. */
  readonly onError: (message: string, damaged?: DamagedMedia) => void;
  /** `count` packets did not arrive. */
  readonly onLoss: (count: number) => void;
}

/** RTP and RTCP of one RTSP publisher become units. */
export class RtspIngest {
  #options: RtspIngestOptions;
  #tracks: IngestTrack[];
  #keyFrameAskedAtMs = -Infinity;
  #leadIn: LeadIn;

  /** The tracks are known by their position in `options.tracks`. */
  constructor(options: RtspIngestOptions) {
    this.#options = options;
    const sync = new TrackSync();
    const sink = new LeadIn(options.publication, options.clock);
    this.#leadIn = sink;
    this.#tracks = options.tracks.map((announced, i) => {
      const receiverSsrc = options.receiverSsrcs?.[i] ?? randomSsrc();
      return new IngestTrack(
        announced,
        { ...options, sink, receiverSsrc },
        sync,
      );
    });
    options.publication.onKeyFrameWanted = () => this.#askForKeyFrame();
  }

  /** RTP packets that arrived in time to be used. */
  get receivedPackets(): number {
    return this.#tracks.reduce((sum, track) => sum + track.receivedPackets, 0);
  }

  /** RTCP packets that arrived; a compound packet is as many as it holds. */
  get rtcpPackets(): number {
    return this.#tracks.reduce((sum, track) => sum + track.rtcpPackets, 0);
  }

  /** Mean of the tracks' interarrival jitter, in ticks of their clocks. */
  get jitterTicks(): number {
    const sum = this.#tracks.reduce((sum, one) => sum + one.jitterTicks, 0);
    return sum / Math.max(1, this.#tracks.length);
  }

  /** Takes an RTP packet of a track, owned. Hot path. */
  handleRtp(trackIndex: number, packet: Uint8Array): void {
    this.#tracks[trackIndex]!.handleRtp(packet);
  }

  /** Takes an RTCP packet of a track, borrowed. */
  handleRtcp(trackIndex: number, packet: Uint8Array): void {
    this.#tracks[trackIndex]!.handleRtcp(packet);
  }

  /** Sends receiver reports of all tracks. */
  sendReports(): void {
    for (const [i, track] of this.#tracks.entries()) {
      const report = track.receiverReport();
      if (report) this.#options.sendRtcp(i, report);
    }
  }

  /** Hands over what came with one read of the socket. */
  flush(): void {
    this.#options.publication.flush();
  }

  /** Takes what is still held back: the publisher has ended. */
  end(): void {
    for (const track of this.#tracks) track.end();
    this.#leadIn[Symbol.dispose]();
    this.flush();
  }

  #askForKeyFrame(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#keyFrameAskedAtMs < KEY_FRAME_INTERVAL_MS) return;
    this.#keyFrameAskedAtMs = nowMs;
    for (const [i, track] of this.#tracks.entries()) {
      const request = track.keyFrameRequest();
      if (request) this.#options.sendRtcp(i, request);
    }
  }
}

interface WaitingUnit {
  readonly packets: Uint8Array[];
  readonly ticks: number;
}

/** What the tracks of an ingest are given. */
interface IngestTrackOptions extends RtspIngestOptions {
  /** Where units go. */
  readonly sink: Pick<Publication, "publish">;
  readonly receiverSsrc: number;
}

class IngestTrack implements RtpUnitSink {
  receivedPackets = 0;
  rtcpPackets = 0;
  #track: Track;
  #format: RtpPayloadFormat<CodecName>;
  #payloadType: number;
  #keyFrameFeedback: KeyFrameFeedback | undefined;
  #keyFrameRequests = 0;
  #options: IngestTrackOptions;
  #place: TrackClock;
  #header = emptyRtpHeader();
  #reorder: ReorderBuffer;
  #statistics: ReceptionStatistics;
  #assembler: RtpUnitAssembler;
  #depacketizer: RtpDepacketizer<CodecName>;
  #clock = new RtpClock();
  #decodeOrder: DecodeOrder | undefined;
  #ssrc = 0;
  #receiverSsrc: number;
  #waiting: WaitingUnit[] = [];
  #waitingBytes = 0;
  #lossesReported = 0;

  constructor(
    { track, format, payloadType, keyFrameFeedback }: AnnouncedTrack,
    options: IngestTrackOptions,
    sync: TrackSync,
  ) {
    this.#track = track;
    this.#format = format;
    this.#payloadType = payloadType;
    this.#keyFrameFeedback = keyFrameFeedback;
    this.#options = options;
    this.#receiverSsrc = options.receiverSsrc;
    this.#place = sync.openClock(track.clockRateHz);
    this.#reorder = new ReorderBuffer(
      options.isReordering ? REORDER_WINDOW_PACKETS : 0,
    );
    this.#statistics = new ReceptionStatistics(track.clockRateHz);
    this.#assembler = new RtpUnitAssembler(format.unitBoundary, this);
    this.#depacketizer = format.openDepacketizer(track.codec);
    this.#learnTiming();
  }

  get jitterTicks(): number {
    return this.#statistics.jitterTicks;
  }

  handleRtp(packet: Uint8Array): void {
    const header = this.#header;
    const rejection = parseRtpHeader(packet, header);
    if (rejection !== undefined) {
      this.#options.onError(`RTP packet rejected: ${rejection}`, "rtp");
      return;
    }
    if (header.payloadType !== this.#payloadType) {
      this.#options.onError(
        `RTP packet rejected: payload type ${header.payloadType}, announced was ${this.#payloadType}`,
        "rtp",
      );
      return;
    }
    this.#ssrc = header.ssrc;
    this.#statistics.push(
      header.sequenceNumber,
      header.timestampTicks,
      this.#options.clock.monotonicMs(),
    );
    this.#reorder.push(packet);
    this.#takeReordered();
  }

  handleRtcp(packet: Uint8Array): void {
    const packets = parseRtcpCompound(packet);
    if (typeof packets === "string") {
      this.#options.onError(`RTCP packet rejected: ${packets}`, "rtcp");
      return;
    }
    this.rtcpPackets += packets.length;
    for (const one of packets) {
      if (one.type === "senderReport") this.#handleSenderReport(one);
    }
  }

  /** One whole unit. Hot path. */
  handleRtpUnit(packets: Uint8Array[], timestampTicks: number): void {
    const ticks = this.#clock.unwrap(timestampTicks);
    if (!this.#place.isPlaced) {
      this.#place.place(ticks, this.#options.clock.monotonicMs());
    }
    if (!this.#place.isPlaced) {
      this.#keepWaiting(packets, ticks);
      return;
    }
    if (this.#waiting.length > 0) this.#publishWaiting();
    this.#publish(packets, ticks);
  }

  receiverReport(): Uint8Array | undefined {
    if (this.#statistics.receivedPackets === 0) return undefined;
    const nowMs = this.#options.clock.monotonicMs();
    return serializeRtcpCompound([{
      type: "receiverReport",
      ssrc: this.#receiverSsrc,
      reportBlocks: [this.#statistics.takeReportBlock(this.#ssrc, nowMs)],
    }]);
  }

  /** A wish for a key frame; undefined if the publisher takes none, or has not sent anything yet. */
  keyFrameRequest(): Uint8Array | undefined {
    const kind = this.#keyFrameFeedback;
    if (!kind || this.#statistics.receivedPackets === 0) return undefined;
    return serializeKeyFrameRequest({
      kind,
      senderSsrc: this.#receiverSsrc,
      mediaSsrc: this.#ssrc,
      sequenceNumber: this.#keyFrameRequests++ & 0xff,
    });
  }

  end(): void {
    this.#reorder.flush();
    this.#takeReordered();
    this.#assembler.flush();
    this.#place.placeByArrival();
    this.#publishWaiting();
  }

  #takeReordered(): void {
    for (
      let packet = this.#reorder.take();
      packet !== undefined;
      packet = this.#reorder.take()
    ) {
      this.receivedPackets++;
      this.#assembler.push(packet);
    }
    const lost = this.#reorder.lostPackets - this.#lossesReported;
    if (lost === 0) return;
    this.#lossesReported += lost;
    this.#options.onLoss(lost);
  }

  /** Keeps a unit until the track's place is known, or there is no more room for that. */
  #keepWaiting(packets: Uint8Array[], ticks: number): void {
    this.#waiting.push({ packets, ticks });
    for (const packet of packets) this.#waitingBytes += packet.length;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    this.#place.placeByArrival();
    this.#publishWaiting();
  }

  #publishWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { packets, ticks } of waiting) this.#publish(packets, ticks);
  }

  #publish(packets: Uint8Array[], ticks: number): void {
    const { sink, useAbsoluteTimestamp } = this.#options;
    const wallClockMs = this.#place.wallClockMs(ticks);
    if (useAbsoluteTimestamp && wallClockMs === undefined) {
      this.#options.onError(
        "received RTP packet without absolute time, skipping it",
      );
      return;
    }
    const ptsTicks = ticks + this.#place.offsetAt(ticks);
    const payloads: Uint8Array[] = [];
    let sizeBytes = 0;
    for (const packet of packets) {
      payloads.push(rtpPayload(packet));
      sizeBytes += packet.length;
    }
    const { isRandomAccess, parameters } = this.#depacketizer.inspect(payloads);
    if (parameters !== undefined) this.#changeParameters(parameters);
    sink.publish(this.#track, {
      wallClockMs: useAbsoluteTimestamp ? wallClockMs : undefined,
      ptsTicks,
      dtsTicks: this.#decodeOrder?.next(ptsTicks) ?? ptsTicks,
      isRandomAccess,
      sizeBytes,
      origin: { kind: "packets", formatId: this.#format.formatId, packets },
    });
  }

  #changeParameters(codec: Track["codec"]): void {
    this.#track = { ...this.#track, codec };
    this.#learnTiming();
    const { publication } = this.#options;
    publication.setTracks(
      publication.tracks.map((track) =>
        track.id === this.#track.id ? this.#track : track
      ),
    );
  }

  /** RTP carries no decoding times: they follow from how deep the codec reorders. */
  #learnTiming(): void {
    try {
      const timing = pictureTiming(this.#track.codec);
      if (timing === undefined) return;
      this.#decodeOrder ??= new DecodeOrder();
      this.#decodeOrder.reorderDepth = timing.reorderDepth;
      this.#decodeOrder.frameDurationTicks = timing.frameDurationTicks;
    } catch (error) {
      this.#options.onError(errorText(error));
    }
  }

  #handleSenderReport(report: SenderReport): void {
    this.#statistics.handleSenderReport(
      report,
      this.#options.clock.monotonicMs(),
    );
    this.#place.handleReport(
      this.#clock.unwrap(report.rtpTimestampTicks),
      unixMsFromNtp(report.ntp),
    );
    if (this.#place.isPlaced) this.#publishWaiting();
  }
}
