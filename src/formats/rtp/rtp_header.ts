import { readU16, readU32, writeU16, writeU32 } from "#base/big_endian.ts";

/** Bytes of a header without contributing sources and extension. */
export const RTP_HEADER_MIN_BYTES = 12;

const RTP_VERSION = 2;

/** Why a datagram is not an RTP packet; the key of a drop counter. */
export type RtpRejection =
  | "rtp_too_short"
  | "rtp_bad_version"
  | "rtp_bad_csrc"
  | "rtp_bad_extension"
  | "rtp_bad_padding";

/** Fields that a sender chooses. */
export interface RtpHeaderFields {
  marker: boolean;
  /** 0 to 127. */
  payloadType: number;
  /** 0 to 65,535. */
  sequenceNumber: number;
  /** 0 to 2^32 - 1, in ticks of the format's clock. */
  timestampTicks: number;
  /** Synchronization source, 32 bits. */
  ssrc: number;
}

/** Caller-owned and reused: fields are valid until the next parse. */
export interface RtpHeader extends RtpHeaderFields {
  /** Where the payload starts, behind contributing sources and header extension. */
  payloadOffsetBytes: number;
  /** Where the payload ends, padding removed. */
  payloadEndBytes: number;
}

/** A header for {@linkcode parseRtpHeader} to fill, again and again. */
export function emptyRtpHeader(): RtpHeader {
  return {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestampTicks: 0,
    ssrc: 0,
    payloadOffsetBytes: 0,
    payloadEndBytes: 0,
  };
}

/**
 * Reads an RTP header into `header`; answers a rejection instead of throwing.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |           synchronization source (SSRC) identifier            |
 * |      contributing source (CSRC) identifiers, CC of them       |
 * | X: defined by profile         | X: length in words            |
 * ```
 *
 * Hot path: no allocation, no exception, one bounds check per part.
 * Input: one packet, borrowed for the call.
 * Output: undefined if `header` was filled; after a rejection its fields mean nothing.
 * Spec: RFC 3550 §5.1, §5.3.1.
 */
export function parseRtpHeader(
  datagram: Uint8Array,
  header: RtpHeader,
): RtpRejection | undefined {
  const lengthBytes = datagram.length;
  if (lengthBytes < RTP_HEADER_MIN_BYTES) return "rtp_too_short";
  const first = datagram[0]!;
  if (first >> 6 !== RTP_VERSION) return "rtp_bad_version";
  let payloadOffsetBytes = RTP_HEADER_MIN_BYTES + (first & 0b1111) * 4;
  if (lengthBytes < payloadOffsetBytes) return "rtp_bad_csrc";
  if ((first & 0b1_0000) !== 0) {
    if (lengthBytes < payloadOffsetBytes + 4) return "rtp_bad_extension";
    payloadOffsetBytes += 4 + readU16(datagram, payloadOffsetBytes + 2) * 4;
    if (lengthBytes < payloadOffsetBytes) return "rtp_bad_extension";
  }
  let payloadEndBytes = lengthBytes;
  if ((first & 0b10_0000) !== 0) {
    const paddingBytes = datagram[lengthBytes - 1]!;
    payloadEndBytes -= paddingBytes;
    if (paddingBytes === 0 || payloadEndBytes < payloadOffsetBytes) {
      return "rtp_bad_padding";
    }
  }
  const second = datagram[1]!;
  header.marker = second >> 7 === 1;
  header.payloadType = second & 0x7f;
  header.sequenceNumber = readU16(datagram, 2);
  header.timestampTicks = readU32(datagram, 4);
  header.ssrc = readU32(datagram, 8);
  header.payloadOffsetBytes = payloadOffsetBytes;
  header.payloadEndBytes = payloadEndBytes;
  return undefined;
}

/**
 * Writes a header of {@linkcode RTP_HEADER_MIN_BYTES} bytes, without padding, sources and extension.
 *
 * Hot path. Sequence number and timestamp may run on past 16 and 32 bits: the lowest ones are written.
 * Spec: RFC 3550 §5.1.
 */
export function serializeRtpHeader(
  into: Uint8Array,
  offsetBytes: number,
  fields: Readonly<RtpHeaderFields>,
): void {
  into[offsetBytes] = RTP_VERSION << 6;
  into[offsetBytes + 1] = (fields.marker ? 0x80 : 0) |
    fields.payloadType & 0x7f;
  writeU16(into, offsetBytes + 2, fields.sequenceNumber);
  writeU32(into, offsetBytes + 4, fields.timestampTicks);
  writeU32(into, offsetBytes + 8, fields.ssrc);
}
