import { golombAt } from "#codecs/exp_golomb.ts";

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
const HEADER_BYTES = 2;

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
 * Hot path: no exception. Output: undefined if it is cut.
 * Spec: ITU-T H.265 §7.3.2.1.
 */
export function h265VpsId(nal: Uint8Array): number | undefined {
  const first = nal[HEADER_BYTES];
  return first === undefined ? undefined : first >>> 4;
}

/**
 * Reads the id of a PPS.
 *
 * Hot path: no exception. Output: undefined if it is cut or the id is not allowed.
 * Spec: ITU-T H.265 §7.3.2.3.1.
 */
export function h265PpsId(nal: Uint8Array): number | undefined {
  const id = golombAt(nal, HEADER_BYTES * 8);
  return id >= 0 && id <= MAX_PPS_ID ? id : undefined;
}
