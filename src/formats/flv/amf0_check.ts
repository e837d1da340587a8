import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { simplifyAmf3 } from "./amf3.ts";
import {
  AMF0_MARKER,
  AMF_TEXT_DECODER,
  MAX_AMF0_DEPTH,
  MAX_AMF0_ELEMENTS,
  MAX_AMF0_NAME_BYTES,
  MAX_AMF0_STRING_BYTES,
  takeUtf8,
} from "./amf_format.ts";

const NUMBER_BYTES = 8;
const TIME_ZONE_BYTES = 2;

/** A finished object or array, for references to it. */
interface Container {
  /** Where its simplified form begins and ends in what was written. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** Values in it. */
  readonly elements: number;
  readonly stringBytes: number;
}

/**
 * Checks AMF0 values and rewrites them in the few types that a plain decoder gets right.
 *
 * Output: number, boolean, string, object, null, undefined, strict array and long string only. ECMA arrays and
 * typed objects become objects, dates numbers (milliseconds since the epoch, the time zone is dropped), XML
 * becomes a long string, a reference a copy of what it means, an AMF3 value one of these types.
 * Limits: the constants of `amf_format.ts`; a copy made for a reference counts again.
 * Spec: AMF 0 §2, §3.1.
 *
 * @throws {ParseError} if a type is unknown or not allowed, a value is cut, text is not UTF-8, a reference does not
 * mean a finished object or array, a property has no name or the name `__proto__`, or a limit is passed.
 */
export function simplifyAmf0(
  bytes: Uint8Array,
  format: string,
): Uint8Array<ArrayBuffer> {
  return new Amf0Walk(new ByteReader(bytes, format)).run();
}

