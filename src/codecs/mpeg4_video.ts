import { BitReader } from "#base/bit_reader.ts";
import { ParseError } from "#base/errors.ts";
import { findStartCode, START_CODE_BYTES } from "./start_code.ts";

/** Most bytes of headers before a picture that are taken for configuration. */
export const MAX_MPEG4_CONFIG_BYTES = 16_384;

/** Start codes that matter to a server. Spec: ISO/IEC 14496-2 table 6-3. */
const VIDEO_OBJECT_LAYER_MIN = 0x20;
const VIDEO_OBJECT_LAYER_MAX = 0x2f;
const VISUAL_OBJECT_SEQUENCE = 0xb0;
const GROUP_OF_VOP = 0xb3;
const VOP = 0xb6;

/** `vop_coding_type` of an I-VOP. Spec: ISO/IEC 14496-2 table 6-20. */
export const MPEG4_INTRA_VOP = 0;

/** The one object type of the simple profile, which has no B-VOPs. Spec: ISO/IEC 14496-2 table 6-10. */
const SIMPLE_OBJECT = 1;
/** Its layer has another syntax. */
const FINE_GRANULARITY_SCALABLE_OBJECT = 0x12;
const EXTENDED_PAR = 15;
const RECTANGULAR_SHAPE = 0;
const GRAYSCALE_SHAPE = 3;
/** Width and height with a marker before each. */
const SIZE_BITS = 28;
const VBV_PARAMETERS_BITS = 79;

/** What a server wants to know of a video object layer. */
export interface Mpeg4VideoObjectLayer {
  /** Pictures that may be decoded before and shown after another one; undefined if nothing tells. */
  readonly maxNumReorderFrames: number | undefined;
  /** Pictures a second; undefined if the rate is not fixed. */
  readonly frameRateHz: number | undefined;
}

/**
 * Finds the first group or picture, which is where configuration ends.
 *
 * Hot path. Output: offset of its start code; -1 if there is none.
 */
export function mpeg4PictureOffset(bytes: Uint8Array): number {
  let at = findStartCode(bytes, 0);
  while (at >= 0) {
    const code = bytes[at + 3];
    if (code === VOP || code === GROUP_OF_VOP) return at;
    at = findStartCode(bytes, at + START_CODE_BYTES);
  }
  return -1;
}

/**
 * `vop_coding_type` of the first picture: {@linkcode MPEG4_INTRA_VOP} is where a decoder may start.
 *
 * Hot path. Input: offset of a start code at or before that of the picture, or -1. Output: 0 to 3; -1 if the picture
 * is out of reach.
 * Spec: ISO/IEC 14496-2 §6.2.5.
 */
export function mpeg4VopType(bytes: Uint8Array, fromBytes: number): number {
  let at = fromBytes;
  while (at >= 0 && bytes[at + 3] !== VOP) {
    at = findStartCode(bytes, at + START_CODE_BYTES);
  }
  const first = at < 0 ? undefined : bytes[at + START_CODE_BYTES];
  return first === undefined ? -1 : first >> 6;
}

/**
 * Takes the configuration out of what stands before the first picture of a frame.
 *
 * Output: a view that begins with a start code; undefined if there is no video object layer, or over
 * {@linkcode MAX_MPEG4_CONFIG_BYTES}.
 */
export function mpeg4Config(headers: Uint8Array): Uint8Array | undefined {
  if (headers.length > MAX_MPEG4_CONFIG_BYTES) return undefined;
  if (layerOffset(headers) < 0) return undefined;
  return headers.subarray(findStartCode(headers, 0));
}

/** `profile_and_level_indication` of a configuration; undefined if it has none. Spec: ISO/IEC 14496-2 §6.2.2. */
export function mpeg4ProfileLevelId(config: Uint8Array): number | undefined {
  const at = findStartCode(config, 0);
  return at >= 0 && config[at + 3] === VISUAL_OBJECT_SEQUENCE
    ? config[at + START_CODE_BYTES]
    : undefined;
}

/**
 * Parses the video object layer of a configuration, as far as the picture rate.
 *
 * Spec: ISO/IEC 14496-2 §6.2.3.
 *
 * @throws {ParseError} if there is none, it is cut, or its clock stands still.
 */
