import { readU16 } from "#base/big_endian.ts";
import { RTP_HEADER_MIN_BYTES } from "#formats/rtp/rtp_header.ts";

/** Bytes of an SRTCP packet that are never encrypted. Spec: RFC 3711 §3.4. */
export const SRTCP_HEADER_BYTES = 8;

/** Bytes of the flag and index behind an SRTCP packet. Spec: RFC 3711 §3.4. */
export const SRTCP_INDEX_BYTES = 4;

/** SRTCP indexes have 31 bits. */
export const MAX_SRTCP_INDEX = 0x7fff_ffff;

/** Sequence numbers of a rollover. */
export const SEQUENCE_SPAN = 2 ** 16;

/**
 * Where the encrypted part of an RTP packet begins, behind sources and header extension; -1 if that is past `endBytes`.
 *
 * Hot path. Input: at least {@linkcode RTP_HEADER_MIN_BYTES}.
 * Spec: RFC 3711 §3.1.
 */
export function srtpPayloadOffset(
  packet: Uint8Array,
  endBytes: number,
): number {
  const first = packet[0]!;
  let offsetBytes = RTP_HEADER_MIN_BYTES + (first & 0b1111) * 4;
  if ((first & 0b1_0000) !== 0) {
    if (offsetBytes + 4 > endBytes) return -1;
    offsetBytes += 4 + readU16(packet, offsetBytes + 2) * 4;
  }
  return offsetBytes <= endBytes ? offsetBytes : -1;
}
