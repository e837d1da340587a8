import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { AV1_OBU, av1ObuType, joinObus, splitObus } from "./obu.ts";
import { parseAv1SequenceHeader } from "./sequence_header.ts";

const MARKER_AND_VERSION = 0b1_0000001;

/** What a decoder needs before the first frame. */
export interface Av1CodecConfigurationRecord {
  /** `seq_profile`, 0 to 2. */
  readonly profile: number;
  /** `seq_level_idx_0`, 0 to 31. */
  readonly levelIdx: number;
  /** `seq_tier_0`, 0 or 1. */
  readonly tier: number;
  /** Sequence header OBU without size field; undefined if the record has none. */
  readonly sequenceHeader: Uint8Array | undefined;
}

/**
 * Parses an AV1CodecConfigurationRecord (`av1C`, RTMP AV1 sequence start).
 *
 * Input: the whole record, owned.
 * Limits: those of {@linkcode splitObus}.
 * Spec: AV1 in ISOBMFF §2.3.
 *
 * @throws {ParseError} if marker or version are not 1, it is cut, or an OBU in it is.
 */
export function parseAv1CodecConfigurationRecord(
  bytes: Uint8Array,
): Av1CodecConfigurationRecord {
  const reader = new ByteReader(bytes, "AV1CodecConfigurationRecord");
  const version = reader.u8("version");
  if (version !== MARKER_AND_VERSION) {
    throw reader.error(
      `must be ${MARKER_AND_VERSION} with the marker, found ${version}`,
      "version",
    );
  }
  const profileAndLevel = reader.u8("seq_profile");
  const tierAndColor = reader.u8("seq_tier_0");
  reader.u8("initial_presentation_delay_present");
  const obus = splitObus(reader.takeRest("configOBUs"));
  return {
    profile: profileAndLevel >> 5,
    levelIdx: profileAndLevel & 0b11111,
    tier: tierAndColor >> 7,
    sequenceHeader: obus.find((obu) =>
      av1ObuType(obu) === AV1_OBU.sequenceHeader
    ),
  };
}

/**
 * Serialises an AV1CodecConfigurationRecord.
 *
 * Input: the sequence header OBU without size field.
 * Spec: AV1 in ISOBMFF §2.3.
 *
 * @throws {ParseError} if the sequence header cannot be parsed.
 */
export function serializeAv1CodecConfigurationRecord(
  sequenceHeader: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { profile, levelIdx, tier, color } = parseAv1SequenceHeader(
    sequenceHeader,
  );
  const depthBits = (color.bitDepth > 8 ? 0b10 : 0) |
    (color.bitDepth > 10 ? 0b01 : 0);
  const chromaBits = (color.isMonochrome ? 0b1_0000 : 0) |
    color.subsamplingX << 3 | color.subsamplingY << 2 |
    color.chromaSamplePosition;
  return new ByteWriter()
    .u8(MARKER_AND_VERSION)
    .u8(profile << 5 | levelIdx)
    .u8(tier << 7 | depthBits << 5 | chromaBits)
    .u8(0) // initial_presentation_delay_present 0: unknown
    .bytes(joinObus([sequenceHeader]))
    .finish();
}
