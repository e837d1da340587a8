import type { RtpUnitBoundary } from "./payload_format.ts";
import { rtpMarker, rtpPayload, rtpTimestampTicks } from "./rtp_packet.ts";

/** Packets of one unit beyond this are not collected: the unit is handed over in pieces. */
const MAX_UNIT_PACKETS = 16_384;

/** Bytes of one unit beyond this are not collected: the unit is handed over in pieces. */
const MAX_UNIT_BYTES = 8 * 1_024 * 1_024;

/** Takes the units that an assembler finds. */
export interface RtpUnitSink {
  /** One whole unit: its packets in order, owned, and their common RTP timestamp. Hot path. */
  handleRtpUnit(packets: Uint8Array[], timestampTicks: number): void;
}

/**
 * Finds where units end in the packets of one track.
 *
 * Limits: a unit of over 16,384 packets or 8 MiB is handed over in pieces.
 * Spec: RFC 3550 §5.1 (marker), RFC 6184 §5.1 (access unit ends).
 */
export class RtpUnitAssembler {
  #boundary: RtpUnitBoundary;
  #sink: RtpUnitSink;
  #packets: Uint8Array[] = [];
  #sizeBytes = 0;
  #timestampTicks = 0;

  /** `boundary`: rule of the payload format. */
  constructor(boundary: RtpUnitBoundary, sink: RtpUnitSink) {
    this.#boundary = boundary;
    this.#sink = sink;
  }

  /** Adds the next packet in sequence, owned and already validated. Hot path. */
  push(packet: Uint8Array): void {
    const timestampTicks = rtpTimestampTicks(packet);
    if (this.#packets.length > 0) {
      const isFull = this.#packets.length >= MAX_UNIT_PACKETS ||
        this.#sizeBytes + packet.length > MAX_UNIT_BYTES;
      if (timestampTicks !== this.#timestampTicks || isFull) this.flush();
    }
    this.#timestampTicks = timestampTicks;
    this.#packets.push(packet);
    this.#sizeBytes += packet.length;
    if (this.#isLast(packet)) this.flush();
  }

  #isLast(packet: Uint8Array): boolean {
    const boundary = this.#boundary;
    if (boundary === "packet") return true;
    if (boundary === "marker") return rtpMarker(packet);
    return boundary(rtpPayload(packet));
  }

  /** Hands over what was collected: the packets end here. */
  flush(): void {
    if (this.#packets.length === 0) return;
    const packets = this.#packets;
    this.#packets = [];
    this.#sizeBytes = 0;
    this.#sink.handleRtpUnit(packets, this.#timestampTicks);
  }
}
