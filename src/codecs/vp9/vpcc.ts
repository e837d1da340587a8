import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import type { Vp9KeyFrame } from "#codecs/vp9.ts";

const VERSION = 1;
const UNSPECIFIED_COLOUR = 2;

/** Chroma formats of a record. */
const CHROMA_420_COLOCATED = 1;
const CHROMA_422 = 2;
const CHROMA_444 = 3;

/** Ten times the level by the largest picture, in luma samples. Spec: VP9 Annex A. */
const LEVELS = [
  { level: 10, maxPictureSamples: 36_864 },
  { level: 11, maxPictureSamples: 73_728 },
  { level: 20, maxPictureSamples: 122_880 },
  { level: 21, maxPictureSamples: 245_760 },
  { level: 30, maxPictureSamples: 552_960 },
  { level: 31, maxPictureSamples: 983_040 },
  { level: 40, maxPictureSamples: 2_228_224 },
  { level: 50, maxPictureSamples: 8_912_896 },
  { level: 60, maxPictureSamples: 35_651_584 },
] as const;
const UNDEFINED_LEVEL = 0;

/** What a decoder may know before the first frame; the same for VP8 and VP9. */
export interface VpCodecConfigurationRecord {
  /** 0 to 3. */
  readonly profile: number;
  /** Ten times the level; 0 if undefined. */
  readonly level: number;
  /** Bits a sample: 8, 10 or 12. */
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 co-located with luma, 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly isFullRange: boolean;
  /** Code point of ISO/IEC 23091-2; 2 if unspecified, as the next two. */
  readonly colourPrimaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
}

/**
 * Parses a VPCodecConfigurationRecord with version and flags before it (`vpcC`, RTMP VP9 sequence start).
 *
 * Spec: VP Codec ISO Media File Format Binding §2.2.
 * Deviates: codec initialization data, which VP8 and VP9 do not have, is not read.
 *
 * @throws {ParseError} if the version is not 1, or it is cut.
 */
export function parseVpCodecConfigurationRecord(
  bytes: Uint8Array,
): VpCodecConfigurationRecord {
  const reader = new ByteReader(bytes, "VPCodecConfigurationRecord");
  const version = reader.u8("version");
  if (version !== VERSION) {
    throw reader.error(`must be 1, found ${version}`, "version");
  }
  reader.u24("flags");
  const profile = reader.u8("profile");
  const level = reader.u8("level");
  const depthAndChroma = reader.u8("bitDepth");
  return {
    profile,
    level,
    bitDepth: depthAndChroma >> 4,
    chromaSubsampling: depthAndChroma >> 1 & 0b111,
    isFullRange: (depthAndChroma & 1) === 1,
    colourPrimaries: reader.u8("colourPrimaries"),
    transferCharacteristics: reader.u8("transferCharacteristics"),
    matrixCoefficients: reader.u8("matrixCoefficients"),
  };
}

/**
 * Serialises a VPCodecConfigurationRecord with version and flags before it.
 *
 * Spec: VP Codec ISO Media File Format Binding §2.2.
 */
export function serializeVpCodecConfigurationRecord(
  record: VpCodecConfigurationRecord,
): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .u8(VERSION)
    .u24(0)
    .u8(record.profile)
    .u8(record.level)
    .u8(
      record.bitDepth << 4 | record.chromaSubsampling << 1 |
        (record.isFullRange ? 1 : 0),
    )
    .u8(record.colourPrimaries)
    .u8(record.transferCharacteristics)
    .u8(record.matrixCoefficients)
    .u16(0) // codecInitializationDataSize
    .finish();
}

/**
 * The record of a VP9 stream, from one of its key frames.
 *
 * The level is the lowest one that allows the picture, whatever the frame rate; colours stay unspecified.
 */
export function vp9ConfigurationRecord(
  keyFrame: Vp9KeyFrame,
): VpCodecConfigurationRecord {
  const samples = keyFrame.width * keyFrame.height;
  return {
    profile: keyFrame.profile,
    level: LEVELS.find((one) => samples <= one.maxPictureSamples)?.level ??
      UNDEFINED_LEVEL,
    bitDepth: keyFrame.bitDepth,
    chromaSubsampling: chromaSubsampling(keyFrame),
    isFullRange: keyFrame.isFullRange,
    colourPrimaries: UNSPECIFIED_COLOUR,
    transferCharacteristics: UNSPECIFIED_COLOUR,
    matrixCoefficients: UNSPECIFIED_COLOUR,
  };
}

function chromaSubsampling(
  { subsamplingX, subsamplingY }: Vp9KeyFrame,
): number {
  if (subsamplingX === 0) return CHROMA_444;
  return subsamplingY === 0 ? CHROMA_422 : CHROMA_420_COLOCATED;
}
