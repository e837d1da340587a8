import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { assert } from "#base/errors.ts";
import { parseH264Sps } from "./sps.ts";

const MAX_SPS_COUNT = 31;
const MAX_PPS_COUNT = 255;
const WRITTEN_LENGTH_SIZE_BYTES = 4;
/** Baseline, Main and Extended: their record ends with the PPS. */
const PROFILES_WITHOUT_TAIL = [66, 77, 88];

/** Parameter sets a decoder needs before the first picture. */
export interface AvcDecoderConfigurationRecord {
  readonly profileIndication: number;
  readonly levelIndication: number;
  /** Bytes of the length prefix before each NAL unit: 1, 2 or 4. */
  readonly nalLengthSizeBytes: number;
  /** Sequence parameter sets, NAL header included, no start code. */
  readonly sps: Uint8Array[];
  /** Picture parameter sets, NAL header included, no start code. */
  readonly pps: Uint8Array[];
}

/**
 * Parses an AVCDecoderConfigurationRecord (`avcC`, RTMP AVC sequence header).
 *
 * Input: the whole record, owned: `sps` and `pps` are views into it.
 * Limits: the counts that the format can express (31 SPS, 255 PPS).
 * Spec: ISO/IEC 14496-15 §5.3.3.1.2.
 * Deviates: the profile-specific tail is not read, many muxers omit it; empty parameter sets are left out.
 *
 * @throws {ParseError} if the version is not 1, a NAL length size of 3 is announced, or a parameter set runs
 * past the end.
 */
export function parseAvcDecoderConfigurationRecord(
  bytes: Uint8Array,
): AvcDecoderConfigurationRecord {
  const reader = new ByteReader(bytes, "AVCDecoderConfigurationRecord");
  const version = reader.u8("configurationVersion");
  if (version !== 1) {
    throw reader.error(`must be 1, found ${version}`, "configurationVersion");
  }
  const profileIndication = reader.u8("AVCProfileIndication");
  reader.u8("profile_compatibility");
  const levelIndication = reader.u8("AVCLevelIndication");
  const nalLengthSizeBytes = (reader.u8("lengthSizeMinusOne") & 0b11) + 1;
  if (nalLengthSizeBytes === 3) {
    throw reader.error("must be 0, 1 or 3, found 2", "lengthSizeMinusOne");
  }
  const sps = parseParameterSets(reader, "sps", MAX_SPS_COUNT);
  const pps = parseParameterSets(reader, "pps", MAX_PPS_COUNT);
  return { profileIndication, levelIndication, nalLengthSizeBytes, sps, pps };
}

/** `countMask` is also the highest count. */
function parseParameterSets(
  reader: ByteReader,
  field: "sps" | "pps",
  countMask: number,
): Uint8Array[] {
  const sets: Uint8Array[] = [];
  const count = reader.u8(`${field}.count`) & countMask;
  for (let i = 0; i < count; i++) {
    const lengthBytes = reader.u16(`${field}[${i}].length`);
    const set = reader.take(lengthBytes, `${field}[${i}]`);
    if (lengthBytes > 0) sets.push(set);
  }
  return sets;
}

/**
 * Serialises an AVCDecoderConfigurationRecord for NAL units with lengths of 4 bytes.
 *
 * Input: at least one SPS; profile, level and the tail of High profiles come from the first.
 * Limits: 31 SPS and 255 PPS, further ones are left out.
 * Spec: ISO/IEC 14496-15 §5.3.3.1.2.
 *
 * @throws {ParseError} if the first SPS cannot be parsed.
 */
export function serializeAvcDecoderConfigurationRecord(
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const [firstSps] = sps;
  assert(firstSps, "an AVCDecoderConfigurationRecord has an SPS");
  const parsed = parseH264Sps(firstSps);
  const writer = new ByteWriter()
    .u8(1)
    .u8(parsed.profileIdc)
    .u8(parsed.constraintFlags)
    .u8(parsed.levelIdc)
    .u8(0b111111_00 | WRITTEN_LENGTH_SIZE_BYTES - 1)
    .u8(0b111_00000 | Math.min(sps.length, MAX_SPS_COUNT));
  writeParameterSets(writer, sps.slice(0, MAX_SPS_COUNT));
  writer.u8(Math.min(pps.length, MAX_PPS_COUNT));
  writeParameterSets(writer, pps.slice(0, MAX_PPS_COUNT));
  if (!PROFILES_WITHOUT_TAIL.includes(parsed.profileIdc)) {
    writer.u8(0b111111_00 | parsed.chromaFormatIdc)
      .u8(0b11111_000 | parsed.bitDepthLumaBits - 8)
      .u8(0b11111_000 | parsed.bitDepthChromaBits - 8)
      .u8(0);
  }
  return writer.finish();
}

function writeParameterSets(
  writer: ByteWriter,
  sets: readonly Uint8Array[],
): void {
  for (const set of sets) writer.u16(set.length).bytes(set);
}
