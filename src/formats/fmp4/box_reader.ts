import { readU32 } from "#base/big_endian.ts";
import type { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { BOX_HEADER_BYTES } from "./box_writer.ts";

/** Boxes that one container may have. */
export const MAX_BOXES = 4_096;

/** Longest header of a box: one with a size of 64 bits. */
export const MAX_BOX_HEADER_BYTES = 16;

/** Says that the size has 64 bits. */
const LARGE_SIZE = 1;
/** Says that the box reaches to the end of what holds it. */
const OPEN_SIZE = 0;

/** What stands in front of a box. Spec: ISO/IEC 14496-12 §4.2. */
export interface BoxHeader {
  /** Four characters of Latin-1. */
  readonly type: string;
  readonly headerBytes: number;
  /** Header and content; Infinity if the box reaches to the end of what holds it. */
  readonly sizeBytes: number;
}

/** A box of a container. */
export interface Box {
  /** Four characters of Latin-1. */
  readonly type: string;
  /** What stands behind the header. */
  readonly body: Uint8Array;
}

/**
 * Reads the header of the box that begins at `at`; the box itself need not be there.
 *
 * Output: undefined if the bytes end before the header does.
 *
 * @throws {ParseError} if the size is less than the header's, or over 2^53.
 */
export function readBoxHeader(
  bytes: Uint8Array,
  at = 0,
): BoxHeader | undefined {
  const leftBytes = bytes.length - at;
  if (leftBytes < BOX_HEADER_BYTES) return undefined;
  const type = fourCcAt(bytes, at + 4);
  let headerBytes = BOX_HEADER_BYTES;
  let sizeBytes = readU32(bytes, at);
  if (sizeBytes === OPEN_SIZE) {
    return { type, headerBytes, sizeBytes: Infinity };
  }
  if (sizeBytes === LARGE_SIZE) {
    headerBytes = MAX_BOX_HEADER_BYTES;
    if (leftBytes < headerBytes) return undefined;
    sizeBytes = readU32(bytes, at + 8) * 2 ** 32 + readU32(bytes, at + 12);
  }
  if (sizeBytes < headerBytes || sizeBytes > Number.MAX_SAFE_INTEGER) {
    throw new ParseError(
      `must be ${headerBytes} to 2^53, found ${sizeBytes}`,
      { format: "MP4 box", field: `${type}.size`, offsetBytes: at },
    );
  }
  return { type, headerBytes, sizeBytes };
}

/**
 * Splits the content of a container into boxes.
 *
 * Output: `body` are views. A run of zero bytes at the end, as QuickTime has it, is passed over.
 * Limits: {@linkcode MAX_BOXES}.
 * Spec: ISO/IEC 14496-12 §4.2.
 *
 * @throws {ParseError} if a box runs past the end, or there are too many.
 */
export function readBoxes(bytes: Uint8Array): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; bytes.length - at >= BOX_HEADER_BYTES;) {
    if (readU32(bytes, at) === 0 && readU32(bytes, at + 4) === 0) break;
    const header = readBoxHeader(bytes, at);
    const leftBytes = bytes.length - at;
    const field = `boxes[${boxes.length}]`;
    const context = { format: "MP4 boxes", field, offsetBytes: at };
    if (header === undefined) throw new ParseError("is cut", context);
    const sizeBytes = header.sizeBytes === Infinity
      ? leftBytes
      : header.sizeBytes;
    if (sizeBytes > leftBytes) {
      throw new ParseError(
        `"${header.type}" needs ${sizeBytes} bytes, ${leftBytes} left`,
        context,
      );
    }
    if (boxes.length === MAX_BOXES) {
      throw new ParseError(`must be at most ${MAX_BOXES}`, context);
    }
    const body = bytes.subarray(at + header.headerBytes, at + sizeBytes);
    boxes.push({ type: header.type, body });
    at += sizeBytes;
  }
  return boxes;
}

/** The first box of a type; undefined if there is none. */
export function findBox(
  boxes: readonly Box[],
  type: string,
): Uint8Array | undefined {
  return boxes.find((box) => box.type === type)?.body;
}

/**
 * The first box of a type.
 *
 * @throws {ParseError} if there is none.
 */
export function needBox(
  boxes: readonly Box[],
  type: string,
  container: string,
): Uint8Array {
  const body = findBox(boxes, type);
  if (body !== undefined) return body;
  throw new ParseError("is missing", {
    format: `MP4 box ${container}`,
    field: type,
    offsetBytes: 0,
  });
}

/** Reads version and flags in front of a full box. @throws {ParseError} if they are cut. */
export function readFullBoxHead(
  reader: ByteReader,
): { readonly version: number; readonly flags: number } {
  const version = reader.u8("version");
  return { version, flags: reader.u24("flags") };
}

/** Reads 64 bits, unsigned; exact up to 2^53. @throws {ParseError} past the end. */
export function readU64(reader: ByteReader, field: string): number {
  return reader.u32(field) * 2 ** 32 + reader.u32(field);
}

/** Reads 32 bits, signed. @throws {ParseError} past the end. */
export function readI32(reader: ByteReader, field: string): number {
  return reader.u32(field) | 0;
}

/** Four characters of Latin-1 at a checked offset. */
export function fourCcAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(
    bytes[at]!,
    bytes[at + 1]!,
    bytes[at + 2]!,
    bytes[at + 3]!,
  );
}
