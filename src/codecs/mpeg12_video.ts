import { BitReader } from "#base/bit_reader.ts";
import { MAX_PARAMETER_SET_BYTES } from "./parameter_sets.ts";
import { findStartCode, START_CODE_BYTES } from "./start_code.ts";

/** Start codes that matter to a server. Spec: ISO/IEC 13818-2 table 6-1. */
export const MPEG12_START_CODE = {
  picture: 0x00,
  sliceMin: 0x01,
  sliceMax: 0xaf,
  userData: 0xb2,
  sequenceHeader: 0xb3,
  extension: 0xb5,
  sequenceEnd: 0xb7,
  groupOfPictures: 0xb8,
} as const;

/** `picture_coding_type`. Spec: ISO/IEC 13818-2 table 6-12. */
export const MPEG12_PICTURE_TYPE = { i: 1, p: 2, b: 3 } as const;

const SEQUENCE_EXTENSION_ID = 1;
const QUANTISER_MATRIX_BITS = 64 * 8;

/** Frames a second by `frame_rate_code`. Spec: ISO/IEC 13818-2 table 6-4. */
const FRAME_RATES_HZ: readonly (number | undefined)[] = [
  undefined,
  24_000 / 1_001,
  24,
  25,
  30_000 / 1_001,
  30,
  50,
  60_000 / 1_001,
  60,
];

/** What a server wants to know of a sequence header and its extension. */
export interface Mpeg12Sequence {
  /** Pictures that may be decoded before and shown after another one. */
  readonly maxNumReorderFrames: number;
  /** Frames a second; undefined if the code is reserved. */
  readonly frameRateHz: number | undefined;
}

/** Tells whether a start code begins a slice. */
export function isMpeg12Slice(code: number): boolean {
  return code >= MPEG12_START_CODE.sliceMin &&
    code <= MPEG12_START_CODE.sliceMax;
}

/**
 * `picture_coding_type` of a picture header, 0 to 7; 0 if it is cut.
 *
 * Hot path. Input: offset of its start code.
 */
export function mpeg12PictureType(
  bytes: Uint8Array,
  pictureOffsetBytes: number,
): number {
  return bytes[pictureOffsetBytes + START_CODE_BYTES + 1]! >> 3 & 0b111;
}

/** Whether a configuration is that of MPEG-2: an extension follows the sequence header. */
export function isMpeg2Config(config: Uint8Array): boolean {
  const at = findStartCode(config, START_CODE_BYTES);
  return at >= 0 && config[at + 3] === MPEG12_START_CODE.extension;
}

/**
 * Size of the pictures of a sequence header, in pixels; what extensions add to very large ones is left out.
 *
 * Input: as {@linkcode mpeg12Config} gives it. Spec: ISO/IEC 11172-2 §2.4.2.3.
 *
 * @throws {ParseError} if it is cut.
 */
export function mpeg12VideoSize(
  config: Uint8Array,
): { readonly width: number; readonly height: number } {
  const reader = new BitReader(config, "MPEG-1/2 sequence header");
  reader.skip(32, "sequence_header_code");
  const width = reader.bits(12, "horizontal_size_value");
  return { width, height: reader.bits(12, "vertical_size_value") };
}

/**
 * Takes a sequence header with the extensions right behind it.
 *
 * Input: offset of its start code. Output: a view; undefined if nothing follows it, which may mean that it is cut, or
 * if it is over {@linkcode MAX_PARAMETER_SET_BYTES}.
 */
export function mpeg12Config(
  bytes: Uint8Array,
  sequenceOffsetBytes: number,
): Uint8Array | undefined {
  let end = findStartCode(bytes, sequenceOffsetBytes + START_CODE_BYTES);
  while (end >= 0 && bytes[end + 3] === MPEG12_START_CODE.extension) {
    end = findStartCode(bytes, end + START_CODE_BYTES);
  }
  if (end < 0 || end - sequenceOffsetBytes > MAX_PARAMETER_SET_BYTES) {
    return undefined;
  }
  return bytes.subarray(sequenceOffsetBytes, end);
}

/**
 * Parses a sequence header and the sequence extension of MPEG-2, if there is one.
 *
 * Input: as {@linkcode mpeg12Config} gives it.
 * Spec: ISO/IEC 11172-2 §2.4.2.3, ISO/IEC 13818-2 §6.2.2.1, §6.2.2.3.
 *
 * @throws {ParseError} if it is no sequence header, or cut.
 */
export function parseMpeg12Sequence(config: Uint8Array): Mpeg12Sequence {
  const reader = new BitReader(config, "MPEG-1/2 sequence header");
  const startCode = reader.bits(32, "sequence_header_code");
  if (startCode !== 0x100 + MPEG12_START_CODE.sequenceHeader) {
    throw reader.error(
      `must be 0x1b3, found 0x${startCode.toString(16)}`,
      "sequence_header_code",
    );
  }
  reader.skip(28, "horizontal_size_value");
  const frameRateHz = FRAME_RATES_HZ[reader.bits(4, "frame_rate_code")];
  reader.skip(30, "bit_rate_value");
  skipMatrix(reader, "load_intra_quantiser_matrix");
  skipMatrix(reader, "load_non_intra_quantiser_matrix");
  const at = findStartCode(config, reader.offsetBits >>> 3);
  if (at < 0) return { maxNumReorderFrames: 1, frameRateHz };
  return parseExtension(config.subarray(at + START_CODE_BYTES), frameRateHz);
}

function skipMatrix(reader: BitReader, field: string): void {
  if (reader.flag(field)) reader.skip(QUANTISER_MATRIX_BITS, field);
}

function parseExtension(
  bytes: Uint8Array,
  frameRateHz: number | undefined,
): Mpeg12Sequence {
  const reader = new BitReader(bytes, "MPEG-2 sequence extension");
  const id = reader.bits(4, "extension_start_code_identifier");
  if (id !== SEQUENCE_EXTENSION_ID) {
    return { maxNumReorderFrames: 1, frameRateHz };
  }
  reader.skip(36, "profile_and_level_indication");
  const isLowDelay = reader.flag("low_delay");
  const multiplier = reader.bits(2, "frame_rate_extension_n") + 1;
  const divisor = reader.bits(5, "frame_rate_extension_d") + 1;
  return {
    maxNumReorderFrames: isLowDelay ? 0 : 1,
    frameRateHz: frameRateHz && frameRateHz * multiplier / divisor,
  };
}
