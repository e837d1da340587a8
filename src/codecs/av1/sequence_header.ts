import { BitReader } from "#base/bit_reader.ts";
import { AV1_OBU } from "./obu.ts";

/** Levels from this one on (4.0 and above 3.3) have a tier. Spec: AV1 §5.5.1. */
const MIN_TIERED_LEVEL_IDX = 8;
const MAX_PROFILE = 2;
const SELECT_SCREEN_CONTENT_TOOLS = 2;

const UNSPECIFIED_COLOR = 2;
const BT709_PRIMARIES = 1;
const SRGB_TRANSFER = 13;
const IDENTITY_MATRIX = 0;

/** What a server wants to know of an AV1 sequence header. */
export interface Av1SequenceHeader {
  /** `seq_profile`: 0 main, 1 high, 2 professional. */
  readonly profile: number;
  /** `seq_level_idx` of the first operating point, 0 to 31. */
  readonly levelIdx: number;
  /** `seq_tier` of the first operating point: 0 main, 1 high. */
  readonly tier: number;
  /** Pixels of the largest frame. */
  readonly width: number;
  /** Pixels of the largest frame. */
  readonly height: number;
  readonly color: Av1ColorConfig;
}

/** How the samples of a sequence are to be understood. Spec: AV1 §5.5.2. */
export interface Av1ColorConfig {
  /** Bits a sample: 8, 10 or 12. */
  readonly bitDepth: number;
  readonly isMonochrome: boolean;
  /** Chroma has half the width: 1. */
  readonly subsamplingX: number;
  /** Chroma has half the height: 1. */
  readonly subsamplingY: number;
  /** `chroma_sample_position`, 0 to 3: 0 unknown, 1 vertical, 2 co-located. */
  readonly chromaSamplePosition: number;
  /** Code point of ISO/IEC 23091-2; 2 if unspecified, as the next two. */
  readonly colorPrimaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
  readonly isFullRange: boolean;
}

/**
 * Parses a sequence header OBU.
 *
 * Input: the OBU, header included, without size field.
 * Spec: AV1 §5.5.
 *
 * @throws {ParseError} if it is another OBU, cut, or of a reserved profile.
 */
export function parseAv1SequenceHeader(obu: Uint8Array): Av1SequenceHeader {
  const reader = new BitReader(obu, "AV1 sequence header");
  skipObuHeader(reader);
  const profile = reader.bits(3, "seq_profile");
  if (profile > MAX_PROFILE) {
    throw reader.error(`must be 0 to 2, found ${profile}`, "seq_profile");
  }
  reader.skip(1, "still_picture");
  const isReduced = reader.flag("reduced_still_picture_header");
  const { levelIdx, tier } = isReduced
    ? { levelIdx: reader.bits(5, "seq_level_idx[0]"), tier: 0 }
    : readOperatingPoints(reader);
  const widthBits = reader.bits(4, "frame_width_bits_minus_1") + 1;
  const heightBits = reader.bits(4, "frame_height_bits_minus_1") + 1;
  const width = reader.bits(widthBits, "max_frame_width_minus_1") + 1;
  const height = reader.bits(heightBits, "max_frame_height_minus_1") + 1;
  if (!isReduced && reader.flag("frame_id_numbers_present_flag")) {
    reader.skip(4 + 3, "delta_frame_id_length_minus_2");
  }
  reader.skip(3, "use_128x128_superblock");
  if (!isReduced) skipInterTools(reader);
  reader.skip(3, "enable_superres");
  const color = readColorConfig(reader, profile);
  reader.skip(1, "film_grain_params_present");
  return { profile, levelIdx, tier, width, height, color };
}

function skipObuHeader(reader: BitReader): void {
  reader.skip(1, "obu_forbidden_bit");
  const type = reader.bits(4, "obu_type");
  if (type !== AV1_OBU.sequenceHeader) {
    throw reader.error(`must be 1, found ${type}`, "obu_type");
  }
  const hasExtension = reader.flag("obu_extension_flag");
  if (reader.flag("obu_has_size_field")) {
    throw reader.error("must be 0, found 1", "obu_has_size_field");
  }
  reader.skip(1, "obu_reserved_1bit");
  if (hasExtension) reader.skip(8, "temporal_id");
}

