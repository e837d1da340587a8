import { writeU16, writeU32 } from "#base/big_endian.ts";
import { RTCP_TYPES, RTCP_VERSION } from "./rtcp_packet.ts";

/** Ways to ask a sender for a key frame: Picture Loss Indication, Full Intra Request. */
export type KeyFrameFeedback = "pli" | "fir";

/** Receiver report without blocks: a compound packet begins with a report. */
const EMPTY_REPORT_BYTES = 8;

const FEEDBACK = {
  pli: { format: 1, sizeBytes: 12 },
  fir: { format: 4, sizeBytes: 20 },
} as const;

/** A wish for a key frame. */
export interface KeyFrameRequest {
  readonly kind: KeyFrameFeedback;
  /** Source of the wish. */
  readonly senderSsrc: number;
  /** Source of the pictures. */
  readonly mediaSsrc: number;
  /** Number of the wish, 8 bits: a new one for each; only FIR has it. */
  readonly sequenceNumber: number;
}

/**
 * Writes a compound packet that asks for a key frame.
 *
 * Output: owned. Spec: RFC 4585 §6.3.1 (PLI), RFC 5104 §4.3.1 (FIR).
 */
export function serializeKeyFrameRequest(
  { kind, senderSsrc, mediaSsrc, sequenceNumber }: KeyFrameRequest,
): Uint8Array<ArrayBuffer> {
  const { format, sizeBytes } = FEEDBACK[kind];
  const bytes = new Uint8Array(EMPTY_REPORT_BYTES + sizeBytes);
  bytes[0] = RTCP_VERSION << 6;
  bytes[1] = RTCP_TYPES.receiverReport;
  writeU16(bytes, 2, EMPTY_REPORT_BYTES / 4 - 1);
  writeU32(bytes, 4, senderSsrc);
  const at = EMPTY_REPORT_BYTES;
  bytes[at] = RTCP_VERSION << 6 | format;
  bytes[at + 1] = RTCP_TYPES.payloadFeedback;
  writeU16(bytes, at + 2, sizeBytes / 4 - 1);
  writeU32(bytes, at + 4, senderSsrc);
  if (kind === "pli") {
    writeU32(bytes, at + 8, mediaSsrc);
  } else {
    writeU32(bytes, at + 12, mediaSsrc);
    bytes[at + 16] = sequenceNumber;
  }
  return bytes;
}
