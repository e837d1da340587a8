import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { assert } from "#base/errors.ts";
import { H265_NAL } from "./nal.ts";
import { parseH265Sps } from "./sps.ts";

/** Most NAL units of one record that are taken. */
const MAX_HVCC_NALS = 256;
const GENERAL_PROFILE_BYTES = 12;
/** From `min_spatial_segmentation_idc` to `avgFrameRate`: repeats what the SPS says. */
const BITSTREAM_FACTS_BYTES = 8;
const WRITTEN_LENGTH_SIZE_BYTES = 4;

/** Parameter sets a decoder needs before the first picture. */
export interface HevcDecoderConfigurationRecord {
  /** Bytes of the length prefix before each NAL unit: 1, 2 or 4. */
  readonly nalLengthSizeBytes: number;
  /** Video parameter sets, NAL header included, no start code. */
  readonly vps: Uint8Array[];
  /** Sequence parameter sets, NAL header included, no start code. */
  readonly sps: Uint8Array[];
  /** Picture parameter sets, NAL header included, no start code. */
  readonly pps: Uint8Array[];
}

/**
 * Parses an HEVCDecoderConfigurationRecord (`hvcC`, RTMP HEVC sequence start).
 *
 * Input: the whole record, owned: the sets are views into it.
 * Limits: 256 NAL units.
 * Spec: ISO/IEC 14496-15 §8.3.3.1.2.
 * Deviates: version 0 is accepted, muxers from before the final text write it; arrays of other NAL unit types
 * and empty sets are left out.
 *
 * @throws {ParseError} if the version is another, a NAL length size of 3 is announced, a set runs past the end
 * or there are too many.
 */
export function parseHevcDecoderConfigurationRecord(
  bytes: Uint8Array,
): HevcDecoderConfigurationRecord {
  const reader = new ByteReader(bytes, "HEVCDecoderConfigurationRecord");
  const version = reader.u8("configurationVersion");
  if (version > 1) {
    throw reader.error(`must be 1, found ${version}`, "configurationVersion");
  }
  reader.take(GENERAL_PROFILE_BYTES, "general_profile_idc");
  reader.take(BITSTREAM_FACTS_BYTES, "min_spatial_segmentation_idc");
  const nalLengthSizeBytes = (reader.u8("lengthSizeMinusOne") & 0b11) + 1;
  if (nalLengthSizeBytes === 3) {
    throw reader.error("must be 0, 1 or 3, found 2", "lengthSizeMinusOne");
  }
  const record: HevcDecoderConfigurationRecord = {
    nalLengthSizeBytes,
    vps: [],
    sps: [],
    pps: [],
  };
  const arrayCount = reader.u8("numOfArrays");
  let nalCount = 0;
  for (let i = 0; i < arrayCount; i++) {
    const nalType = reader.u8(`arrays[${i}].NAL_unit_type`) & 0b111111;
    const count = reader.u16(`arrays[${i}].numNalus`);
    nalCount += count;
    if (nalCount > MAX_HVCC_NALS) {
      throw reader.error(
        `must be at most ${MAX_HVCC_NALS} in all`,
        `arrays[${i}].numNalus`,
      );
    }
    const sets = setsOfType(record, nalType);
    for (let j = 0; j < count; j++) {
      const field = `arrays[${i}].nalUnit[${j}]`;
      const lengthBytes = reader.u16(`${field}.length`);
      const nal = reader.take(lengthBytes, field);
      if (lengthBytes > 0) sets?.push(nal);
    }
  }
  return record;
}

function setsOfType(
  record: HevcDecoderConfigurationRecord,
  nalType: number,
): Uint8Array[] | undefined {
  if (nalType === H265_NAL.vps) return record.vps;
  if (nalType === H265_NAL.sps) return record.sps;
  if (nalType === H265_NAL.pps) return record.pps;
  return undefined;
}

/**
 * Serialises an HEVCDecoderConfigurationRecord for NAL units with lengths of 4 bytes.
 *
 * Arrays are marked complete, as sample entry `hvc1` demands.
 *
 * Input: at least one SPS; profile, level and bit depths come from the first.
 * Spec: ISO/IEC 14496-15 §8.3.3.1.2.
 *
 * @throws {ParseError} if the first SPS cannot be parsed.
 */
export function serializeHevcDecoderConfigurationRecord(
  vps: readonly Uint8Array[],
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const [firstSps] = sps;
  assert(firstSps, "an HEVCDecoderConfigurationRecord has an SPS");
  const parsed = parseH265Sps(firstSps);
  const subLayerBits = parsed.subLayerCount << 3;
  const nestedBit = parsed.isTemporalIdNested ? 0b100 : 0;
  const writer = new ByteWriter()
    .u8(1)
    .bytes(parsed.generalProfileTierLevel)
    .u16(0b1111_0000_0000_0000) // min_spatial_segmentation_idc 0: unknown
    .u8(0b111111_00) // parallelismType 0: unknown
    .u8(0b111111_00 | parsed.chromaFormatIdc)
    .u8(0b11111_000 | parsed.bitDepthLumaBits - 8)
    .u8(0b11111_000 | parsed.bitDepthChromaBits - 8)
    .u16(0) // avgFrameRate 0: unknown
    .u8(subLayerBits | nestedBit | WRITTEN_LENGTH_SIZE_BYTES - 1);
  const arrays = [
    { nalType: H265_NAL.vps, sets: vps },
    { nalType: H265_NAL.sps, sets: sps },
    { nalType: H265_NAL.pps, sets: pps },
  ].filter(({ sets }) => sets.length > 0);
  writer.u8(arrays.length);
  for (const { nalType, sets } of arrays) {
    writer.u8(0b1_0_000000 | nalType).u16(sets.length);
    for (const set of sets) writer.u16(set.length).bytes(set);
  }
  return writer.finish();
}
