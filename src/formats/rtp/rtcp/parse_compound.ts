import { readU16, readU32 } from "#base/big_endian.ts";
import {
  type Bye,
  CNAME_ITEM,
  type ReceiverReport,
  REPORT_BLOCK_BYTES,
  type ReportBlock,
  RTCP_HEADER_BYTES,
  RTCP_TYPES,
  RTCP_VERSION,
  type RtcpPacket,
  SENDER_INFO_BYTES,
  type SenderReport,
  type SourceDescription,
} from "./rtcp_packet.ts";

/** Packets in one compound packet, unknown ones counted; with more it is rejected. */
export const MAX_RTCP_PACKETS_PER_COMPOUND = 32;

/** Why a datagram is not a compound packet; the key of a drop counter. */
export type RtcpRejection =
  | "rtcp_too_short"
  | "rtcp_bad_version"
  | "rtcp_bad_length"
  | "rtcp_bad_padding"
  | "rtcp_too_many_packets"
  | "rtcp_bad_report"
  | "rtcp_bad_source_description"
  | "rtcp_bad_bye";

/**
 * Reads a compound RTCP packet; answers a rejection instead of throwing.
 *
 * Input: one datagram or interleaved frame, borrowed for the call.
 * Output: its packets in order, without those of unknown types.
 * Limits: {@linkcode MAX_RTCP_PACKETS_PER_COMPOUND}.
 * Spec: RFC 3550 §6.1, §6.4 to §6.7.
 * Deviates: any packet may be the first (RFC 5506), any may be padded.
 */
export function parseRtcpCompound(
  datagram: Uint8Array,
): RtcpPacket[] | RtcpRejection {
  if (datagram.length < RTCP_HEADER_BYTES) return "rtcp_too_short";
  const packets: RtcpPacket[] = [];
  let packetCount = 0;
  for (let start = 0; start < datagram.length;) {
    if (++packetCount > MAX_RTCP_PACKETS_PER_COMPOUND) {
      return "rtcp_too_many_packets";
    }
    if (datagram.length < start + RTCP_HEADER_BYTES) return "rtcp_bad_length";
    const first = datagram[start]!;
    if (first >> 6 !== RTCP_VERSION) return "rtcp_bad_version";
    const end = start + RTCP_HEADER_BYTES + readU16(datagram, start + 2) * 4;
    if (datagram.length < end) return "rtcp_bad_length";
    let contentEnd = end;
    if ((first & 0b10_0000) !== 0) {
      const paddingBytes = datagram[end - 1]!;
      contentEnd -= paddingBytes;
      if (paddingBytes === 0 || contentEnd < start + RTCP_HEADER_BYTES) {
        return "rtcp_bad_padding";
      }
    }
    const content = datagram.subarray(start + RTCP_HEADER_BYTES, contentEnd);
    const packet = parsePacket(
      datagram[start + 1]!,
      first & 0b1_1111,
      content,
    );
    if (typeof packet === "string") return packet;
    if (packet !== undefined) packets.push(packet);
    start = end;
  }
  return packets;
}

/** `count` has 5 bits, `content` is what follows the header. */
function parsePacket(
  packetType: number,
  count: number,
  content: Uint8Array,
): RtcpPacket | RtcpRejection | undefined {
  switch (packetType) {
    case RTCP_TYPES.senderReport:
      return parseSenderReport(count, content);
    case RTCP_TYPES.receiverReport:
      return parseReceiverReport(count, content);
    case RTCP_TYPES.sourceDescription:
      return parseSourceDescription(count, content);
    case RTCP_TYPES.bye:
      return parseBye(count, content);
    case RTCP_TYPES.application:
      return { type: "application" };
    case RTCP_TYPES.transportFeedback:
      return { type: "transportFeedback" };
    case RTCP_TYPES.payloadFeedback:
      return { type: "payloadFeedback" };
    default:
      return undefined;
  }
}

function parseSenderReport(
  count: number,
  content: Uint8Array,
): SenderReport | RtcpRejection {
  const blocksOffset = 4 + SENDER_INFO_BYTES;
  if (content.length < blocksOffset + count * REPORT_BLOCK_BYTES) {
    return "rtcp_bad_report";
  }
  return {
    type: "senderReport",
    ssrc: readU32(content, 0),
    ntp: { seconds: readU32(content, 4), fraction: readU32(content, 8) },
    rtpTimestampTicks: readU32(content, 12),
    packetCount: readU32(content, 16),
    octetCount: readU32(content, 20),
    reportBlocks: parseReportBlocks(count, content, blocksOffset),
  };
}

function parseReceiverReport(
  count: number,
  content: Uint8Array,
): ReceiverReport | RtcpRejection {
  const blocksOffset = 4;
  if (content.length < blocksOffset + count * REPORT_BLOCK_BYTES) {
    return "rtcp_bad_report";
  }
  return {
    type: "receiverReport",
    ssrc: readU32(content, 0),
    reportBlocks: parseReportBlocks(count, content, blocksOffset),
  };
}

/** The caller has checked that `content` holds `count` blocks. */
function parseReportBlocks(
  count: number,
  content: Uint8Array,
  offsetBytes: number,
): ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let i = 0; i < count; i++) {
    const at = offsetBytes + i * REPORT_BLOCK_BYTES;
    const lost = readU32(content, at + 4);
    blocks.push({
      ssrc: readU32(content, at),
      fractionLost: lost >>> 24,
      cumulativeLost: lost << 8 >> 8,
      extendedHighestSequenceNumber: readU32(content, at + 8),
      jitterTicks: readU32(content, at + 12),
      lastSenderReport: readU32(content, at + 16),
      delaySinceLastSenderReport: readU32(content, at + 20),
    });
  }
  return blocks;
}

/** Chunks are padded to words by their end mark; the last one may lack it. */
function parseSourceDescription(
  count: number,
  content: Uint8Array,
): SourceDescription | RtcpRejection {
  const sources: { ssrc: number; cname: string }[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (content.length < at + 4) return "rtcp_bad_source_description";
    const ssrc = readU32(content, at);
    at += 4;
    let cname = "";
    while (at < content.length && content[at] !== 0) {
      const item = content[at];
      const textOffset = at + 2;
      if (content.length < textOffset) return "rtcp_bad_source_description";
      at = textOffset + content[at + 1]!;
      if (content.length < at) return "rtcp_bad_source_description";
      if (item === CNAME_ITEM) {
        cname = new TextDecoder().decode(content.subarray(textOffset, at));
      }
    }
    at = Math.ceil((at + 1) / 4) * 4;
    sources.push({ ssrc, cname });
  }
  return { type: "sourceDescription", sources };
}

function parseBye(count: number, content: Uint8Array): Bye | RtcpRejection {
  if (content.length < count * 4) return "rtcp_bad_bye";
  const ssrcs: number[] = [];
  for (let i = 0; i < count; i++) ssrcs.push(readU32(content, i * 4));
  return { type: "bye", ssrcs };
}
