import { assert, ParseError } from "#base/errors.ts";

/** OBU types that matter to a server. Spec: AV1 §6.2.2. */
export const AV1_OBU = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  frame: 6,
  tileList: 8,
  padding: 15,
} as const;

/** Most OBUs of one temporal unit that are taken from a peer. */
export const MAX_OBUS_PER_UNIT = 1_024;

/** Most bytes of a leb128 number. Spec: AV1 §4.10.5. */
const MAX_LEB128_BYTES = 8;

const FORBIDDEN_BIT = 0b1_0000_000;
const EXTENSION_BIT = 0b100;
const HAS_SIZE_BIT = 0b10;

/** `show_existing_frame`, `frame_type` and `show_frame` of a frame header. Spec: AV1 §5.9.2. */
const FRAME_KIND_MASK = 0b1_11_1_0000;
const SHOWN_KEY_FRAME = 0b0_00_1_0000;

/** `obu_type`, 0 to 15, of the OBU at an offset; 0 (reserved) past the end. */
export function av1ObuType(bytes: Uint8Array, offsetBytes = 0): number {
  return bytes[offsetBytes]! >> 3 & 0b1111;
}

/** Tells whether OBUs of this type mean nothing to a reader: delimiters, tile lists, padding. */
export function isDroppedAv1Obu(obuType: number): boolean {
  return obuType === AV1_OBU.temporalDelimiter ||
    obuType === AV1_OBU.tileList || obuType === AV1_OBU.padding;
}

/**
 * The extension byte, `temporal_id (3) | spatial_id (2) | reserved (3)`, of an OBU; -1 if it has none.
 *
 * Hot path. Spec: AV1 §5.3.3.
 */
export function av1ObuExtension(obu: Uint8Array): number {
  return (obu[0]! & EXTENSION_BIT) === 0 ? -1 : obu[1] ?? -1;
}

/**
 * Tells whether an OBU is a frame, or a frame header, of a key frame that is shown.
 *
 * Hot path. Input: bytes of which the OBU, or its first fragment, is those from `offsetBytes` to `endBytes`.
 * Output: false, too, if the fragment ends before it tells.
 * Spec: AV1 §5.9.2, §7.6.2.
 */
export function isAv1KeyFrame(
  bytes: Uint8Array,
  offsetBytes: number,
  endBytes: number,
): boolean {
  const type = av1ObuType(bytes, offsetBytes);
  if (type !== AV1_OBU.frame && type !== AV1_OBU.frameHeader) return false;
  let at = offsetBytes + obuHeaderBytes(bytes[offsetBytes]!);
  if ((bytes[offsetBytes]! & HAS_SIZE_BIT) !== 0) at += leb128Bytes(bytes, at);
  return at < endBytes && (bytes[at]! & FRAME_KIND_MASK) === SHOWN_KEY_FRAME;
}

/** Bytes of the OBU header without the size field. */
function obuHeaderBytes(header: number): number {
  return (header & EXTENSION_BIT) === 0 ? 1 : 2;
}

/** Bytes of the leb128 number at an offset; 0 if it is cut or has over 8. Hot path. */
export function leb128Bytes(bytes: Uint8Array, offsetBytes: number): number {
  for (let i = 0; i < MAX_LEB128_BYTES; i++) {
    const at = offsetBytes + i;
    if (at >= bytes.length) return 0;
    if (bytes[at]! < 0x80) return i + 1;
  }
  return 0;
}

/**
 * Reads a leb128 number whose length {@linkcode leb128Bytes} has told.
 *
 * Hot path. Output: exact up to 2^53; what is above is still larger than any length can be.
 * Spec: AV1 §4.10.5.
 */
export function readLeb128(
  bytes: Uint8Array,
  offsetBytes: number,
  lengthBytes: number,
): number {
  let value = 0;
  for (let i = lengthBytes - 1; i >= 0; i--) {
    value = value * 0x80 + (bytes[offsetBytes + i]! & 0x7f);
  }
  return value;
}

/** Bytes of the shortest leb128 form of a length. */
export function leb128SizeBytes(value: number): number {
  let sizeBytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) sizeBytes++;
  return sizeBytes;
}

