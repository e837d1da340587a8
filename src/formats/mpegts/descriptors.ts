import { ByteReader } from "#base/byte_reader.ts";
import { readU32 } from "#base/big_endian.ts";

/** Descriptors of one stream. */
export const MAX_DESCRIPTORS = 32;

const REGISTRATION_TAG = 0x05;
/** `descriptor_tag` of an extension descriptor. Spec: ETSI EN 300 468 §6.2.16. */
export const EXTENSION_DESCRIPTOR_TAG = 0x7f;
const FORMAT_IDENTIFIER_BYTES = 4;

/** One descriptor of a program map. Spec: ISO/IEC 13818-1 §2.6. */
export interface Descriptor {
  readonly tag: number;
  /** What stands behind tag and length. */
  readonly data: Uint8Array;
}

/**
 * Parses a run of descriptors.
 *
 * Output: `data` are views. Limits: {@linkcode MAX_DESCRIPTORS}.
 *
 * @throws {ParseError} if one is cut, or there are too many.
 */
export function readDescriptors(bytes: Uint8Array): Descriptor[] {
  const reader = new ByteReader(bytes, "descriptors");
  const descriptors: Descriptor[] = [];
  while (reader.remainingBytes > 0) {
    const field = `descriptors[${descriptors.length}]`;
    const tag = reader.u8(`${field}.descriptor_tag`);
    const lengthBytes = reader.u8(`${field}.descriptor_length`);
    if (descriptors.length === MAX_DESCRIPTORS) {
      throw reader.error(`must be at most ${MAX_DESCRIPTORS}`, "descriptors");
    }
    descriptors.push({ tag, data: reader.take(lengthBytes, field) });
  }
  return descriptors;
}

/** Whether a registration descriptor names this format, four characters. Spec: ISO/IEC 13818-1 §2.6.8. */
export function isRegisteredAs(
  descriptors: readonly Descriptor[],
  format: string,
): boolean {
  return descriptors.some(({ tag, data }) =>
    tag === REGISTRATION_TAG && data.length >= FORMAT_IDENTIFIER_BYTES &&
    readU32(data, 0) === formatIdentifier(format)
  );
}

/**
 * What an extension descriptor with this `extension_descriptor_tag` holds behind it.
 *
 * Output: a view; undefined if there is none. Spec: ISO/IEC 13818-1 §2.6.90, ETSI EN 300 468 §6.2.16.
 */
export function extensionOf(
  descriptors: readonly Descriptor[],
  extensionTag: number,
): Uint8Array | undefined {
  return descriptors.find(({ tag, data }) =>
    tag === EXTENSION_DESCRIPTOR_TAG && data[0] === extensionTag
  )?.data.subarray(1);
}

/** Four characters as a `format_identifier`. */
export function formatIdentifier(format: string): number {
  return readU32(new TextEncoder().encode(format), 0);
}

/** Serialises a descriptor. Input: at most 255 bytes of data. */
export function descriptorOf(tag: number, data: Uint8Array): Uint8Array {
  return Uint8Array.of(tag, data.length, ...data);
}

/** Serialises a registration descriptor of a format, four characters. Spec: ISO/IEC 13818-1 §2.6.8. */
export function formatDescriptor(format: string): Uint8Array {
  return descriptorOf(REGISTRATION_TAG, new TextEncoder().encode(format));
}
