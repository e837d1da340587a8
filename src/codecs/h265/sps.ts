import { BitReader } from "#base/bit_reader.ts";
import { removeEmulationPrevention } from "#codecs/nal_unit.ts";
import { golombAt } from "#codecs/exp_golomb.ts";
import { H265_NAL, h265NalType } from "./nal.ts";
import { skipShortTermRefPicSets } from "./ref_pic_sets.ts";

/** Bytes of an SPS that are looked at; VUI timing comes long before. */
const MAX_SPS_BYTES = 4_096;
const MAX_SPS_ID = 15;
/** NAL header, number of sub-layers, general profile, tier and level. */
const HEAD_BYTES = 15;
/** The same with everything that there can be about sub-layers, and an id. */
const MAX_HEAD_BYTES = 128;
const MAX_SUB_LAYERS_MINUS1 = 6;
const MAX_REORDER_PICS = 16;
const MAX_BIT_DEPTH = 16;
const MAX_POC_LSB_BITS = 16;
const MAX_LONG_TERM_REF_PICS = 32;
/** Far above level 6.2, whose longest side is 16,888. */
const MAX_SIDE_PIXELS = 32_768;
const EXTENDED_SAR = 255;

/** Header, ids and flags before `profile_tier_level()`. */
const GENERAL_PROFILE_OFFSET_BYTES = 3;
const GENERAL_PROFILE_BYTES = 12;

/** What a server wants to know of an H.265 sequence parameter set. */
export interface H265Sps {
  readonly id: number;
  /** The 12 bytes of `profile_tier_level()` up to `general_level_idc`, as `hvcC` repeats them. */
  readonly generalProfileTierLevel: Uint8Array;
  readonly profileIdc: number;
  /** 0 Main, 1 High. */
  readonly tierFlag: number;
  /** Thirty times the level. */
  readonly levelIdc: number;
  /** Temporal sub-layers, 1 to 7. */
  readonly subLayerCount: number;
  readonly isTemporalIdNested: boolean;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLumaBits: number;
  readonly bitDepthChromaBits: number;
  /** Pixels inside the conformance window. */
  readonly width: number;
  /** Pixels inside the conformance window. */
  readonly height: number;
  /** Pictures a second; undefined if the VUI does not tell. */
  readonly frameRateHz: number | undefined;
  /** `sps_max_num_reorder_pics` of the highest sub-layer. */
  readonly maxNumReorderFrames: number;
}

/**
 * Parses a sequence parameter set.
 *
 * Input: the NAL unit, header included, no start code.
 * Limits: sides of 32,768 pixels, 64 reference picture sets, 32 long-term pictures.
 * Spec: ITU-T H.265 §7.3.2.2.1, §7.3.3, annex E.
 *
 * @throws {ParseError} if it is not an SPS, is cut or has a value out of range.
 */
export function parseH265Sps(nal: Uint8Array): H265Sps {
  const bytes = removeEmulationPrevention(nal, MAX_SPS_BYTES);
  const reader = new BitReader(bytes, "H.265 SPS");
  const head = parseHead(reader);
  const chromaFormatIdc = limited(reader, "chroma_format_idc", 3);
  const isSeparate = chromaFormatIdc === 3 &&
    reader.flag("separate_colour_plane_flag");
  const size = parseSize(reader, isSeparate ? 0 : chromaFormatIdc);
  const maxExtraBits = MAX_BIT_DEPTH - 8;
  const bitDepthLumaBits = 8 +
    limited(reader, "bit_depth_luma_minus8", maxExtraBits);
  const bitDepthChromaBits = 8 +
    limited(reader, "bit_depth_chroma_minus8", maxExtraBits);
  const pocLsbBits = 4 + limited(
    reader,
    "log2_max_pic_order_cnt_lsb_minus4",
    MAX_POC_LSB_BITS - 4,
  );
  const maxNumReorderFrames = parseReorderPics(reader, head.subLayerCount);
  skipCodingTools(reader);
  skipShortTermRefPicSets(reader);
  if (reader.flag("long_term_ref_pics_present_flag")) {
    const field = "num_long_term_ref_pics_sps";
    const count = limited(reader, field, MAX_LONG_TERM_REF_PICS);
    reader.skip(count * (pocLsbBits + 1), "lt_ref_pic_poc_lsb_sps");
  }
  reader.skip(2, "sps_temporal_mvp_enabled_flag");
  const frameRateHz = reader.flag("vui_parameters_present_flag")
    ? parseVuiFrameRate(reader)
    : undefined;
  return {
    id: head.id,
    generalProfileTierLevel: bytes.slice(
      GENERAL_PROFILE_OFFSET_BYTES,
      GENERAL_PROFILE_OFFSET_BYTES + GENERAL_PROFILE_BYTES,
    ),
    profileIdc: head.profileIdc,
    tierFlag: head.tierFlag,
    levelIdc: head.levelIdc,
    subLayerCount: head.subLayerCount,
    isTemporalIdNested: head.isTemporalIdNested,
    chromaFormatIdc,
    bitDepthLumaBits,
    bitDepthChromaBits,
    width: size.width,
    height: size.height,
    frameRateHz,
    maxNumReorderFrames,
  };
}