/** Writes a length in its shortest leb128 form. Output: the offset behind it. */
export function writeLeb128(
  into: Uint8Array,
  offsetBytes: number,
  value: number,
): number {
  let at = offsetBytes;
  let rest = value;
  while (rest > 0x7f) {
    into[at++] = 0x80 | rest & 0x7f;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}

/**
 * Splits a low-overhead bitstream, as MP4 and FLV hold it, into OBUs without size field.
 *
 * An OBU that has no size field reaches to the end. Temporal delimiters, tile lists and padding are left out.
 *
 * Hot path. Input: one temporal unit, owned. Output: pushed to `into` and returned; copies of what had a size
 * field, a view of what had none.
 * Limits: {@linkcode MAX_OBUS_PER_UNIT}.
 * Spec: AV1 §5.2, §5.3; AV1 in ISOBMFF §2.4.
 *
 * @throws {ParseError} if a forbidden bit is set, an OBU runs past the end, or there are too many.
 */
export function splitObus(
  bytes: Uint8Array,
  into: Uint8Array[] = [],
): Uint8Array[] {
  for (let at = 0; at < bytes.length;) {
    const header = bytes[at]!;
    if ((header & FORBIDDEN_BIT) !== 0) {
      throw obuError("has its forbidden bit set", into, at);
    }
    const hasSize = (header & HAS_SIZE_BIT) !== 0;
    const headerEnd = at + obuHeaderBytes(header);
    const sizeFieldBytes = hasSize ? leb128Bytes(bytes, headerEnd) : 0;
    if (hasSize && sizeFieldBytes === 0) {
      throw obuError("has no whole size", into, at);
    }
    const payloadAt = headerEnd + sizeFieldBytes;
    const end = hasSize
      ? payloadAt + readLeb128(bytes, headerEnd, sizeFieldBytes)
      : Math.max(payloadAt, bytes.length);
    if (end > bytes.length) {
      const leftBytes = bytes.length - at;
      throw obuError(`needs ${end - at} bytes, ${leftBytes} left`, into, at);
    }
    if (!isDroppedAv1Obu(av1ObuType(bytes, at))) {
      if (into.length === MAX_OBUS_PER_UNIT) {
        throw obuError("is over the limit", into, at);
      }
      into.push(
        hasSize
          ? withoutSize(
            bytes.subarray(at, headerEnd),
            bytes.subarray(payloadAt, end),
          )
          : bytes.subarray(at, end),
      );
    }
    at = end;
  }
  return into;
}

function withoutSize(header: Uint8Array, payload: Uint8Array): Uint8Array {
  const obu = new Uint8Array(header.length + payload.length);
  obu.set(header);
  obu[0]! &= ~HAS_SIZE_BIT;
  obu.set(payload, header.length);
  return obu;
}

function obuError(
  reason: string,
  obus: readonly Uint8Array[],
  offsetBytes: number,
): ParseError {
  const field = `obus[${obus.length}]`;
  return new ParseError(reason, {
    format: "AV1 bitstream",
    field,
    offsetBytes,
  });
}

/**
 * Joins OBUs to a low-overhead bitstream, as MP4 and FLV hold it: each gets a size field.
 *
 * Input: OBUs without size field, none empty.
 * Spec: AV1 §5.2; AV1 in ISOBMFF §2.4.
 */
export function joinObus(
  obus: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  for (const obu of obus) {
    const payloadBytes = obu.length - obuHeaderBytes(obu[0]!);
    sizeBytes += obu.length + leb128SizeBytes(payloadBytes);
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const obu of obus) {
    const headerBytes = obuHeaderBytes(obu[0]!);
    bytes.set(obu.subarray(0, headerBytes), at);
    bytes[at]! |= HAS_SIZE_BIT;
    at = writeLeb128(bytes, at + headerBytes, obu.length - headerBytes);
    bytes.set(obu.subarray(headerBytes), at);
    at += obu.length - headerBytes;
  }
  assert(at === sizeBytes, "a bitstream is filled");
  return bytes;
}
