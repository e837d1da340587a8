import { BitReader } from "#base/bit_reader.ts";
import { assert } from "#base/errors.ts";

/** Most frames of one superframe. Spec: VP9 Annex B. */
export const MAX_VP9_SUPERFRAME_FRAMES = 8;

const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;
const SRGB_COLOR_SPACE = 7;

/** What the uncompressed header of a VP9 key frame tells. */
export interface Vp9KeyFrame {
  /** 0 to 3: odd ones may have other subsampling than 4:2:0, those from 2 on have over 8 bits. */
  readonly profile: number;
  /** Bits a sample: 8, 10 or 12. */
  readonly bitDepth: number;
  /** Chroma has half the width: 1. */
  readonly subsamplingX: number;
  /** Chroma has half the height: 1. */
  readonly subsamplingY: number;
  readonly isFullRange: boolean;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/**
 * Tells whether a frame, or the first one of a superframe, is a key frame, by the first byte of its header.
 *
 * Hot path. Spec: VP9 §6.2.
 */
export function isVp9KeyFrame(firstByte: number): boolean {
  if (firstByte >> 6 !== FRAME_MARKER) return false;
  // show_existing_frame and frame_type; profile 3 has a reserved bit before them.
  const isProfile3 = (firstByte & 0b11_0000) === 0b11_0000;
  return (firstByte >> (isProfile3 ? 1 : 2) & 0b11) === 0;
}

/**
 * Parses the uncompressed header of a key frame, up to the frame's size.
 *
 * Input: a frame or superframe, or its first bytes.
 * Spec: VP9 §6.2.
 *
 * @throws {ParseError} if it is no key frame, or cut.
 */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9KeyFrame {
  const reader = new BitReader(frame, "VP9 uncompressed header");
  const marker = reader.bits(2, "frame_marker");
  if (marker !== FRAME_MARKER) {
    throw reader.error(`must be 2, found ${marker}`, "frame_marker");
  }
  const profile = reader.bits(1, "profile_low_bit") +
    2 * reader.bits(1, "profile_high_bit");
  if (profile === 3) reader.skip(1, "reserved_zero");
  if (reader.flag("show_existing_frame")) {
    throw reader.error("must be 0, found 1", "show_existing_frame");
  }
  if (reader.flag("frame_type")) {
    throw reader.error("must be 0, found 1", "frame_type");
  }
  reader.skip(2, "show_frame");
  const syncCode = reader.bits(24, "frame_sync_code");
  if (syncCode !== SYNC_CODE) {
    throw reader.error(
      `must be ${SYNC_CODE}, found ${syncCode}`,
      "frame_sync_code",
    );
  }
  const bitDepth = readBitDepth(reader, profile);
  const isSrgb = reader.bits(3, "color_space") === SRGB_COLOR_SPACE;
  const isFullRange = isSrgb || reader.flag("color_range");
  const isOddProfile = profile % 2 === 1;
  let subsamplingX = isSrgb ? 0 : 1;
  let subsamplingY = subsamplingX;
  if (isOddProfile && !isSrgb) {
    subsamplingX = reader.bits(1, "subsampling_x");
    subsamplingY = reader.bits(1, "subsampling_y");
  }
  if (isOddProfile) reader.skip(1, "reserved_zero");
  const width = reader.bits(16, "frame_width_minus_1") + 1;
  const height = reader.bits(16, "frame_height_minus_1") + 1;
  return {
    profile,
    bitDepth,
    subsamplingX,
    subsamplingY,
    isFullRange,
    width,
    height,
  };
}

function readBitDepth(reader: BitReader, profile: number): number {
  if (profile < 2) return 8;
  return reader.flag("ten_or_twelve_bit") ? 12 : 10;
}

/**
 * Joins the frames of one picture to a superframe: what a decoder takes as one unit.
 *
 * Input: 1 to {@linkcode MAX_VP9_SUPERFRAME_FRAMES} frames. Output: the frame itself if there is only one.
 * Spec: VP9 Annex B.
 */
export function joinVp9Superframe(frames: readonly Uint8Array[]): Uint8Array {
  assert(
    frames.length > 0 && frames.length <= MAX_VP9_SUPERFRAME_FRAMES,
    `a superframe has 1 to ${MAX_VP9_SUPERFRAME_FRAMES} frames`,
  );
  if (frames.length === 1) return frames[0]!;
  let framesBytes = 0;
  let largestBytes = 0;
  for (const frame of frames) {
    framesBytes += frame.length;
    largestBytes = Math.max(largestBytes, frame.length);
  }
  let sizeFieldBytes = 1;
  while (largestBytes >= 2 ** (8 * sizeFieldBytes)) sizeFieldBytes++;
  const header = 0b110_00_000 | sizeFieldBytes - 1 << 3 | frames.length - 1;
  const indexBytes = 2 + sizeFieldBytes * frames.length;
  const superframe = new Uint8Array(framesBytes + indexBytes);
  let frameAt = 0;
  let at = framesBytes;
  superframe[at++] = header;
  for (const frame of frames) {
    superframe.set(frame, frameAt);
    frameAt += frame.length;
    for (let i = 0; i < sizeFieldBytes; i++) {
      superframe[at++] = frame.length >>> 8 * i;
    }
  }
  superframe[at++] = header;
  assert(at === superframe.length, "a superframe is filled");
  return superframe;
}
