import type { CodecName } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { serialDistance } from "#base/serial_number.ts";
import type { RtpPacketizer, RtpPayloadFormat } from "./payload_format.ts";
import { RTP_HEADER_MIN_BYTES } from "./rtp_header.ts";
import { rtpMarker, rtpSequenceNumber } from "./rtp_packet.ts";
import { unitParts } from "./unit_parts.ts";

/** First byte of a packet of ours: version 2, no padding, no extension, no CSRC. */
const PLAIN_FIRST_BYTE = 0b10_0_0_0000;

/** A publisher's gap in sequence numbers up to this is passed on, so that readers see the loss. */
const MAX_PASSED_GAP_PACKETS = 1_000;

/** One packet to send: what follows the fixed header stays a view of what arrived. */
export interface OutgoingRtpPacket {
  /** Version, padding, extension and CSRC count. */
  readonly firstByte: number;
  readonly marker: boolean;
  /** Runs on past 16 bits: the lowest ones stand in the packet, what is above counts the rollovers. */
  readonly sequenceNumber: number;
  readonly timestampTicks: number;
  /** Everything after the fixed header of 12 bytes. */
  readonly body: Uint8Array;
}

/** Fields of the fixed header that all packets of a source share. */
export interface RtpSourceFields {
  readonly payloadType: number;
  readonly ssrc: number;
}

/** Bytes of the whole packet. */
export function outgoingPacketSizeBytes(packet: OutgoingRtpPacket): number {
  return RTP_HEADER_MIN_BYTES + packet.body.length;
}

/** Writes a whole packet; answers the offset behind it. Hot path. Spec: RFC 3550 §5.1. */
export function writeOutgoingPacket(
  into: Uint8Array,
  at: number,
  packet: OutgoingRtpPacket,
  source: RtpSourceFields,
): number {
  const { sequenceNumber, timestampTicks, body } = packet;
  const { payloadType, ssrc } = source;
  into[at] = packet.firstByte;
  into[at + 1] = packet.marker ? payloadType | 0b1000_0000 : payloadType;
  into[at + 2] = sequenceNumber >>> 8;
  into[at + 3] = sequenceNumber;
  into[at + 4] = timestampTicks >>> 24;
  into[at + 5] = timestampTicks >>> 16;
  into[at + 6] = timestampTicks >>> 8;
  into[at + 7] = timestampTicks;
  into[at + 8] = ssrc >>> 24;
  into[at + 9] = ssrc >>> 16;
  into[at + 10] = ssrc >>> 8;
  into[at + 11] = ssrc;
  into.set(body, at + RTP_HEADER_MIN_BYTES);
  return at + RTP_HEADER_MIN_BYTES + body.length;
}

/** Settings of a track encoder. */
export interface TrackEncoderOptions extends RtpSourceFields {
  readonly format: RtpPayloadFormat<CodecName>;
  /** Largest packet, header included. */
  readonly maxPacketBytes: number;
  /** Called once when packets of the publisher are too big and are made anew. */
  readonly onTooBig: (sizeBytes: number) => void;
  /** A unit could not be taken apart or packetised. */
  readonly onError: (error: unknown) => void;
}

/**
 * Makes the RTP packets of one track for all readers of a stream.
 *
 * Packets that came in as RTP go out with their payload, marker and spacing of sequence numbers untouched, until one
 * does not fit; what comes then, and everything else, is packetised. Units must come in order the first time; a unit that is encoded again
 * gets the numbers that it had.
 * Spec: RFC 3550 §5.1.
 */
export class RtpTrackEncoder {
  /** Settings, the payload type and source among them. */
  readonly options: TrackEncoderOptions;
  /** Packets of all units so far, for sender reports. */
  sentPackets = 0;
  /** Payload bytes of all units so far, for sender reports. */
  sentPayloadBytes = 0;
  #nextSequenceNumber = crypto.getRandomValues(new Uint16Array(1))[0]!;
  #lastSourceSequenceNumber: number | undefined;
  #firstSequenceNumbers = new WeakMap<MediaUnit, number>();
  #packetizer: RtpPacketizer | undefined;
  #packetizerTrack: Track | undefined;
  /** Sequence number from which on everything is made anew: packets of both kinds in one stream confuse readers. */
  #remadeFrom = Infinity;
  #timestampOffsetTicks = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;

  /** Starts at random numbers, as RFC 3550 §5.1 asks for. */
  constructor(options: TrackEncoderOptions) {
    this.options = options;
  }

