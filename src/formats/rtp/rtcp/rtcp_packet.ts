import type { NtpTime } from "./ntp_time.ts";

/** Protocol version of RTP and RTCP. */
export const RTCP_VERSION = 2;

/** Bytes before the content of each packet. */
export const RTCP_HEADER_BYTES = 4;

/** Bytes between the source and the blocks of a sender report. */
export const SENDER_INFO_BYTES = 20;

/** Bytes of a {@linkcode ReportBlock}. */
export const REPORT_BLOCK_BYTES = 24;

/** Type of the source description item that names the source for good. */
export const CNAME_ITEM = 1;

/** Most report blocks, description chunks or leaving sources of a packet: its count has 5 bits. */
export const MAX_RTCP_COUNT = 31;

/** Packet types. Spec: RFC 3550 §12.1, RFC 4585 §6.1. */
export const RTCP_TYPES = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  application: 204,
  transportFeedback: 205,
  payloadFeedback: 206,
} as const;

/** What a receiver tells about one source. Spec: RFC 3550 §6.4.1. */
export interface ReportBlock {
  /** Source that the report is about. */
  readonly ssrc: number;
  /** Part of the packets since the report before that was lost, in units of 1/256; 0 to 255. */
  readonly fractionLost: number;
  /** Packets lost since the start; negative with duplicates; 24 bits. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, wrap-arounds counted in the upper 16 bits. */
  readonly extendedHighestSequenceNumber: number;
  /** Interarrival jitter in timestamp ticks. */
  readonly jitterTicks: number;
  /** Middle 32 bits of the NTP timestamp of the last sender report; 0 if there was none. */
  readonly lastSenderReport: number;
  /** Time since then in units of 2^-16 s; 0 if there was none. */
  readonly delaySinceLastSenderReport: number;
}

/** What a sender has sent, and which wall clock its timestamps have. Spec: RFC 3550 §6.4.1. */
export interface SenderReport {
  readonly type: "senderReport";
  readonly ssrc: number;
  readonly ntp: NtpTime;
  /** The same moment on the clock of the RTP timestamps. */
  readonly rtpTimestampTicks: number;
  /** RTP packets sent so far, 32 bits. */
  readonly packetCount: number;
  /** Payload bytes sent so far, 32 bits. */
  readonly octetCount: number;
  readonly reportBlocks: readonly ReportBlock[];
}

/** What a receiver that sends nothing reports. Spec: RFC 3550 §6.4.2. */
export interface ReceiverReport {
  readonly type: "receiverReport";
  readonly ssrc: number;
  readonly reportBlocks: readonly ReportBlock[];
}

/** Names of sources; of the items only CNAME is kept. Spec: RFC 3550 §6.5. */
export interface SourceDescription {
  readonly type: "sourceDescription";
  /** `cname` is empty if the source gave none; at most 255 bytes of UTF-8. */
  readonly sources: readonly {
    readonly ssrc: number;
    readonly cname: string;
  }[];
}

/** Sources that leave. Spec: RFC 3550 §6.6. */
export interface Bye {
  readonly type: "bye";
  readonly ssrcs: readonly number[];
}

/** Packets of which only the type is read. Spec: RFC 3550 §6.7, RFC 4585 §6. */
export interface OpaqueRtcpPacket {
  readonly type: "application" | "transportFeedback" | "payloadFeedback";
}

/** Packets that this server sends itself. */
export type WritableRtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye;

/** One packet of a compound packet, told apart by `type`. */
export type RtcpPacket = WritableRtcpPacket | OpaqueRtcpPacket;