/** Reads up to the operating points, of which the first one counts. */
function readOperatingPoints(
  reader: BitReader,
): { levelIdx: number; tier: number } {
  let levelIdx = 0;
  let tier = 0;
  let delayBits = 0;
  if (reader.flag("timing_info_present_flag")) {
    skipTimingInfo(reader);
    if (reader.flag("decoder_model_info_present_flag")) {
      delayBits = reader.bits(5, "buffer_delay_length_minus_1") + 1;
      reader.skip(32 + 5 + 5, "num_units_in_decoding_tick");
    }
  }
  const hasDisplayDelays = reader.flag("initial_display_delay_present_flag");
  const count = reader.bits(5, "operating_points_cnt_minus_1") + 1;
  for (let i = 0; i < count; i++) {
    reader.skip(12, `operating_point_idc[${i}]`);
    const pointLevelIdx = reader.bits(5, `seq_level_idx[${i}]`);
    const pointTier = pointLevelIdx >= MIN_TIERED_LEVEL_IDX
      ? reader.bits(1, `seq_tier[${i}]`)
      : 0;
    if (i === 0) {
      levelIdx = pointLevelIdx;
      tier = pointTier;
    }
    if (
      delayBits > 0 &&
      reader.flag(`decoder_model_present_for_this_op[${i}]`)
    ) reader.skip(2 * delayBits + 1, `decoder_buffer_delay[${i}]`);
    if (
      hasDisplayDelays &&
      reader.flag(`initial_display_delay_present_for_this_op[${i}]`)
    ) reader.skip(4, `initial_display_delay_minus_1[${i}]`);
  }
  return { levelIdx, tier };
}

function skipTimingInfo(reader: BitReader): void {
  reader.skip(32, "num_units_in_display_tick");
  reader.skip(32, "time_scale");
  if (reader.flag("equal_picture_interval")) {
    reader.unsignedGolomb("num_ticks_per_picture_minus_1");
  }
}

function skipInterTools(reader: BitReader): void {
  reader.skip(4, "enable_interintra_compound");
  const hasOrderHint = reader.flag("enable_order_hint");
  if (hasOrderHint) reader.skip(2, "enable_jnt_comp");
  const screenContentTools = reader.flag("seq_choose_screen_content_tools")
    ? SELECT_SCREEN_CONTENT_TOOLS
    : reader.bits(1, "seq_force_screen_content_tools");
  if (screenContentTools > 0 && !reader.flag("seq_choose_integer_mv")) {
    reader.skip(1, "seq_force_integer_mv");
  }
  if (hasOrderHint) reader.skip(3, "order_hint_bits_minus_1");
}

/** Spec: AV1 §5.5.2. */
function readColorConfig(reader: BitReader, profile: number): Av1ColorConfig {
  const bitDepth = readBitDepth(reader, profile);
  const isMonochrome = profile !== 1 && reader.flag("mono_chrome");
  let colorPrimaries = UNSPECIFIED_COLOR;
  let transferCharacteristics = UNSPECIFIED_COLOR;
  let matrixCoefficients = UNSPECIFIED_COLOR;
  if (reader.flag("color_description_present_flag")) {
    colorPrimaries = reader.bits(8, "color_primaries");
    transferCharacteristics = reader.bits(8, "transfer_characteristics");
    matrixCoefficients = reader.bits(8, "matrix_coefficients");
  }
  let isFullRange = true;
  let subsamplingX = 0;
  let subsamplingY = 0;
  let chromaSamplePosition = 0;
  const isSrgb = colorPrimaries === BT709_PRIMARIES &&
    transferCharacteristics === SRGB_TRANSFER &&
    matrixCoefficients === IDENTITY_MATRIX;
  if (isMonochrome) {
    isFullRange = reader.flag("color_range");
    subsamplingX = 1;
    subsamplingY = 1;
  } else if (!isSrgb) {
    isFullRange = reader.flag("color_range");
    if (profile === 0) {
      subsamplingX = 1;
      subsamplingY = 1;
    } else if (profile === 2) {
      const isChosen = bitDepth === 12;
      subsamplingX = isChosen ? reader.bits(1, "subsampling_x") : 1;
      subsamplingY = isChosen && subsamplingX === 1
        ? reader.bits(1, "subsampling_y")
        : 0;
    }
    if (subsamplingX === 1 && subsamplingY === 1) {
      chromaSamplePosition = reader.bits(2, "chroma_sample_position");
    }
  }
  if (!isMonochrome) reader.skip(1, "separate_uv_delta_q");
  return {
    bitDepth,
    isMonochrome,
    subsamplingX,
    subsamplingY,
    chromaSamplePosition,
    colorPrimaries,
    transferCharacteristics,
    matrixCoefficients,
    isFullRange,
  };
}

function readBitDepth(reader: BitReader, profile: number): number {
  if (!reader.flag("high_bitdepth")) return 8;
  return profile === 2 && reader.flag("twelve_bit") ? 12 : 10;
}
