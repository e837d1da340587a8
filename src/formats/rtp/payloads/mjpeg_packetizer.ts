import { assert, ParseError } from "#base/errors.ts";
import { writeU16, writeU32 } from "#base/big_endian.ts";
import { type JpegImage, parseJpegImage } from "#codecs/jpeg/jpeg_image.ts";
import { JPEG_QUANTIZER_TABLE_BYTES } from "#codecs/jpeg/quantizer_tables.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";
import {
  MJPEG_BLOCK_PIXELS,
  MJPEG_HEADER_BYTES,
  MJPEG_RESTART_HEADER_BYTES,
  MJPEG_RESTART_TYPE,
  MJPEG_TABLE_HEADER_BYTES,
} from "./mjpeg_fragments.ts";

/** What 255 blocks make. Spec: RFC 2435 §3.1.5. */
const MAX_SIDE_PIXELS = 2_040;
/** What a fragment offset of 24 bits reaches. Spec: RFC 2435 §3.1.2. */
const MAX_SCAN_BYTES = 1 << 24;
/** The tables come with each image, and may differ from image to image. Spec: RFC 2435 §4.2. */
const Q_OWN_TABLES = 255;
/** F, L and the highest count: fragments do not end at restart markers. Spec: RFC 2435 §3.1.7. */
const RESTART_WHOLE_IMAGE = 0xffff;
const TABLES_BYTES = 2 * JPEG_QUANTIZER_TABLE_BYTES;

/** Room for the headers of a first fragment, and a bit of the scan. */
const MIN_PAYLOAD_BYTES = MJPEG_HEADER_BYTES + MJPEG_RESTART_HEADER_BYTES +
  MJPEG_TABLE_HEADER_BYTES + TABLES_BYTES + 16;

/**
 * Splits JPEG images into RTP payloads.
 *
 * All fragments of an image but the last are of the same, largest size, as UDP segmentation offload wants them.
 * The size of an image is rounded up to blocks of 8 pixels, which is how much of it is coded.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Type-specific |              Fragment Offset                  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      Type     |       Q       |     Width     |     Height    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       Restart Interval        |F|L|       Restart Count       |  types 64 and up
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      MBZ      |   Precision   |             Length            |  first fragment,
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  Q 128 and up
 * ```
 *
 * Limits: sides of 2,040 pixels, 16 MiB of scan.
 * Spec: RFC 2435 §3.1.
 */
export class MjpegPacketizer implements RtpPacketizer {
  #maxPayloadBytes: number;

  /** `maxPayloadBytes`: RTP payload without header. */
  constructor(maxPayloadBytes: number) {
    assert(
      maxPayloadBytes >= MIN_PAYLOAD_BYTES,
      `a payload has room for ${MIN_PAYLOAD_BYTES} bytes`,
    );
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /**
   * Splits the images of one unit.
   *
   * @throws {ParseError} if an image is none, or of a kind or size that this format cannot carry.
   */
  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    for (let i = 0; i < parts.length; i++) {
      this.#fragment(checkedImage(parts[i]!), payloads);
    }
    return payloads;
  }

  /** The fragments stand one behind the other in one allocation. */
  #fragment(image: JpegImage, payloads: RtpPayload[]): void {
    const { scan } = image;
    const maxBytes = this.#maxPayloadBytes;
    const headerBytes = MJPEG_HEADER_BYTES +
      (image.restartIntervalMcus > 0 ? MJPEG_RESTART_HEADER_BYTES : 0);
    const contentBytes = MJPEG_TABLE_HEADER_BYTES + TABLES_BYTES + scan.length;
    const count = Math.ceil(contentBytes / (maxBytes - headerBytes));
    const bytes = new Uint8Array(contentBytes + count * headerBytes);
    let from = 0;
    for (let start = 0; start < bytes.length; start += maxBytes) {
      const end = Math.min(start + maxBytes, bytes.length);
      writeHeader(bytes, start, image);
      writeU32(bytes, start, from);
      let at = start + headerBytes;
      if (start === 0) at = writeTables(bytes, at, image);
      const to = from + end - at;
      bytes.set(scan.subarray(from, to), at);
      from = to;
      payloads.push({
        bytes: bytes.subarray(start, end),
        marker: end === bytes.length,
        offsetTicks: 0,
      });
    }
    assert(from === scan.length, "the fragments hold the whole scan");
  }
}

function checkedImage(bytes: Uint8Array): JpegImage {
  const image = parseJpegImage(bytes);
  const { width, height, scan } = image;
  if (width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS) {
    throw imageError(
      "X",
      `must be up to ${MAX_SIDE_PIXELS} pixels a side, found ${width}x${height}`,
    );
  }
  if (scan.length === 0 || scan.length > MAX_SCAN_BYTES) {
    throw imageError("scan", `is ${scan.length} bytes long`);
  }
  return image;
}

function imageError(field: string, reason: string): ParseError {
  return new ParseError(reason, {
    format: "JPEG image for RTP",
    field,
    offsetBytes: 0,
  });
}

/** Everything but the fragment offset. */
function writeHeader(
  into: Uint8Array,
  offsetBytes: number,
  image: JpegImage,
): void {
  const { restartIntervalMcus } = image;
  const hasRestart = restartIntervalMcus > 0;
  into[offsetBytes + 4] = (image.chromaSubsampling === "4:2:0" ? 1 : 0) +
    (hasRestart ? MJPEG_RESTART_TYPE : 0);
  into[offsetBytes + 5] = Q_OWN_TABLES;
  into[offsetBytes + 6] = Math.ceil(image.width / MJPEG_BLOCK_PIXELS);
  into[offsetBytes + 7] = Math.ceil(image.height / MJPEG_BLOCK_PIXELS);
  if (!hasRestart) return;
  writeU16(into, offsetBytes + 8, restartIntervalMcus);
  writeU16(into, offsetBytes + 10, RESTART_WHOLE_IMAGE);
}

/** Output: the offset behind them. */
function writeTables(
  into: Uint8Array,
  offsetBytes: number,
  { luma, chroma }: JpegImage,
): number {
  writeU32(into, offsetBytes, TABLES_BYTES);
  into.set(luma, offsetBytes + MJPEG_TABLE_HEADER_BYTES);
  into.set(chroma, offsetBytes + MJPEG_TABLE_HEADER_BYTES + luma.length);
  return offsetBytes + MJPEG_TABLE_HEADER_BYTES + TABLES_BYTES;
}
