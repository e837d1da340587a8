import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type { JpegHeaders } from "#codecs/jpeg/jpeg_headers.ts";
import type { JpegImage } from "#codecs/jpeg/jpeg_image.ts";
import {
  JPEG_QUANTIZER_TABLE_BYTES,
  type JpegQuantizerTables,
  jpegQuantizerTables,
} from "#codecs/jpeg/quantizer_tables.ts";

/** Main header of every fragment. Spec: RFC 2435 §3.1. */
export const MJPEG_HEADER_BYTES = 8;
/** Restart marker header, behind the main one. Spec: RFC 2435 §3.1.7. */
export const MJPEG_RESTART_HEADER_BYTES = 4;
/** Quantization table header, without its tables. Spec: RFC 2435 §3.1.8. */
export const MJPEG_TABLE_HEADER_BYTES = 4;
/** Sides are counted in blocks, in one byte. Spec: RFC 2435 §3.1.5. */
export const MJPEG_BLOCK_PIXELS = 8;
/** Added to the type of an image that has restart markers. Spec: RFC 2435 §3.1.3. */
export const MJPEG_RESTART_TYPE = 64;

/** Subsampling by type. Spec: RFC 2435 §4.1. */
const SUBSAMPLINGS = ["4:2:2", "4:2:0"] as const;
const MAX_COMPUTED_Q = 99;
const MIN_OWN_TABLES_Q = 128;
/** Two are used; what comes behind them is passed over. */
const MAX_QUANTIZER_TABLE_COUNT = 4;

/**
 * Puts the fragments of one image together.
 *
 * Input: the payloads of one unit, in order, owned. Output: views, but for a scan of several fragments.
 * Limits: {@linkcode MAX_QUANTIZER_TABLE_COUNT}; the scan is no longer than the payloads.
 * Spec: RFC 2435 §3.1, §4.
 * Deviates: a single quantization table serves luminance and chrominance.
 *
 * @throws {ParseError} if a fragment is missing or cut, or size or tables do not come with the image.
 */
export function readMjpegFragments(payloads: readonly Uint8Array[]): JpegImage {
  const pieces: Uint8Array[] = [];
  let scanBytes = 0;
  let headers: JpegHeaders | undefined;
  for (const payload of payloads) {
    const reader = new ByteReader(payload, "JPEG RTP payload");
    reader.u8("Type-specific");
    const offsetBytes = reader.u24("Fragment Offset");
    if (offsetBytes !== scanBytes) {
      throw reader.error(
        `must be ${scanBytes}, found ${offsetBytes}`,
        "Fragment Offset",
      );
    }
    const type = reader.u8("Type");
    if (headers === undefined) headers = readFirst(reader, type);
    else {
      reader.take(
        MJPEG_HEADER_BYTES - reader.offsetBytes + restartBytes(type),
        "Restart Marker header",
      );
    }
    const piece = reader.takeRest("scan");
    pieces.push(piece);
    scanBytes += piece.length;
  }
  if (headers === undefined || scanBytes === 0) {
    throw new ParseError("is empty", {
      format: "JPEG RTP payload",
      field: "scan",
      offsetBytes: 0,
    });
  }
  return { ...headers, scan: joinBytes(pieces) };
}

function restartBytes(type: number): number {
  return type >= MJPEG_RESTART_TYPE ? MJPEG_RESTART_HEADER_BYTES : 0;
}

/** Reads the headers of the first fragment, behind its type. */
function readFirst(reader: ByteReader, type: number): JpegHeaders {
  const hasRestart = type >= MJPEG_RESTART_TYPE;
  const chromaSubsampling =
    SUBSAMPLINGS[hasRestart ? type - MJPEG_RESTART_TYPE : type];
  if (chromaSubsampling === undefined) {
    throw reader.error(`must be 0, 1, 64 or 65, found ${type}`, "Type");
  }
  const q = reader.u8("Q");
  const width = readSide(reader, "Width");
  const height = readSide(reader, "Height");
  const restartIntervalMcus = hasRestart ? reader.u16("Restart Interval") : 0;
  if (hasRestart) reader.u16("Restart Count");
  const tables = q >= MIN_OWN_TABLES_Q
    ? readTables(reader)
    : computeTables(reader, q);
  return { width, height, chromaSubsampling, restartIntervalMcus, ...tables };
}

/** In pixels. */
function readSide(reader: ByteReader, field: string): number {
  const blocks = reader.u8(field);
  if (blocks > 0) return blocks * MJPEG_BLOCK_PIXELS;
  throw reader.error("is 0: of over 2,040 pixels, or told elsewhere", field);
}

function computeTables(reader: ByteReader, q: number): JpegQuantizerTables {
  if (q > 0 && q <= MAX_COMPUTED_Q) return jpegQuantizerTables(q);
  throw reader.error(`is reserved: ${q}`, "Q");
}

function readTables(reader: ByteReader): JpegQuantizerTables {
  reader.u8("MBZ");
  const precision = reader.u8("Precision");
  if (precision !== 0) {
    throw reader.error(`must be 8 bits, found ${precision}`, "Precision");
  }
  const lengthBytes = reader.u16("Length");
  const count = lengthBytes / JPEG_QUANTIZER_TABLE_BYTES;
  if (count === 0) {
    throw reader.error("is 0: the tables came with another image", "Length");
  }
  if (!Number.isInteger(count) || count > MAX_QUANTIZER_TABLE_COUNT) {
    throw reader.error(`is no number of tables: ${lengthBytes}`, "Length");
  }
  const tables = reader.take(lengthBytes, "Quantization Table Data");
  const luma = tables.subarray(0, JPEG_QUANTIZER_TABLE_BYTES);
  const chroma = count === 1
    ? luma
    : tables.subarray(luma.length, 2 * luma.length);
  return { luma, chroma };
}