class Amf0Walk {
  #reader: ByteReader;
  #writer = new ByteWriter();
  #depth = 0;
  #elements = 0;
  #stringBytes = 0;
  /** Objects and arrays in the order in which they began; undefined while open. */
  #containers: (Container | undefined)[] = [];
  #amf3Budget = {
    count: (elements: number, stringBytes: number, field: string) =>
      this.#count(elements, stringBytes, field),
    enter: (field: string) => this.#enter(field),
    leave: () => void this.#depth--,
  };

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  run(): Uint8Array<ArrayBuffer> {
    for (let i = 0; this.#reader.remainingBytes > 0; i++) {
      const field = `values[${i}]`;
      this.#value(this.#reader.u8(`${field}.marker`), field);
    }
    return this.#writer.finish();
  }

  #value(marker: number, field: string): void {
    this.#count(1, 0, field);
    switch (marker) {
      case AMF0_MARKER.number:
        return this.#scalar(marker, NUMBER_BYTES, field);
      case AMF0_MARKER.boolean:
        return this.#scalar(marker, 1, field);
      case AMF0_MARKER.null:
      case AMF0_MARKER.undefined:
        return this.#scalar(marker, 0, field);
      case AMF0_MARKER.unsupported:
        return this.#scalar(AMF0_MARKER.undefined, 0, field);
      case AMF0_MARKER.date:
        this.#scalar(AMF0_MARKER.number, NUMBER_BYTES, field);
        this.#reader.take(TIME_ZONE_BYTES, `${field}.timeZone`);
        return;
      case AMF0_MARKER.string: {
        const text = this.#text(this.#reader.u16(`${field}.length`), field);
        this.#writer.u8(marker).u16(text.length).bytes(text);
        return;
      }
      case AMF0_MARKER.longString:
      case AMF0_MARKER.xmlDocument: {
        const text = this.#text(this.#reader.u32(`${field}.length`), field);
        this.#writer.u8(AMF0_MARKER.longString).u32(text.length).bytes(text);
        return;
      }
      case AMF0_MARKER.reference:
        return this.#reference(field);
      case AMF0_MARKER.avmPlus:
        return simplifyAmf3(
          this.#reader,
          this.#writer,
          this.#amf3Budget,
          field,
        );
      case AMF0_MARKER.typedObject:
      case AMF0_MARKER.ecmaArray:
      case AMF0_MARKER.object:
      case AMF0_MARKER.strictArray:
        return this.#container(marker, field);
      default:
        throw this.#reader.error(
          `must be a known type, found ${marker}`,
          field,
        );
    }
  }

  #scalar(marker: number, lengthBytes: number, field: string): void {
    this.#writer.u8(marker).bytes(this.#reader.take(lengthBytes, field));
  }

  #text(lengthBytes: number, field: string): Uint8Array {
    this.#count(0, lengthBytes, field);
    return takeUtf8(this.#reader, lengthBytes, field);
  }

  #container(marker: number, field: string): void {
    this.#enter(field);
    const index = this.#containers.push(undefined) - 1;
    const startBytes = this.#writer.lengthBytes;
    const elements = this.#elements;
    const stringBytes = this.#stringBytes;
    if (marker === AMF0_MARKER.strictArray) this.#strictArray(field);
    else this.#object(marker, field);
    this.#containers[index] = {
      startBytes,
      endBytes: this.#writer.lengthBytes,
      elements: this.#elements - elements,
      stringBytes: this.#stringBytes - stringBytes,
    };
    this.#depth--;
  }

  #enter(field: string): void {
    if (++this.#depth > MAX_AMF0_DEPTH) {
      throw this.#reader.error(
        `must not be deeper than ${MAX_AMF0_DEPTH} levels`,
        field,
      );
    }
  }

  #object(marker: number, field: string): void {
    if (marker === AMF0_MARKER.typedObject) {
      this.#text(this.#reader.u16(`${field}.className.length`), field);
    } else if (marker === AMF0_MARKER.ecmaArray) {
      this.#reader.u32(`${field}.count`); // a hint only: the end marker counts
    }
    this.#writer.u8(AMF0_MARKER.object);
    for (let i = 0;; i++) {
      const property = `${field}.properties[${i}]`;
      const name = this.#name(property);
      const valueMarker = this.#reader.u8(`${property}.marker`);
      this.#writer.u16(name.length).bytes(name);
      if (name.length === 0) {
        if (valueMarker !== AMF0_MARKER.objectEnd) {
          throw this.#reader.error("must have a name", property);
        }
        this.#writer.u8(valueMarker);
        return;
      }
      this.#value(valueMarker, property);
    }
  }

  #name(property: string): Uint8Array {
    const field = `${property}.name`;
    const lengthBytes = this.#reader.u16(`${field}.length`);
    if (lengthBytes > MAX_AMF0_NAME_BYTES) {
      throw this.#reader.error(
        `must have at most ${MAX_AMF0_NAME_BYTES} bytes, found ${lengthBytes}`,
        field,
      );
    }
    const name = this.#text(lengthBytes, field);
    if (lengthBytes === 9 && AMF_TEXT_DECODER.decode(name) === "__proto__") {
      throw this.#reader.error("must not be __proto__", field);
    }
    return name;
  }

  #strictArray(field: string): void {
    const count = this.#reader.u32(`${field}.count`);
    if (count > MAX_AMF0_ELEMENTS - this.#elements) {
      throw this.#reader.error(
        `must be within the limit, found ${count}`,
        field,
      );
    }
    this.#writer.u8(AMF0_MARKER.strictArray).u32(count);
    for (let i = 0; i < count; i++) {
      const element = `${field}[${i}]`;
      this.#value(this.#reader.u8(`${element}.marker`), element);
    }
  }

  #reference(field: string): void {
    const index = this.#reader.u16(`${field}.reference`);
    const container = this.#containers[index];
    if (container === undefined) {
      throw this.#reader.error(
        `must mean a finished object, found reference ${index}`,
        field,
      );
    }
    const { startBytes, endBytes, elements, stringBytes } = container;
    this.#count(elements, stringBytes, field);
    this.#writer.bytes(this.#writer.finish().subarray(startBytes, endBytes));
  }

  #count(elements: number, stringBytes: number, field: string): void {
    this.#elements += elements;
    this.#stringBytes += stringBytes;
    if (this.#elements > MAX_AMF0_ELEMENTS) {
      throw this.#reader.error(
        `must not be value ${this.#elements}, at most ${MAX_AMF0_ELEMENTS} are allowed`,
        field,
      );
    }
    if (this.#stringBytes > MAX_AMF0_STRING_BYTES) {
      throw this.#reader.error(
        `must not make ${this.#stringBytes} bytes of text, at most ${MAX_AMF0_STRING_BYTES} are allowed`,
        field,
      );
    }
  }
}
