import { readU16 } from "#base/big_endian.ts";

/** Start code, `stream_id` and `PES_packet_length`. Spec: ISO/IEC 13818-1 §2.4.3.6. */
export const PES_PREFIX_BYTES = 6;

/** Up to `PES_header_data_length`. */
const FIXED_BYTES = 9;
const TIMESTAMP_BYTES = 5;

/** Streams whose packets have no more header. Spec: ISO/IEC 13818-1 §2.4.3.7, table 2-22. */
const BARE_STREAM_IDS = [0xbc, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff];
const PADDING_STREAM_ID = 0xbe;

const MARKER_MASK = 0b11_000000;
const MARKER = 0b10_000000;
const SCRAMBLING_MASK = 0b00_11_0000;
const PTS_BIT = 0b10_000000;
const DTS_BIT = 0b01_000000;

/** Why bytes are not a PES packet that can be used. */
export type PesRejection =
  | "pes_bad_start_code"
  | "pes_cut_header"
  | "pes_padding"
  | "pes_scrambled";

/** What the header of a PES packet says; caller-owned and reused. */
export interface PesHeader {
  /** 33 bits of 90 kHz ticks; -1 if there is none. */
  ptsTicks: number;
  /** Likewise; never there without a presentation time. */
  dtsTicks: number;
  /** Where the payload begins, from the start of the packet. */
  payloadOffsetBytes: number;
}

/** A header to read into. */
export function emptyPesHeader(): PesHeader {
  return { ptsTicks: -1, dtsTicks: -1, payloadOffsetBytes: 0 };
}

/** Bytes of the whole packet by its own account; 0 if it does not tell. Input: at least {@linkcode PES_PREFIX_BYTES}. */
export function pesSizeBytes(bytes: Uint8Array): number {
  const lengthBytes = readU16(bytes, 4);
  return lengthBytes === 0 ? 0 : PES_PREFIX_BYTES + lengthBytes;
}

/** Whether a PES packet begins here. Input: at least {@linkcode PES_PREFIX_BYTES}. */
export function isPesStart(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 1;
}

/**
 * Reads the header of a PES packet into `header`; answers a rejection instead of throwing.
 *
 * Hot path: no allocation. Input: the whole packet, borrowed.
 * Spec: ISO/IEC 13818-1 §2.4.3.6, §2.4.3.7.
 */
export function parsePesHeader(
  bytes: Uint8Array,
  header: PesHeader,
): PesRejection | undefined {
  if (bytes.length < PES_PREFIX_BYTES || !isPesStart(bytes)) {
    return "pes_bad_start_code";
  }
  header.ptsTicks = -1;
  header.dtsTicks = -1;
  header.payloadOffsetBytes = PES_PREFIX_BYTES;
  const streamId = bytes[3]!;
  if (streamId === PADDING_STREAM_ID) return "pes_padding";
  if (BARE_STREAM_IDS.includes(streamId)) return undefined;
  if (bytes.length < FIXED_BYTES || (bytes[6]! & MARKER_MASK) !== MARKER) {
    return "pes_cut_header";
  }
  if ((bytes[6]! & SCRAMBLING_MASK) !== 0) return "pes_scrambled";
  const flags = bytes[7]!;
  const hasPts = (flags & PTS_BIT) !== 0;
  const hasDts = hasPts && (flags & DTS_BIT) !== 0;
  header.payloadOffsetBytes = FIXED_BYTES + bytes[8]!;
  const timestampBytes = TIMESTAMP_BYTES * (Number(hasPts) + Number(hasDts));
  if (
    header.payloadOffsetBytes > bytes.length || timestampBytes > bytes[8]!
  ) return "pes_cut_header";
  if (hasPts) header.ptsTicks = timestampAt(bytes, FIXED_BYTES);
  if (hasDts) {
    header.dtsTicks = timestampAt(bytes, FIXED_BYTES + TIMESTAMP_BYTES);
  }
  return undefined;
}

/** 33 bits in three runs, each before a marker bit. */
function timestampAt(bytes: Uint8Array, at: number): number {
  const high = bytes[at]! >> 1 & 0b111;
  const middle = readU16(bytes, at + 1) >> 1;
  const low = readU16(bytes, at + 3) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
