import { readU16 } from "#base/big_endian.ts";
import { JPEG_MARKER } from "./jpeg_headers.ts";

/** Segments before the frame header that are passed over. */
const MAX_SEGMENTS = 256;

/** Markers from SOF0 on are frame headers, but for three. Spec: ITU-T T.81 table B.1. */
const FRAME_MARKER_MAX = 0xcf;
const NO_FRAME_MARKERS: readonly number[] = [0xc4, 0xc8, 0xcc];

/** Up to the width, from the marker on. */
const FRAME_HEADER_BYTES = 9;

/**
 * Finds the size of an image of any kind, in pixels.
 *
 * Output: undefined if it has no frame header, or one without height.
 * Limits: 256 segments are looked at.
 * Spec: ITU-T T.81 §B.2.2.
 */
export function jpegSize(
  image: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  if (image[0] !== 0xff || image[1] !== JPEG_MARKER.startOfImage) {
    return undefined;
  }
  let at = 2;
  for (let i = 0; i < MAX_SEGMENTS; i++) {
    while (image[at] === 0xff && image[at + 1] === 0xff) at++;
    if (at + FRAME_HEADER_BYTES > image.length || image[at] !== 0xff) {
      return undefined;
    }
    const marker = image[at + 1]!;
    if (marker === JPEG_MARKER.startOfScan) return undefined;
    const isFrame = marker >= JPEG_MARKER.baselineFrame &&
      marker <= FRAME_MARKER_MAX && !NO_FRAME_MARKERS.includes(marker);
    if (isFrame) {
      const height = readU16(image, at + 5);
      const width = readU16(image, at + 7);
      return width === 0 || height === 0 ? undefined : { width, height };
    }
    at += 2 + readU16(image, at + 2);
  }
  return undefined;
}
