import { BitReader } from "#base/bit_reader.ts";
import { removeEmulationPrevention } from "#codecs/nal_unit.ts";
import { H264_NAL } from "./nal.ts";

/** Bytes of an SPS that are looked at; VUI ends long before. */
const MAX_SPS_BYTES = 2_048;
const MAX_SPS_ID = 31;
const MAX_POC_CYCLE_FRAMES = 255;
const MAX_REORDER_FRAMES = 16;
const MAX_CPB_COUNT = 32;
const MAX_BIT_DEPTH = 14;
/** Far above level 6.2, whose longest side is 16,880. */
const MAX_SIDE_PIXELS = 32_768;
const MACROBLOCK_PIXELS = 16;

const BASELINE_PROFILE = 66;
const EXTENDED_SAR = 255;
/** Profiles whose SPS has chroma format, bit depths and scaling lists. */
const HIGH_PROFILES = [
  100,
  110,
  122,
  244,
  44,
  83,
  86,
  118,
  128,
  138,
  139,
  134,
  135,
];
/** Profiles that `constraint_set3_flag` limits to intra pictures. */
const INTRA_PROFILES = [44, 86, 100, 110, 122, 244];

/** What a server wants to know of an H.264 sequence parameter set. */
export interface H264Sps {
  readonly id: number;
  readonly profileIdc: number;
  /** `constraint_set0_flag` is the highest bit of the byte. */
  readonly constraintFlags: number;
  /** Ten times the level; 11 with `constraint_set3_flag` may also be level 1b. */
  readonly levelIdc: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLumaBits: number;
  readonly bitDepthChromaBits: number;
  /** Pixels after cropping. */
  readonly width: number;
  /** Pixels after cropping. */
  readonly height: number;
  /** `pic_order_cnt_type`, 0 to 2. */
  readonly picOrderCntType: number;
  /** Frames a second; undefined if the VUI does not tell. */
  readonly frameRateHz: number | undefined;
  /** Frames that may precede another in decoding and follow it in output order; undefined if nothing tells. */
  readonly maxNumReorderFrames: number | undefined;
}

/**
 * Parses a sequence parameter set.
 *
 * Input: the NAL unit, header included, no start code.
 * Limits: sides of 32,768 pixels, 255 frames in the POC cycle, 32 CPB entries.
 * Spec: ITU-T H.264 §7.3.2.1.1, annex E.
 * Deviates: `max_num_reorder_frames` over 16 counts as unknown.
 *
 * @throws {ParseError} if it is not an SPS, is cut or has a value out of range.
 */
export function parseH264Sps(nal: Uint8Array): H264Sps {
  const reader = new BitReader(
    removeEmulationPrevention(nal, MAX_SPS_BYTES),
    "H.264 SPS",
  );
  reader.skip(3, "nal_ref_idc");
  const nalType = reader.bits(5, "nal_unit_type");
  if (nalType !== H264_NAL.sps) {
    throw reader.error(`must be 7, found ${nalType}`, "nal_unit_type");
  }
  const profileIdc = reader.bits(8, "profile_idc");
  const constraintFlags = reader.bits(8, "constraint_set_flags");
  const levelIdc = reader.bits(8, "level_idc");
  const id = limited(reader, "seq_parameter_set_id", MAX_SPS_ID);
  const chroma = HIGH_PROFILES.includes(profileIdc)
    ? parseChroma(reader)
    : { formatIdc: 1, isSeparate: false, lumaBits: 8, chromaBits: 8 };
  reader.unsignedGolomb("log2_max_frame_num_minus4");
  const picOrderCntType = parsePicOrderCnt(reader);
  reader.unsignedGolomb("max_num_ref_frames");
  reader.flag("gaps_in_frame_num_value_allowed_flag");
  const size = parseSize(reader, chroma.isSeparate ? 0 : chroma.formatIdc);
  const vui = reader.flag("vui_parameters_present_flag")
    ? parseVui(reader)
    : NO_VUI;
  const isIntraOnly = INTRA_PROFILES.includes(profileIdc) &&
    (constraintFlags & 0b0001_0000) !== 0;
  const hasOutputOrder = picOrderCntType === 2 || isIntraOnly ||
    profileIdc === BASELINE_PROFILE;
  return {
    id,
    profileIdc,
    constraintFlags,
    levelIdc,
    chromaFormatIdc: chroma.formatIdc,
    bitDepthLumaBits: chroma.lumaBits,
    bitDepthChromaBits: chroma.chromaBits,
    width: size.width,
    height: size.height,
    picOrderCntType,
    frameRateHz: vui.frameRateHz,
    maxNumReorderFrames: hasOutputOrder ? 0 : vui.maxNumReorderFrames,
  };
}

function limited(reader: BitReader, field: string, max: number): number {
  const value = reader.unsignedGolomb(field);
  if (value > max) {
    throw reader.error(`must be at most ${max}, found ${value}`, field);
  }
  return value;
}

interface Chroma {
  formatIdc: number;
  isSeparate: boolean;
  lumaBits: number;
  chromaBits: number;
}

function parseChroma(reader: BitReader): Chroma {
  const formatIdc = limited(reader, "chroma_format_idc", 3);
  const isSeparate = formatIdc === 3 &&
    reader.flag("separate_colour_plane_flag");
  const lumaBits = 8 +
    limited(reader, "bit_depth_luma_minus8", MAX_BIT_DEPTH - 8);
  const chromaBits = 8 +
    limited(reader, "bit_depth_chroma_minus8", MAX_BIT_DEPTH - 8);
  reader.flag("qpprime_y_zero_transform_bypass_flag");
  if (reader.flag("seq_scaling_matrix_present_flag")) {
    const listCount = formatIdc === 3 ? 12 : 8;
    for (let i = 0; i < listCount; i++) {
      if (reader.flag(`seq_scaling_list_present_flag[${i}]`)) {
        skipScalingList(reader, i < 6 ? 16 : 64);
      }
    }
  }
  return { formatIdc, isSeparate, lumaBits, chromaBits };
}

