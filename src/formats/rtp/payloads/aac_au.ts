import { ParseError } from "#base/errors.ts";
import { withoutAdtsHeader } from "#codecs/aac/adts.ts";
import type { AacParameters } from "#codecs/codec.ts";

/** Widths of the fields of an AU-header. Spec: RFC 3640 §3.2.1.1. */
export type AuLayout = NonNullable<AacParameters["rtpLayout"]>;

/** AU-headers-length, in front of the AU-headers. */
const HEADERS_LENGTH_BYTES = 2;
/** Access units that one packet may hold. */
const MAX_AUS_PER_PACKET = 256;
/** A joined access unit; AU-size cannot say more. */
const MAX_JOINED_AU_BYTES = 65_535;

/** Largest access unit that the size field can express. */
export function maxAuBytes(layout: AuLayout): number {
  return 2 ** layout.sizeLengthBits - 1;
}

/** Writes the AU-size of a header into zeroed bytes; the index fields stay 0. Hot path. */
export function writeAuHeader(
  bytes: Uint8Array,
  atBits: number,
  sizeLengthBits: number,
  sizeBytes: number,
): void {
  // At most 16 bits at any bit position: they end within three bytes.
  const aligned = sizeBytes << (24 - sizeLengthBits - (atBits & 7));
  const at = atBits >>> 3;
  bytes[at]! |= aligned >>> 16;
  if (aligned & 0xffff) bytes[at + 1]! |= aligned >>> 8 & 0xff;
  if (aligned & 0xff) bytes[at + 2]! |= aligned & 0xff;
}

/**
 * Takes the access units out of a packet that holds whole ones.
 *
 * Hot path. Output: views.
 * Limits: 256 access units.
 * Spec: RFC 3640 §3.2.
 * Deviates: an access unit that is a whole ADTS frame loses its header, some cameras send that.
 *
 * @throws {ParseError} if the packet is cut, is interleaved or holds a fragment.
 */
export function splitAus(payload: Uint8Array, layout: AuLayout): Uint8Array[] {
  const headersBits = readHeadersBits(payload);
  const { sizeLengthBits, indexLengthBits, indexDeltaLengthBits } = layout;
  const firstBits = sizeLengthBits + indexLengthBits;
  const nextBits = sizeLengthBits + indexDeltaLengthBits;
  const count = 1 + (headersBits - firstBits) / nextBits;
  if (headersBits < firstBits || !Number.isInteger(count)) {
    throw payloadError(
      "AU-headers-length",
      `must be ${firstBits} and a multiple of ${nextBits} bits, found ${headersBits}`,
      0,
    );
  }
  if (count > MAX_AUS_PER_PACKET) {
    throw payloadError(
      "AU-headers-length",
      `must hold at most ${MAX_AUS_PER_PACKET} headers, found ${count}`,
      0,
    );
  }
  const accessUnits: Uint8Array[] = [];
  let atBits = 8 * HEADERS_LENGTH_BYTES;
  let at = HEADERS_LENGTH_BYTES + (headersBits + 7 >>> 3);
  for (let i = 0; i < count; i++) {
    const sizeBytes = readBits(payload, atBits, sizeLengthBits);
    atBits += sizeLengthBits;
    const indexBits = i === 0 ? indexLengthBits : indexDeltaLengthBits;
    if (i > 0 && readBits(payload, atBits, indexBits) !== 0) {
      throw payloadError(
        "AU-Index-delta",
        "must be 0: interleaving is not supported",
        atBits >>> 3,
      );
    }
    atBits += indexBits;
    if (sizeBytes === 0 || sizeBytes > payload.length - at) {
      throw payloadError(
        "AU-size",
        `must be 1 to ${payload.length - at}, found ${sizeBytes}`,
        at,
      );
    }
    accessUnits.push(withoutAdtsHeader(payload.subarray(at, at + sizeBytes)));
    at += sizeBytes;
  }
  return accessUnits;
}

