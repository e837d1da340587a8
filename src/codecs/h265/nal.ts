import { BitReader } from "#base/bit_reader.ts";

/** NAL unit types that matter to a server. Spec: ITU-T H.265 table 7-1. */
export const H265_NAL = {
  blaWithLeading: 16,
  idrWithLeading: 19,
  idrWithoutLeading: 20,
  cra: 21,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  fillerData: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

/** Bytes of the NAL unit header. */
export const H265_NAL_HEADER_BYTES = 2;

const MAX_PPS_ID = 63;

/** `nal_unit_type`, 0 to 63; 0 if the NAL unit is empty. */
export function h265NalType(nal: Uint8Array): number {
  return nal[0]! >> 1 & 0b111111;
}

/** Tells whether a NAL unit of this type is a VPS, SPS or PPS. */
export function isH265ParameterSet(nalType: number): boolean {
  return nalType >= H265_NAL.vps && nalType <= H265_NAL.pps;
}

/** Tells whether a NAL unit of this type is a slice of a BLA, IDR or CRA picture. */
export function isH265RandomAccess(nalType: number): boolean {
  return nalType >= H265_NAL.blaWithLeading && nalType <= H265_NAL.cra;
}

/**
 * Reads the id of a VPS.
 *
 * Spec: ITU-T H.265 §7.3.2.1.
 *
 * @throws {ParseError} if it is cut.
 */
export function h265VpsId(nal: Uint8Array): number {
  const reader = new BitReader(nal, "H.265 VPS");
  reader.skip(16, "nal_unit_header");
  return reader.bits(4, "vps_video_parameter_set_id");
}

/**
 * Reads the id of a PPS.
 *
 * Spec: ITU-T H.265 §7.3.2.3.1.
 *
 * @throws {ParseError} if it is cut or the id is not allowed.
 */
export function h265PpsId(nal: Uint8Array): number {
  const reader = new BitReader(nal, "H.265 PPS");
  reader.skip(16, "nal_unit_header");
  const id = reader.unsignedGolomb("pps_pic_parameter_set_id");
  if (id > MAX_PPS_ID) {
    throw reader.error(
      `must be at most ${MAX_PPS_ID}, found ${id}`,
      "pps_pic_parameter_set_id",
    );
  }
  return id;
}
