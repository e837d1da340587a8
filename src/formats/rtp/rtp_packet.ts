// Fields of packets that `parseRtpHeader` has accepted before: no checks here.

import { readU16, readU32 } from "#base/big_endian.ts";
import { RTP_HEADER_MIN_BYTES } from "./rtp_header.ts";

/** Marker bit of an accepted packet. */
export function rtpMarker(packet: Uint8Array): boolean {
  return packet[1]! >> 7 === 1;
}

/** Payload type of an accepted packet, 0 to 127. */
export function rtpPayloadType(packet: Uint8Array): number {
  return packet[1]! & 0x7f;
}

/** Sequence number of an accepted packet, 0 to 65,535. */
export function rtpSequenceNumber(packet: Uint8Array): number {
  return readU16(packet, 2);
}

/** Timestamp of an accepted packet, 32 bits. */
export function rtpTimestampTicks(packet: Uint8Array): number {
  return readU32(packet, 4);
}

/** Synchronization source of an accepted packet, 32 bits. */
export function rtpSsrc(packet: Uint8Array): number {
  return readU32(packet, 8);
}

/**
 * Payload of an accepted packet, without extension and padding.
 *
 * Hot path. Output: a view of the packet.
 */
export function rtpPayload(packet: Uint8Array): Uint8Array {
  const first = packet[0]!;
  let startBytes = RTP_HEADER_MIN_BYTES + (first & 0b1111) * 4;
  if ((first & 0b1_0000) !== 0) {
    startBytes += 4 + readU16(packet, startBytes + 2) * 4;
  }
  let endBytes = packet.length;
  if ((first & 0b10_0000) !== 0) endBytes -= packet[endBytes - 1]!;
  return packet.subarray(startBytes, endBytes);
}
