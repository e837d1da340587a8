import type { ByteReader } from "#base/byte_reader.ts";

/** Values of one message, nested ones included. */
export const MAX_AMF0_ELEMENTS = 1_024;

/** Levels of objects and arrays in one message. */
export const MAX_AMF0_DEPTH = 16;

/** Bytes of all strings and property names of one message. */
export const MAX_AMF0_STRING_BYTES = 65_536;

/** Bytes of one property name. */
export const MAX_AMF0_NAME_BYTES = 1_024;

/** Type markers of AMF0 values. Spec: AMF 0 §2.1. */
export const AMF0_MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  avmPlus: 0x11,
} as const;

/** Of text in messages; one that stays with its byte order mark. */
export const AMF_TEXT_DECODER: TextDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** Reads text, as a view. @throws {ParseError} if it is cut or no UTF-8. */
export function takeUtf8(
  reader: ByteReader,
  lengthBytes: number,
  field: string,
): Uint8Array {
  const text = reader.take(lengthBytes, field);
  try {
    AMF_TEXT_DECODER.decode(text);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw reader.error("must be UTF-8", field);
  }
  return text;
}