/**
 * Joins an access unit that was fragmented over packets.
 *
 * Output: owned.
 * Limits: 65,535 bytes.
 * Spec: RFC 3640 §3.2.3.
 * Deviates: headers may hold the size of the fragment in place of the whole, as some servers send it.
 *
 * @throws {ParseError} if a packet is cut, a fragment is missing or the limit is passed.
 */
export function joinAuFragments(
  payloads: readonly Uint8Array[],
  layout: AuLayout,
): Uint8Array {
  const headerBits = layout.sizeLengthBits + layout.indexLengthBits;
  const dataAt = HEADERS_LENGTH_BYTES + (headerBits + 7 >>> 3);
  let wholeBytes = 0;
  let statedBytes = 0;
  let isWholeStated = false;
  for (let i = 0; i < payloads.length; i++) {
    const payload = payloads[i]!;
    const headersBits = readHeadersBits(payload);
    if (headersBits !== headerBits) {
      throw payloadError(
        "AU-headers-length",
        `must be ${headerBits} bits for a fragment, found ${headersBits}`,
        0,
      );
    }
    const sizeBytes = readBits(
      payload,
      8 * HEADERS_LENGTH_BYTES,
      layout.sizeLengthBits,
    );
    const dataBytes = payload.length - dataAt;
    if (i === 0) {
      statedBytes = sizeBytes;
      isWholeStated = sizeBytes !== dataBytes;
    }
    const wantedBytes = isWholeStated ? statedBytes : dataBytes;
    if (sizeBytes !== wantedBytes) {
      throw payloadError(
        "AU-size",
        `must be ${wantedBytes}, found ${sizeBytes}`,
        HEADERS_LENGTH_BYTES,
      );
    }
    wholeBytes += dataBytes;
  }
  if (isWholeStated && statedBytes !== wholeBytes) {
    throw payloadError(
      "AU-size",
      `must be ${wholeBytes} as in all fragments, found ${statedBytes}`,
      HEADERS_LENGTH_BYTES,
    );
  }
  if (wholeBytes === 0 || wholeBytes > MAX_JOINED_AU_BYTES) {
    throw payloadError(
      "AU-size",
      `must be 1 to ${MAX_JOINED_AU_BYTES}, found ${wholeBytes}`,
      HEADERS_LENGTH_BYTES,
    );
  }
  const whole = new Uint8Array(wholeBytes);
  let at = 0;
  for (const payload of payloads) {
    whole.set(payload.subarray(dataAt), at);
    at += payload.length - dataAt;
  }
  return withoutAdtsHeader(whole);
}

/** AU-headers-length, once the headers are known to be there. */
function readHeadersBits(payload: Uint8Array): number {
  if (payload.length < HEADERS_LENGTH_BYTES) {
    throw payloadError(
      "AU-headers-length",
      `needs 2 bytes, ${payload.length} left`,
      0,
    );
  }
  const headersBits = payload[0]! << 8 | payload[1]!;
  const restBytes = payload.length - HEADERS_LENGTH_BYTES;
  if (headersBits + 7 >>> 3 > restBytes) {
    throw payloadError(
      "AU-headers",
      `needs ${headersBits} bits, ${restBytes} bytes left`,
      HEADERS_LENGTH_BYTES,
    );
  }
  return headersBits;
}

/** Up to 16 bits that were checked to be there. */
function readBits(
  bytes: Uint8Array,
  atBits: number,
  countBits: number,
): number {
  const at = atBits >>> 3;
  const window = bytes[at]! << 16 | (bytes[at + 1] ?? 0) << 8 |
    (bytes[at + 2] ?? 0);
  return window >>> (24 - (atBits & 7) - countBits) & (1 << countBits) - 1;
}

function payloadError(
  field: string,
  reason: string,
  offsetBytes: number,
): ParseError {
  return new ParseError(reason, {
    format: "mpeg4-generic RTP payload",
    field,
    offsetBytes,
  });
}
