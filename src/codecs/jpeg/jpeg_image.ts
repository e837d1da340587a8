import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { JPEG_STANDARD_HUFFMAN_TABLES as STANDARD } from "./huffman_tables.ts";
import {
  JPEG_MARKER,
  JpegHeaderReader,
  type JpegHeaders,
} from "./jpeg_headers.ts";

const FORMAT = "JPEG image";
const MIN_SEGMENT_BYTES = 2;

/** An image taken apart. */
export interface JpegImage extends JpegHeaders {
  /** Entropy-coded data with its restart markers, without EOI; a view. */
  readonly scan: Uint8Array;
}

/**
 * Takes apart a baseline image with three components, one scan and the standard Huffman tables, whether it holds
 * them or leaves them out.
 *
 * Input: the whole image, owned. Output: the scan is a view of it.
 * Spec: ITU-T T.81 annex B.
 * Deviates: a missing EOI is accepted, and so is what follows it.
 *
 * @throws {ParseError} if it is cut before the scan, or any other kind of image.
 */
export function parseJpegImage(bytes: Uint8Array): JpegImage {
  const reader = new ByteReader(bytes, FORMAT);
  if (
    reader.u8("SOI") !== 0xff || reader.u8("SOI") !== JPEG_MARKER.startOfImage
  ) throw reader.error("is missing", "SOI");
  const headers = new JpegHeaderReader(reader);
  let marker = 0;
  while (marker !== JPEG_MARKER.startOfScan) {
    marker = readMarker(reader);
    const name = `segment 0x${marker.toString(16)}`;
    const lengthBytes = reader.u16(name);
    if (lengthBytes < MIN_SEGMENT_BYTES) {
      throw reader.error(`is ${lengthBytes} bytes long`, name);
    }
    const endOffset = reader.offsetBytes + lengthBytes - MIN_SEGMENT_BYTES;
    headers.readSegment(marker, endOffset);
    if (reader.offsetBytes > endOffset) {
      throw reader.error("runs past the end of its segment", name);
    }
    reader.take(endOffset - reader.offsetBytes, name);
  }
  const scanOffset = reader.offsetBytes;
  const scan = bytes.subarray(scanOffset, scanEnd(reader, bytes, scanOffset));
  return { ...headers.finish(), scan };
}

/** Markers that end an image or stand alone cannot come before a scan. */
function readMarker(reader: ByteReader): number {
  if (reader.u8("marker") !== 0xff) {
    throw reader.error("must begin with 0xff", "marker");
  }
  let marker = reader.u8("marker");
  while (marker === 0xff) marker = reader.u8("marker");
  const isAlone = marker >= JPEG_MARKER.restartMin &&
    marker <= JPEG_MARKER.endOfImage;
  if (marker < JPEG_MARKER.baselineFrame || isAlone) {
    throw reader.error(
      `cannot be 0x${marker.toString(16)} before the scan`,
      "marker",
    );
  }
  return marker;
}

/** Where the first marker stands that is none of those for restart; the end of the bytes if there is none. */
function scanEnd(
  reader: ByteReader,
  bytes: Uint8Array,
  scanOffset: number,
): number {
  let at = bytes.indexOf(0xff, scanOffset);
  while (at >= 0 && at + 1 < bytes.length) {
    const next = bytes[at + 1]!;
    const isRestart = next >= JPEG_MARKER.restartMin &&
      next <= JPEG_MARKER.restartMax;
    if (next === JPEG_MARKER.endOfImage) return at;
    if (next !== 0 && next !== 0xff && !isRestart) {
      throw reader.error(
        `must be one scan, found marker 0x${next.toString(16)} in it`,
        "scan",
      );
    }
    at = bytes.indexOf(0xff, next === 0xff ? at + 1 : at + 2);
  }
  return bytes.length;
}

/** JFIF 1.02 without a density and a preview: says that the components are Y, Cb and Cr. */
const JFIF = Uint8Array.fromHex("4a46494600010200000100010000");

const EOI = Uint8Array.of(0xff, JPEG_MARKER.endOfImage);

const HUFFMAN_TABLES = [
  { classAndId: 0x00, table: STANDARD.lumaDc },
  { classAndId: 0x10, table: STANDARD.lumaAc },
  { classAndId: 0x01, table: STANDARD.chromaDc },
  { classAndId: 0x11, table: STANDARD.chromaAc },
] as const;

/**
 * Puts an image together: JFIF, with the standard Huffman tables.
 *
 * Input: a scan with EOI at its end is taken too.
 * Spec: ITU-T T.81 annex B, RFC 2435 appendix B.
 */
export function serializeJpegImage(image: JpegImage): Uint8Array {
  const headers = serializeHeaders(image);
  const { scan } = image;
  const hasEoi = scan.at(-2) === 0xff &&
    scan.at(-1) === JPEG_MARKER.endOfImage;
  const bytes = new Uint8Array(
    headers.length + scan.length + (hasEoi ? 0 : EOI.length),
  );
  bytes.set(headers);
  bytes.set(scan, headers.length);
  if (!hasEoi) bytes.set(EOI, headers.length + scan.length);
  return bytes;
}

function serializeHeaders(headers: JpegHeaders): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(0xff).u8(JPEG_MARKER.startOfImage);
  writeSegment(writer, JPEG_MARKER.application0, JFIF.length).bytes(JFIF);
  const { luma, chroma, restartIntervalMcus } = headers;
  const tableBytes = luma.length + chroma.length;
  writeSegment(writer, JPEG_MARKER.quantizerTables, 2 + tableBytes)
    .u8(0).bytes(luma).u8(1).bytes(chroma);
  if (restartIntervalMcus > 0) {
    writeSegment(writer, JPEG_MARKER.restartInterval, 2)
      .u16(restartIntervalMcus);
  }
  writeSegment(writer, JPEG_MARKER.baselineFrame, 15)
    .u8(8).u16(headers.height).u16(headers.width).u8(3)
    .u24(headers.chromaSubsampling === "4:2:0" ? 0x01_22_00 : 0x01_21_00)
    .u24(0x02_11_01).u24(0x03_11_01);
  let huffmanBytes = 0;
  for (const { table } of HUFFMAN_TABLES) huffmanBytes += 1 + table.length;
  writeSegment(writer, JPEG_MARKER.huffmanTables, huffmanBytes);
  for (const { classAndId, table } of HUFFMAN_TABLES) {
    writer.u8(classAndId).bytes(table);
  }
  return writeSegment(writer, JPEG_MARKER.startOfScan, 10)
    .u8(3).u16(0x01_00).u16(0x02_11).u16(0x03_11).u24(0x00_3f_00)
    .finish();
}

/** Writes marker and length; `contentBytes` have to follow. */
function writeSegment(
  writer: ByteWriter,
  marker: number,
  contentBytes: number,
): ByteWriter {
  return writer.u8(0xff).u8(marker).u16(MIN_SEGMENT_BYTES + contentBytes);
}