/**
 * Reads the id of an SPS.
 *
 * Hot path: no exception. Output: undefined if it is not an SPS, is cut or the id is not allowed.
 * Spec: ITU-T H.265 §7.3.2.2.1.
 */
export function h265SpsId(nal: Uint8Array): number | undefined {
  if (nal.length <= HEAD_BYTES || h265NalType(nal) !== H265_NAL.sps) {
    return undefined;
  }
  const bytes = removeEmulationPrevention(nal, MAX_HEAD_BYTES);
  const subLayersMinus1 = bytes[2]! >> 1 & 0b111;
  if (subLayersMinus1 > MAX_SUB_LAYERS_MINUS1) return undefined;
  let idBits = HEAD_BYTES * 8;
  if (subLayersMinus1 > 0) {
    const presentFlags = bytes[HEAD_BYTES]! << 8 | bytes[HEAD_BYTES + 1]!;
    idBits += 16;
    for (let i = 0; i < subLayersMinus1; i++) {
      const flags = presentFlags >> (14 - 2 * i);
      idBits += (flags & 0b10 ? 88 : 0) + (flags & 0b01 ? 8 : 0);
    }
  }
  const id = golombAt(bytes, idBits);
  return id >= 0 && id <= MAX_SPS_ID ? id : undefined;
}

function limited(reader: BitReader, field: string, max: number): number {
  const value = reader.unsignedGolomb(field);
  if (value > max) {
    throw reader.error(`must be at most ${max}, found ${value}`, field);
  }
  return value;
}

interface SpsHead {
  id: number;
  profileIdc: number;
  tierFlag: number;
  levelIdc: number;
  subLayerCount: number;
  isTemporalIdNested: boolean;
}

/** Everything up to and with the id. */
function parseHead(reader: BitReader): SpsHead {
  reader.skip(1, "forbidden_zero_bit");
  const nalType = reader.bits(6, "nal_unit_type");
  if (nalType !== H265_NAL.sps) {
    throw reader.error(`must be 33, found ${nalType}`, "nal_unit_type");
  }
  reader.skip(9, "nuh_layer_id");
  reader.skip(4, "sps_video_parameter_set_id");
  const subLayersMinus1 = reader.bits(3, "sps_max_sub_layers_minus1");
  if (subLayersMinus1 > MAX_SUB_LAYERS_MINUS1) {
    throw reader.error("must be at most 6, found 7", "max_sub_layers_minus1");
  }
  const isTemporalIdNested = reader.flag("sps_temporal_id_nesting_flag");
  reader.skip(2, "general_profile_space");
  const tierFlag = reader.bits(1, "general_tier_flag");
  const profileIdc = reader.bits(5, "general_profile_idc");
  reader.skip(32 + 48, "general_profile_compatibility_flag");
  const levelIdc = reader.bits(8, "general_level_idc");
  skipSubLayerLevels(reader, subLayersMinus1);
  const id = limited(reader, "sps_seq_parameter_set_id", MAX_SPS_ID);
  const subLayerCount = subLayersMinus1 + 1;
  return {
    id,
    profileIdc,
    tierFlag,
    levelIdc,
    subLayerCount,
    isTemporalIdNested,
  };
}

function skipSubLayerLevels(reader: BitReader, subLayersMinus1: number): void {
  if (subLayersMinus1 === 0) return;
  const presentFlags = reader.bits(16, "sub_layer_profile_present_flag");
  for (let i = 0; i < subLayersMinus1; i++) {
    const flags = presentFlags >> (14 - 2 * i);
    if (flags & 0b10) reader.skip(88, `sub_layer_profile_idc[${i}]`);
    if (flags & 0b01) reader.skip(8, `sub_layer_level_idc[${i}]`);
  }
}

