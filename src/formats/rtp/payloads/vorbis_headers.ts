import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";

/** Longest packed configuration that is read; a single one stays below, as its length has 16 bits. */
export const MAX_VORBIS_CONFIGURATION_BYTES = 128 * 1_024;

/** Length field of packed headers. */
const MAX_HEADERS_BYTES = 65_535;
/** Identification, comment and setup header. */
const HEADER_COUNT = 3;
/** Bytes of a variable-length number that can be needed. */
const MAX_NUMBER_BYTES = 4;

/** Number of packed headers, Ident and length: what stands in front of headers only out of band. */
const OUT_OF_BAND_BYTES = 4 + 3 + 2;

/** The first packed headers of a configuration. Spec: RFC 5215 §3.2.1. */
export interface VorbisHeaders {
  /** Ident of the packets that go with them, 24 bits. */
  readonly ident: number;
  /** Identification header. */
  readonly identification: Uint8Array;
  /** Setup header. */
  readonly setup: Uint8Array;
}

/**
 * Parses the packed headers of a `configuration` parameter.
 *
 * Output: views.
 * Limits: one set of headers is read, of three headers.
 * Spec: RFC 5215 §3.2.1.
 * Deviates: the length field is not believed, senders count differently.
 *
 * @throws {ParseError} if they are cut or not three.
 */
export function parseVorbisConfiguration(
  configuration: Uint8Array,
): VorbisHeaders {
  const reader = new ByteReader(configuration, "Vorbis packed configuration");
  const packedCount = reader.u32("number of packed headers");
  if (packedCount === 0) {
    throw reader.error("must be over 0, found 0", "number of packed headers");
  }
  const ident = reader.u24("Ident");
  reader.u16("length");
  const [identification, , setup] = takeHeaders(reader);
  return { ident, identification: identification!, setup: setup! };
}

/** The last header takes the rest. */
function takeHeaders(reader: ByteReader): Uint8Array[] {
  const restCount = reader.u8("n. of headers");
  if (restCount !== HEADER_COUNT - 1) {
    throw reader.error(
      `must be ${HEADER_COUNT - 1}, found ${restCount}`,
      "n. of headers",
    );
  }
  const firstBytes = readNumber(reader, "length1");
  const secondBytes = readNumber(reader, "length2");
  return [
    reader.take(firstBytes, "identification header"),
    reader.take(secondBytes, "comment header"),
    reader.takeRest("setup header"),
  ];
}

/** Seven bits a byte, most significant first, the high bit set where more follow. */
function readNumber(reader: ByteReader, field: string): number {
  let value = 0;
  for (let i = 0; i < MAX_NUMBER_BYTES; i++) {
    const byte = reader.u8(field);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  throw reader.error(`is longer than ${MAX_NUMBER_BYTES} bytes`, field);
}

/**
 * Makes a `configuration` parameter from packed headers that came in a packet.
 *
 * Input: `packed`: number of headers, their lengths, headers.
 * Output: owned.
 * Spec: RFC 5215 §3.1.1, §3.2.1.
 *
 * @throws {ParseError} if they are cut, not three, or longer than their length field can tell.
 */
export function configurationFromPacket(
  packed: Uint8Array,
  ident: number,
): Uint8Array {
  const reader = new ByteReader(packed, "Vorbis in-band configuration");
  const headers = takeHeaders(reader);
  const headersBytes = headers.reduce((sum, one) => sum + one.length, 0);
  if (headersBytes > MAX_HEADERS_BYTES) {
    throw reader.error(
      `must be at most ${MAX_HEADERS_BYTES} bytes, found ${headersBytes}`,
      "headers",
    );
  }
  return new ByteWriter().u32(1).u24(ident).u16(headersBytes).bytes(packed)
    .finish();
}

/** Whether two configurations have the same headers under the same Ident, whatever their length fields say. */
export function isSameVorbisConfiguration(
  a: Uint8Array,
  b: Uint8Array,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const isLength = i === OUT_OF_BAND_BYTES - 2 || i === OUT_OF_BAND_BYTES - 1;
    if (!isLength && a[i] !== b[i]) return false;
  }
  return true;
}