function skipScalingList(reader: BitReader, valueCount: number): void {
  let last = 8;
  for (let i = 0; i < valueCount; i++) {
    last = (last + reader.signedGolomb("delta_scale")) & 0xff;
    if (last === 0) return;
  }
}

function parsePicOrderCnt(reader: BitReader): number {
  const type = limited(reader, "pic_order_cnt_type", 2);
  if (type === 0) {
    reader.unsignedGolomb("log2_max_pic_order_cnt_lsb_minus4");
  } else if (type === 1) {
    reader.flag("delta_pic_order_always_zero_flag");
    reader.signedGolomb("offset_for_non_ref_pic");
    reader.signedGolomb("offset_for_top_to_bottom_field");
    const field = "num_ref_frames_in_pic_order_cnt_cycle";
    const frameCount = limited(reader, field, MAX_POC_CYCLE_FRAMES);
    for (let i = 0; i < frameCount; i++) {
      reader.signedGolomb(`offset_for_ref_frame[${i}]`);
    }
  }
  return type;
}

/** `chromaArrayType`: 0 if planes are separate or there is no chroma, else the chroma format. */
function parseSize(
  reader: BitReader,
  chromaArrayType: number,
): { width: number; height: number } {
  const maxUnits = MAX_SIDE_PIXELS / MACROBLOCK_PIXELS - 1;
  const widthField = "pic_width_in_mbs_minus1";
  const heightField = "pic_height_in_map_units_minus1";
  const widthMbs = limited(reader, widthField, maxUnits) + 1;
  const mapUnits = limited(reader, heightField, maxUnits) + 1;
  const fieldsPerUnit = reader.flag("frame_mbs_only_flag") ? 1 : 2;
  if (fieldsPerUnit === 2) reader.flag("mb_adaptive_frame_field_flag");
  reader.flag("direct_8x8_inference_flag");
  let width = widthMbs * MACROBLOCK_PIXELS;
  let height = mapUnits * MACROBLOCK_PIXELS * fieldsPerUnit;
  if (reader.flag("frame_cropping_flag")) {
    const hasHalfWidth = chromaArrayType === 1 || chromaArrayType === 2;
    const stepX = hasHalfWidth ? 2 : 1;
    const stepY = (chromaArrayType === 1 ? 2 : 1) * fieldsPerUnit;
    width -= stepX * reader.unsignedGolomb("frame_crop_left_offset");
    width -= stepX * reader.unsignedGolomb("frame_crop_right_offset");
    height -= stepY * reader.unsignedGolomb("frame_crop_top_offset");
    height -= stepY * reader.unsignedGolomb("frame_crop_bottom_offset");
    if (width <= 0 || height <= 0) {
      throw reader.error(`leaves ${width}x${height} pixels`, "frame_crop");
    }
  }
  return { width, height };
}

interface Vui {
  frameRateHz: number | undefined;
  maxNumReorderFrames: number | undefined;
}

const NO_VUI: Vui = { frameRateHz: undefined, maxNumReorderFrames: undefined };

function parseVui(reader: BitReader): Vui {
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
  const frameRateHz = reader.flag("timing_info_present_flag")
    ? parseFrameRate(reader)
    : undefined;
  const hasNalHrd = reader.flag("nal_hrd_parameters_present_flag");
  if (hasNalHrd) skipHrd(reader);
  const hasVclHrd = reader.flag("vcl_hrd_parameters_present_flag");
  if (hasVclHrd) skipHrd(reader);
  if (hasNalHrd || hasVclHrd) reader.flag("low_delay_hrd_flag");
  reader.flag("pic_struct_present_flag");
  const maxNumReorderFrames = reader.flag("bitstream_restriction_flag")
    ? parseReorderFrames(reader)
    : undefined;
  return { frameRateHz, maxNumReorderFrames };
}

function parseFrameRate(reader: BitReader): number | undefined {
  const numUnitsInTick = reader.bits(32, "num_units_in_tick");
  const timeScale = reader.bits(32, "time_scale");
  reader.flag("fixed_frame_rate_flag");
  if (numUnitsInTick === 0 || timeScale === 0) return undefined;
  return timeScale / (2 * numUnitsInTick);
}

function skipHrd(reader: BitReader): void {
  const count = limited(reader, "cpb_cnt_minus1", MAX_CPB_COUNT - 1) + 1;
  reader.skip(8, "bit_rate_scale");
  for (let i = 0; i < count; i++) {
    reader.unsignedGolomb(`bit_rate_value_minus1[${i}]`);
    reader.unsignedGolomb(`cpb_size_value_minus1[${i}]`);
    reader.flag(`cbr_flag[${i}]`);
  }
  reader.skip(20, "initial_cpb_removal_delay_length_minus1");
}

function parseReorderFrames(reader: BitReader): number | undefined {
  reader.flag("motion_vectors_over_pic_boundaries_flag");
  reader.unsignedGolomb("max_bytes_per_pic_denom");
  reader.unsignedGolomb("max_bits_per_mb_denom");
  reader.unsignedGolomb("log2_max_mv_length_horizontal");
  reader.unsignedGolomb("log2_max_mv_length_vertical");
  const frames = reader.unsignedGolomb("max_num_reorder_frames");
  return frames <= MAX_REORDER_FRAMES ? frames : undefined;
}
