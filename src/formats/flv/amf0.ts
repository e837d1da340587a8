import { Buffer } from "node:buffer";
import {
  amf0Decode,
  amf0EncodeOne,
} from "node-media-server/src/protocol/amf.js";
import { ByteWriter } from "#base/byte_writer.ts";
import { assert } from "#base/errors.ts";
import { simplifyAmf0 } from "./amf0_check.ts";
import { AMF0_MARKER, MAX_AMF0_DEPTH } from "./amf_format.ts";

/** A value of AMF0. Dates are numbers: milliseconds since the epoch. */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Amf0Object
  | readonly Amf0Value[];

/** Named values; their order is kept. Look up names from a peer's point of view with {@linkcode amf0Property}. */
export interface Amf0Object {
  readonly [name: string]: Amf0Value;
}

const MAX_SHORT_STRING_BYTES = 0xffff;

/**
 * Parses AMF0 values up to the end of `bytes`.
 *
 * The library decodes numbers, strings and objects well, but not what `amf0_check.ts` rewrites before: ECMA arrays
 * (it takes one byte too many), dates (time zone first), XML, references and broken input of any kind. It works on
 * a `Buffer`, which exists here only.
 *
 * Input: borrowed. `format` names the structure in errors.
 * Limits: those of `amf0_check.ts`.
 * Spec: AMF 0 §2.
 *
 * @throws {ParseError} if the values are malformed or pass a limit.
 */
export function parseAmf0Values(
  bytes: Uint8Array,
  format = "AMF0",
): Amf0Value[] {
  const simple = simplifyAmf0(bytes, format);
  return amf0Decode(Buffer.from(simple.buffer));
}

/**
 * Serialises values one after the other; arrays become strict arrays.
 *
 * Strings and what holds them are written here, because the library counts characters instead of bytes; everything
 * else is the library's.
 *
 * Spec: AMF 0 §2.
 */
export function serializeAmf0Values(
  values: readonly Amf0Value[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const value of values) writeValue(writer, value, 0);
  return writer.finish();
}

/** The property `name` of an object of a peer; undefined if `value` is no object or has none. */
export function amf0Property(value: Amf0Value, name: string): Amf0Value {
  if (!isAmf0Object(value) || !Object.hasOwn(value, name)) return undefined;
  return value[name];
}

/** Whether `value` is an object, which ECMA arrays are, too. */
export function isAmf0Object(value: Amf0Value): value is Amf0Object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeValue(writer: ByteWriter, value: Amf0Value, depth: number): void {
  assert(depth <= MAX_AMF0_DEPTH, "AMF0 values are not deeper than the limit");
  if (typeof value === "string") {
    writeString(writer, value);
  } else if (Array.isArray(value)) {
    writer.u8(AMF0_MARKER.strictArray).u32(value.length);
    for (const element of value) writeValue(writer, element, depth + 1);
  } else if (isAmf0Object(value)) {
    writer.u8(AMF0_MARKER.object);
    for (const [name, property] of Object.entries(value)) {
      const text = new TextEncoder().encode(name);
      writer.u16(text.length).bytes(text);
      writeValue(writer, property, depth + 1);
    }
    writer.u16(0).u8(AMF0_MARKER.objectEnd);
  } else {
    writer.bytes(amf0EncodeOne(value));
  }
}

function writeString(writer: ByteWriter, value: string): void {
  const text = new TextEncoder().encode(value);
  if (text.length <= MAX_SHORT_STRING_BYTES) {
    writer.u8(AMF0_MARKER.string).u16(text.length);
  } else {
    writer.u8(AMF0_MARKER.longString).u32(text.length);
  }
  writer.bytes(text);
}
