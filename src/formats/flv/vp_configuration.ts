import { readU32 } from "#base/big_endian.ts";
import {
  parseVpCodecConfigurationRecord,
  serializeVpCodecConfigurationRecord,
  type VpCodecConfigurationRecord,
} from "#codecs/vp9/vpcc.ts";

const VERSION_AND_FLAGS = Uint8Array.of(1, 0, 0, 0);

const LEVEL_4 = 40;
const CHROMA_420_COLOCATED = 1;
const CHROMA_444 = 3;
const UNSPECIFIED_COLOUR = 2;

/**
 * Parses the sequence header of VP8 or VP9.
 *
 * Deviates: the specification's record alone is read, and that with version and flags before it, as a file has it
 * and as ffmpeg and MediaMTX send it.
 * Spec: Enhanced RTMP v2, VPCodecConfigurationRecord.
 *
 * @throws {ParseError} if it is cut.
 */
export function parseVpcC(payload: Uint8Array): VpCodecConfigurationRecord {
  const isBox = payload.length >= VERSION_AND_FLAGS.length &&
    readU32(payload, 0) === readU32(VERSION_AND_FLAGS, 0);
  if (isBox) return parseVpCodecConfigurationRecord(payload);
  const box = new Uint8Array(VERSION_AND_FLAGS.length + payload.length);
  box.set(VERSION_AND_FLAGS);
  box.set(payload, VERSION_AND_FLAGS.length);
  return parseVpCodecConfigurationRecord(box);
}

/** Serialises the sequence header of VP8 or VP9; the frames tell the true level and colours. */
export function serializeVpcC(
  profile: number,
  bitDepth: number,
): Uint8Array<ArrayBuffer> {
  return serializeVpCodecConfigurationRecord({
    profile,
    level: LEVEL_4,
    bitDepth,
    chromaSubsampling: profile % 2 === 0 ? CHROMA_420_COLOCATED : CHROMA_444,
    isFullRange: false,
    colourPrimaries: UNSPECIFIED_COLOUR,
    transferCharacteristics: UNSPECIFIED_COLOUR,
    matrixCoefficients: UNSPECIFIED_COLOUR,
  });
}
