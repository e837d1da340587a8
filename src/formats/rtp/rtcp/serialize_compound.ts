import { writeU16, writeU32 } from "#base/big_endian.ts";
import { assert } from "#base/errors.ts";
import {
  CNAME_ITEM,
  MAX_RTCP_COUNT,
  REPORT_BLOCK_BYTES,
  type ReportBlock,
  RTCP_HEADER_BYTES,
  RTCP_TYPES,
  RTCP_VERSION,
  SENDER_INFO_BYTES,
  type SourceDescription,
  type WritableRtcpPacket,
} from "./rtcp_packet.ts";

const MAX_CNAME_BYTES = 255;

/**
 * Writes packets as one compound RTCP packet.
 *
 * Input: a report first and a source description behind it, as the specification wants it.
 * Output: owned bytes.
 * Limits: 31 blocks or sources a packet (broken invariant beyond).
 * Spec: RFC 3550 §6.1, §6.4 to §6.6.
 */
export function serializeRtcpCompound(
  packets: readonly WritableRtcpPacket[],
): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  for (const packet of packets) sizeBytes += packetSizeBytes(packet);
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const packet of packets) at = writePacket(bytes, at, packet);
  assert(at === sizeBytes, "the size was computed right");
  return bytes;
}

/** Announces the canonical name of one source: what follows each report. */
export function sourceDescription(
  ssrc: number,
  cname: string,
): SourceDescription {
  return { type: "sourceDescription", sources: [{ ssrc, cname }] };
}

function packetSizeBytes(packet: WritableRtcpPacket): number {
  switch (packet.type) {
    case "senderReport":
      return RTCP_HEADER_BYTES + 4 + SENDER_INFO_BYTES +
        packet.reportBlocks.length * REPORT_BLOCK_BYTES;
    case "receiverReport":
      return RTCP_HEADER_BYTES + 4 +
        packet.reportBlocks.length * REPORT_BLOCK_BYTES;
    case "sourceDescription":
      return packet.sources.reduce(
        (sum, source) => sum + chunkSizeBytes(cnameBytes(source.cname)),
        RTCP_HEADER_BYTES,
      );
    case "bye":
      return RTCP_HEADER_BYTES + packet.ssrcs.length * 4;
  }
}

/** Source, item head, text, and one to four zero bytes up to a whole word. */
function chunkSizeBytes(cname: Uint8Array): number {
  return Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
}

function cnameBytes(cname: string): Uint8Array {
  const bytes = new TextEncoder().encode(cname);
  assert(bytes.length <= MAX_CNAME_BYTES, "a CNAME has at most 255 bytes");
  return bytes;
}

/** Writes at `at`, answers where the packet ends. */
function writePacket(
  bytes: Uint8Array,
  at: number,
  packet: WritableRtcpPacket,
): number {
  const count = countOf(packet);
  assert(count <= MAX_RTCP_COUNT, "at most 31 entries stand in a packet");
  const sizeBytes = packetSizeBytes(packet);
  bytes[at] = RTCP_VERSION << 6 | count;
  bytes[at + 1] = RTCP_TYPES[packet.type];
  writeU16(bytes, at + 2, sizeBytes / 4 - 1);
  writeContent(bytes, at + RTCP_HEADER_BYTES, packet);
  return at + sizeBytes;
}

function countOf(packet: WritableRtcpPacket): number {
  switch (packet.type) {
    case "senderReport":
    case "receiverReport":
      return packet.reportBlocks.length;
    case "sourceDescription":
      return packet.sources.length;
    case "bye":
      return packet.ssrcs.length;
  }
}

function writeContent(
  bytes: Uint8Array,
  at: number,
  packet: WritableRtcpPacket,
): void {
  switch (packet.type) {
    case "senderReport":
      writeU32(bytes, at, packet.ssrc);
      writeU32(bytes, at + 4, packet.ntp.seconds);
      writeU32(bytes, at + 8, packet.ntp.fraction);
      writeU32(bytes, at + 12, packet.rtpTimestampTicks);
      writeU32(bytes, at + 16, packet.packetCount);
      writeU32(bytes, at + 20, packet.octetCount);
      return writeBlocks(bytes, at + 24, packet.reportBlocks);
    case "receiverReport":
      writeU32(bytes, at, packet.ssrc);
      return writeBlocks(bytes, at + 4, packet.reportBlocks);
    case "sourceDescription":
      for (const { ssrc, cname } of packet.sources) {
        const text = cnameBytes(cname);
        writeU32(bytes, at, ssrc);
        bytes[at + 4] = CNAME_ITEM;
        bytes[at + 5] = text.length;
        bytes.set(text, at + 6);
        at += chunkSizeBytes(text);
      }
      return;
    case "bye":
      packet.ssrcs.forEach((ssrc, i) => writeU32(bytes, at + i * 4, ssrc));
      return;
  }
}

function writeBlocks(
  bytes: Uint8Array,
  offsetBytes: number,
  blocks: readonly ReportBlock[],
): void {
  let at = offsetBytes;
  for (const block of blocks) {
    writeU32(bytes, at, block.ssrc);
    writeU32(bytes, at + 4, block.cumulativeLost);
    bytes[at + 4] = block.fractionLost;
    writeU32(bytes, at + 8, block.extendedHighestSequenceNumber);
    writeU32(bytes, at + 12, block.jitterTicks);
    writeU32(bytes, at + 16, block.lastSenderReport);
    writeU32(bytes, at + 20, block.delaySinceLastSenderReport);
    at += REPORT_BLOCK_BYTES;
  }
}
