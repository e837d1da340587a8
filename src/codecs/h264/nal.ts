import { golombAt } from "#codecs/exp_golomb.ts";

/** NAL unit types that matter to a server. Spec: ITU-T H.264 table 7-1. */
export const H264_NAL = {
  slice: 1,
  idrSlice: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  fillerData: 12,
} as const;

/** Bytes of the NAL unit header. */
export const H264_NAL_HEADER_BYTES = 1;

const MAX_SPS_ID = 31;
const MAX_PPS_ID = 255;

/** Where ids stand: behind the header, that of an SPS behind profile, constraints and level, too. */
const PPS_ID_BITS = 8;
const SPS_ID_BITS = 32;

/** `nal_unit_type`, 0 to 31; 0 (unspecified) if the NAL unit is empty. */
export function h264NalType(nal: Uint8Array): number {
  return nal[0]! & 0b11111;
}

/** Tells whether a NAL unit of this type is an SPS or a PPS. */
export function isH264ParameterSet(nalType: number): boolean {
  return nalType === H264_NAL.sps || nalType === H264_NAL.pps;
}

/**
 * Tells whether a slice is the first one of a picture and of type I.
 *
 * Input: the slice's first byte behind the NAL header. It is enough: `first_mb_in_slice` 0 takes one bit,
 * `slice_type` 2 (I) three, 7 (all slices are I) seven.
 * Spec: ITU-T H.264 §7.3.3.
 */
export function isH264FirstIntraSlice(firstBodyByte: number): boolean {
  return (firstBodyByte & 0b1111_0000) === 0b1011_0000 ||
    firstBodyByte === 0b1000_1000;
}

/**
 * Reads the id of an SPS or PPS.
 *
 * Hot path: no exception. Output: undefined if it is another NAL unit, cut, or the id is not allowed.
 * Spec: ITU-T H.264 §7.3.2.1.1, §7.3.2.2.
 */
export function h264ParameterSetId(nal: Uint8Array): number | undefined {
  const type = h264NalType(nal);
  if (!isH264ParameterSet(type)) return undefined;
  const isSps = type === H264_NAL.sps;
  const id = golombAt(nal, isSps ? SPS_ID_BITS : PPS_ID_BITS);
  return id >= 0 && id <= (isSps ? MAX_SPS_ID : MAX_PPS_ID) ? id : undefined;
}