/** `chromaArrayType`: 0 if planes are separate or there is no chroma, else the chroma format. */
function parseSize(
  reader: BitReader,
  chromaArrayType: number,
): { width: number; height: number } {
  let width = limited(reader, "pic_width_in_luma_samples", MAX_SIDE_PIXELS);
  let height = limited(reader, "pic_height_in_luma_samples", MAX_SIDE_PIXELS);
  if (reader.flag("conformance_window_flag")) {
    const hasHalfWidth = chromaArrayType === 1 || chromaArrayType === 2;
    const stepX = hasHalfWidth ? 2 : 1;
    const stepY = chromaArrayType === 1 ? 2 : 1;
    width -= stepX * reader.unsignedGolomb("conf_win_left_offset");
    width -= stepX * reader.unsignedGolomb("conf_win_right_offset");
    height -= stepY * reader.unsignedGolomb("conf_win_top_offset");
    height -= stepY * reader.unsignedGolomb("conf_win_bottom_offset");
  }
  if (width <= 0 || height <= 0) {
    throw reader.error(`leaves ${width}x${height} pixels`, "conf_win");
  }
  return { width, height };
}

function parseReorderPics(reader: BitReader, subLayerCount: number): number {
  const isForEach = reader.flag("sps_sub_layer_ordering_info_present_flag");
  let reorderPics = 0;
  for (let i = isForEach ? 0 : subLayerCount - 1; i < subLayerCount; i++) {
    reader.unsignedGolomb(`sps_max_dec_pic_buffering_minus1[${i}]`);
    const field = `sps_max_num_reorder_pics[${i}]`;
    reorderPics = limited(reader, field, MAX_REORDER_PICS);
    reader.unsignedGolomb(`sps_max_latency_increase_plus1[${i}]`);
  }
  return reorderPics;
}

/** From the block sizes to PCM. */
function skipCodingTools(reader: BitReader): void {
  reader.unsignedGolomb("log2_min_luma_coding_block_size_minus3");
  reader.unsignedGolomb("log2_diff_max_min_luma_coding_block_size");
  reader.unsignedGolomb("log2_min_luma_transform_block_size_minus2");
  reader.unsignedGolomb("log2_diff_max_min_luma_transform_block_size");
  reader.unsignedGolomb("max_transform_hierarchy_depth_inter");
  reader.unsignedGolomb("max_transform_hierarchy_depth_intra");
  if (
    reader.flag("scaling_list_enabled_flag") &&
    reader.flag("sps_scaling_list_data_present_flag")
  ) skipScalingLists(reader);
  reader.skip(2, "amp_enabled_flag");
  if (reader.flag("pcm_enabled_flag")) {
    reader.skip(8, "pcm_sample_bit_depth_luma_minus1");
    reader.unsignedGolomb("log2_min_pcm_luma_coding_block_size_minus3");
    reader.unsignedGolomb("log2_diff_max_min_pcm_luma_coding_block_size");
    reader.skip(1, "pcm_loop_filter_disabled_flag");
  }
}

/** Spec: ITU-T H.265 §7.3.4. */
function skipScalingLists(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    const coefficientCount = Math.min(64, 16 << 2 * sizeId);
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!reader.flag("scaling_list_pred_mode_flag")) {
        reader.unsignedGolomb("scaling_list_pred_matrix_id_delta");
        continue;
      }
      if (sizeId > 1) reader.signedGolomb("scaling_list_dc_coef_minus8");
      for (let i = 0; i < coefficientCount; i++) {
        reader.signedGolomb("scaling_list_delta_coef");
      }
    }
  }
}

/** Reads the VUI up to its timing. Spec: ITU-T H.265 §E.2.1. */
function parseVuiFrameRate(reader: BitReader): number | undefined {
  if (reader.flag("aspect_ratio_info_present_flag")) {
    if (reader.bits(8, "aspect_ratio_idc") === EXTENDED_SAR) {
      reader.skip(32, "sar_width");
    }
  }
  if (reader.flag("overscan_info_present_flag")) {
    reader.flag("overscan_appropriate_flag");
  }
  if (reader.flag("video_signal_type_present_flag")) {
    reader.skip(4, "video_format");
    if (reader.flag("colour_description_present_flag")) {
      reader.skip(24, "colour_primaries");
    }
  }
  if (reader.flag("chroma_loc_info_present_flag")) {
    reader.unsignedGolomb("chroma_sample_loc_type_top_field");
    reader.unsignedGolomb("chroma_sample_loc_type_bottom_field");
  }
  reader.skip(3, "neutral_chroma_indication_flag");
  if (reader.flag("default_display_window_flag")) {
    reader.unsignedGolomb("def_disp_win_left_offset");
    reader.unsignedGolomb("def_disp_win_right_offset");
    reader.unsignedGolomb("def_disp_win_top_offset");
    reader.unsignedGolomb("def_disp_win_bottom_offset");
  }
  if (!reader.flag("vui_timing_info_present_flag")) return undefined;
  const numUnitsInTick = reader.bits(32, "vui_num_units_in_tick");
  const timeScale = reader.bits(32, "vui_time_scale");
  if (numUnitsInTick === 0 || timeScale === 0) return undefined;
  return timeScale / numUnitsInTick;
}