export function parseMpeg4VideoObjectLayer(
  config: Uint8Array,
): Mpeg4VideoObjectLayer {
  return readLayer(config).layer;
}

/**
 * Size of the pictures, in pixels; undefined if they are not rectangles, or the layer ends before it tells.
 *
 * Input: a configuration. Spec: ISO/IEC 14496-2 §6.2.3.
 *
 * @throws {ParseError} as {@linkcode parseMpeg4VideoObjectLayer}.
 */
export function mpeg4VideoSize(
  config: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  const { shape, reader } = readLayer(config);
  if (shape !== RECTANGULAR_SHAPE || reader.remainingBits < SIZE_BITS) {
    return undefined;
  }
  reader.flag("marker_bit");
  const width = reader.bits(13, "video_object_layer_width");
  reader.flag("marker_bit");
  const height = reader.bits(13, "video_object_layer_height");
  return { width, height };
}

/** A layer as far as the picture rate; the reader stands behind it. */
function readLayer(
  config: Uint8Array,
): {
  readonly layer: Mpeg4VideoObjectLayer;
  /** `video_object_layer_shape`; undefined if the layer has another syntax. */
  readonly shape: number | undefined;
  readonly reader: BitReader;
} {
  const at = layerOffset(config);
  if (at < 0) {
    throw new ParseError("is missing", {
      format: "MPEG-4 Visual configuration",
      field: "video_object_layer_start_code",
      offsetBytes: 0,
    });
  }
  const reader = new BitReader(
    config.subarray(at + START_CODE_BYTES),
    "MPEG-4 video object layer",
  );
  reader.flag("random_accessible_vol");
  const objectType = reader.bits(8, "video_object_type_indication");
  if (objectType === FINE_GRANULARITY_SCALABLE_OBJECT) {
    const layer = { maxNumReorderFrames: undefined, frameRateHz: undefined };
    return { layer, shape: undefined, reader };
  }
  let version = 1;
  if (reader.flag("is_object_layer_identifier")) {
    version = reader.bits(4, "video_object_layer_verid");
    reader.skip(3, "video_object_layer_priority");
  }
  if (reader.bits(4, "aspect_ratio_info") === EXTENDED_PAR) {
    reader.skip(16, "par_width");
  }
  const isLowDelay = parseLowDelay(reader) ?? objectType === SIMPLE_OBJECT;
  const shape = reader.bits(2, "video_object_layer_shape");
  if (shape === GRAYSCALE_SHAPE && version !== 1) {
    reader.skip(4, "video_object_layer_shape_extension");
  }
  const layer = {
    maxNumReorderFrames: isLowDelay ? 0 : 1,
    frameRateHz: parseFrameRate(reader),
  };
  return { layer, shape, reader };
}

/** Undefined if the layer does not tell. */
function parseLowDelay(reader: BitReader): boolean | undefined {
  if (!reader.flag("vol_control_parameters")) return undefined;
  reader.skip(2, "chroma_format");
  const isLowDelay = reader.flag("low_delay");
  if (reader.flag("vbv_parameters")) {
    reader.skip(VBV_PARAMETERS_BITS, "first_half_bit_rate");
  }
  return isLowDelay;
}

function parseFrameRate(reader: BitReader): number | undefined {
  reader.flag("marker_bit");
  const resolutionHz = reader.bits(16, "vop_time_increment_resolution");
  if (resolutionHz === 0) {
    throw reader.error("must be over 0", "vop_time_increment_resolution");
  }
  reader.flag("marker_bit");
  if (!reader.flag("fixed_vop_rate")) return undefined;
  const incrementBits = Math.max(1, 32 - Math.clz32(resolutionHz - 1));
  const increment = reader.bits(incrementBits, "fixed_vop_time_increment");
  return increment === 0 ? undefined : resolutionHz / increment;
}

function layerOffset(bytes: Uint8Array): number {
  let at = findStartCode(bytes, 0);
  while (at >= 0) {
    const code = bytes[at + 3]!;
    if (code >= VIDEO_OBJECT_LAYER_MIN && code <= VIDEO_OBJECT_LAYER_MAX) {
      return at;
    }
    at = findStartCode(bytes, at + START_CODE_BYTES);
  }
  return -1;
}