  /** RTP timestamp of a presentation time on the stream's time line. */
  rtpTimestamp(ptsTicks: number): number {
    return (ptsTicks + this.#timestampOffsetTicks) % 2 ** 32;
  }

  /** Sequence number of the packet that comes next; runs on past 16 bits. */
  get nextSequenceNumber(): number {
    return this.#nextSequenceNumber;
  }

  /** Sequence number of the first packet of a unit that was encoded before; runs on past 16 bits. */
  firstSequenceNumber(unit: MediaUnit): number | undefined {
    return this.#firstSequenceNumbers.get(unit);
  }

  /** The packets of one unit, in order. Hot path: once per unit, for all readers. */
  encode(unit: MediaUnit, track: Track): OutgoingRtpPacket[] {
    try {
      return this.#fitsAsItCame(unit)
        ? this.#passThrough(unit)
        : this.#packetize(unit, track);
    } catch (error) {
      this.options.onError(error);
      return [];
    }
  }

  #fitsAsItCame(unit: MediaUnit): boolean {
    const { origin } = unit;
    if (
      origin.kind !== "packets" ||
      origin.formatId !== this.options.format.formatId
    ) return false;
    if (this.options.format.codec === "generic") return true;
    const first = this.#firstSequenceNumbers.get(unit) ??
      this.#nextSequenceNumber;
    if (first >= this.#remadeFrom) return false;
    for (const packet of origin.packets) {
      if (packet.length <= this.options.maxPacketBytes) continue;
      this.#remadeFrom = first;
      this.options.onTooBig(packet.length);
      return false;
    }
    return true;
  }

  #passThrough(unit: MediaUnit): OutgoingRtpPacket[] {
    const { origin } = unit;
    if (origin.kind !== "packets") return [];
    const { packets } = origin;
    const firstSource = rtpSequenceNumber(packets[0]!);
    const lastSource = rtpSequenceNumber(packets[packets.length - 1]!);
    const span = (lastSource - firstSource & 0xffff) + 1;
    let first = this.#firstSequenceNumbers.get(unit);
    if (first === undefined) {
      first = this.#assign(unit, span, this.#passedGap(firstSource));
      this.#lastSourceSequenceNumber = lastSource;
    }
    const timestampTicks = this.rtpTimestamp(unit.ptsTicks);
    const out: OutgoingRtpPacket[] = [];
    for (const packet of packets) {
      const offset = rtpSequenceNumber(packet) - firstSource;
      out.push({
        firstByte: packet[0]!,
        marker: rtpMarker(packet),
        sequenceNumber: first + (offset & 0xffff),
        timestampTicks,
        body: packet.subarray(RTP_HEADER_MIN_BYTES),
      });
    }
    return out;
  }

  #packetize(unit: MediaUnit, track: Track): OutgoingRtpPacket[] {
    const packetizer = this.#packetizerFor(track);
    const payloads = packetizer.packetize(
      unitParts(unit, track),
      unit.isRandomAccess,
    );
    let first = this.#firstSequenceNumbers.get(unit);
    if (first === undefined) {
      first = this.#assign(unit, payloads.length, 0);
      this.#lastSourceSequenceNumber = undefined;
    }
    const out: OutgoingRtpPacket[] = [];
    for (let i = 0; i < payloads.length; i++) {
      const payload = payloads[i]!;
      out.push({
        firstByte: PLAIN_FIRST_BYTE,
        marker: payload.marker,
        sequenceNumber: first + i,
        timestampTicks: this.rtpTimestamp(
          unit.ptsTicks + payload.offsetTicks,
        ),
        body: payload.bytes,
      });
    }
    return out;
  }

  /** Packets that the publisher's numbers say were lost before this one. */
  #passedGap(firstSource: number): number {
    const last = this.#lastSourceSequenceNumber;
    if (last === undefined) return 0;
    const gap = serialDistance(last, firstSource, 16) - 1;
    return gap > 0 && gap <= MAX_PASSED_GAP_PACKETS ? gap : 0;
  }

  /** Gives the unit's packets their numbers. */
  #assign(unit: MediaUnit, span: number, gap: number): number {
    const first = this.#nextSequenceNumber + gap;
    this.#firstSequenceNumbers.set(unit, first);
    this.#nextSequenceNumber = first + span;
    this.sentPackets += span;
    this.sentPayloadBytes += unit.sizeBytes;
    return first;
  }

  #packetizerFor(track: Track): RtpPacketizer {
    if (this.#packetizer === undefined || this.#packetizerTrack !== track) {
      const { format, maxPacketBytes } = this.options;
      this.#packetizer = format.openPacketizer(
        track.codec,
        maxPacketBytes - RTP_HEADER_MIN_BYTES,
      );
      this.#packetizerTrack = track;
    }
    return this.#packetizer;
  }
}
