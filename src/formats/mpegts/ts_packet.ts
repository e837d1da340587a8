import { readU16 } from "#base/big_endian.ts";

/** Bytes of a transport packet. Spec: ISO/IEC 13818-1 §2.4.3.2. */
export const TS_PACKET_BYTES = 188;

/** First byte of a transport packet. */
export const TS_SYNC_BYTE = 0x47;

/** Header before the adaptation field or the payload. */
const HEADER_BYTES = 4;
/** What stands behind the header and the length of the adaptation field. */
const MAX_ADAPTATION_BYTES = TS_PACKET_BYTES - HEADER_BYTES - 1;

/** Bits of the second to fourth byte. */
const ERROR_BIT = 0b1000_0000;
const UNIT_START_BIT = 0b0100_0000;
const PID_MASK = 0x1fff;
const SCRAMBLING_MASK = 0b11_00_0000;
const ADAPTATION_BIT = 0b0010_0000;
const PAYLOAD_BIT = 0b0001_0000;
const COUNTER_MASK = 0b1111;
/** Bits of the first byte of the adaptation field. */
const DISCONTINUITY_BIT = 0b1000_0000;
const RANDOM_ACCESS_BIT = 0b0100_0000;

/** Why bytes are not a transport packet that can be used. */
export type TsRejection = "ts_transport_error" | "ts_bad_adaptation_field";

/** Header and adaptation field of a transport packet; caller-owned and reused. Spec: ISO/IEC 13818-1 §2.4.3.2, §2.4.3.4. */
export interface TsHeader {
  /** 0 to 8,191. */
  pid: number;
  /** `payload_unit_start_indicator`: a PES packet or a section begins in the payload. */
  isUnitStart: boolean;
  /** `transport_scrambling_control` is not 0. */
  isScrambled: boolean;
  /** `continuity_counter`, 0 to 15. */
  continuityCounter: number;
  /** `discontinuity_indicator`: the counter may jump. */
  isDiscontinuity: boolean;
  /** `random_access_indicator`. */
  isRandomAccess: boolean;
  /** Where the payload begins, from the start of the packet; 188 if there is none. */
  payloadOffsetBytes: number;
}

/** A header to read into. */
export function emptyTsHeader(): TsHeader {
  return {
    pid: 0,
    isUnitStart: false,
    isScrambled: false,
    continuityCounter: 0,
    isDiscontinuity: false,
    isRandomAccess: false,
    payloadOffsetBytes: TS_PACKET_BYTES,
  };
}

/**
 * Reads the header of the transport packet at `at` into `header`; answers a rejection instead of throwing.
 *
 * Hot path: no allocation. Input: 188 bytes with a sync byte in front, borrowed.
 * Spec: ISO/IEC 13818-1 §2.4.3.2, §2.4.3.4.
 */
export function parseTsHeader(
  bytes: Uint8Array,
  at: number,
  header: TsHeader,
): TsRejection | undefined {
  const second = bytes[at + 1]!;
  const fourth = bytes[at + 3]!;
  if ((second & ERROR_BIT) !== 0) return "ts_transport_error";
  header.pid = readU16(bytes, at + 1) & PID_MASK;
  header.isUnitStart = (second & UNIT_START_BIT) !== 0;
  header.isScrambled = (fourth & SCRAMBLING_MASK) !== 0;
  header.continuityCounter = fourth & COUNTER_MASK;
  header.isDiscontinuity = false;
  header.isRandomAccess = false;
  let offsetBytes = HEADER_BYTES;
  if ((fourth & ADAPTATION_BIT) !== 0) {
    const adaptationBytes = bytes[at + HEADER_BYTES]!;
    if (adaptationBytes > MAX_ADAPTATION_BYTES) {
      return "ts_bad_adaptation_field";
    }
    offsetBytes += 1 + adaptationBytes;
    if (adaptationBytes > 0) {
      const flags = bytes[at + HEADER_BYTES + 1]!;
      header.isDiscontinuity = (flags & DISCONTINUITY_BIT) !== 0;
      header.isRandomAccess = (flags & RANDOM_ACCESS_BIT) !== 0;
    }
  }
  header.payloadOffsetBytes = (fourth & PAYLOAD_BIT) === 0
    ? TS_PACKET_BYTES
    : offsetBytes;
  return undefined;
}
