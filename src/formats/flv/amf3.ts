import type { ByteReader } from "#base/byte_reader.ts";
import type { ByteWriter } from "#base/byte_writer.ts";
import {
  AMF0_MARKER,
  AMF_TEXT_DECODER,
  MAX_AMF0_NAME_BYTES,
  takeUtf8,
} from "./amf_format.ts";

/** Type markers of AMF3 values. Spec: AMF 3 §3.1. */
const AMF3_MARKER = {
  undefined: 0x00,
  null: 0x01,
  false: 0x02,
  true: 0x03,
  integer: 0x04,
  double: 0x05,
  string: 0x06,
  xmlDocument: 0x07,
  date: 0x08,
  array: 0x09,
  object: 0x0a,
  xml: 0x0b,
  byteArray: 0x0c,
} as const;

/** Classes that write themselves, and do it with one value. */
const WRAPPER_CLASSES = [
  "flex.messaging.io.ArrayCollection",
  "flex.messaging.io.ObjectProxy",
];

/** What the walk over the values of one message keeps count of. */
export interface AmfBudget {
  /** Counts values and bytes of text. @throws {ParseError} if a limit is passed. */
  count(elements: number, stringBytes: number, field: string): void;
  /** One level deeper. @throws {ParseError} if it is too deep. */
  enter(field: string): void;
  /** One level up again. */
  leave(): void;
}

/** What an object consists of, for objects alike. */
interface Traits {
  readonly className: string;
  readonly isExternalizable: boolean;
  readonly isDynamic: boolean;
  readonly names: readonly Uint8Array[];
}

/** A value that may be referred to: where its simplified form stands. */
interface Written {
  readonly startBytes: number;
  readonly endBytes: number;
  readonly elements: number;
  readonly stringBytes: number;
}

/**
 * Checks the AMF3 value that stands behind the AMF0 marker 0x11 and writes it in the few types that a plain AMF0
 * decoder gets right: number, boolean, string, object, null, undefined and strict array.
 *
 * Dates become numbers, XML strings, byte arrays undefined; arrays with names become objects, a reference a copy.
 *
 * Limits: those of `budget`; a copy made for a reference counts again, names of traits count as values.
 * Spec: AMF 3 §3; AMF 0 §3.1. References reach no further than the value.
 * Deviates: vectors and dictionaries are refused: no encoder sends them in commands.
 *
 * @throws {ParseError} if the value is malformed, of an unknown type, refers to nothing finished, or passes a limit.
 */
export function simplifyAmf3(
  reader: ByteReader,
  writer: ByteWriter,
  budget: AmfBudget,
  field: string,
): void {
  new Amf3Walk(reader, writer, budget).value(field);
}

class Amf3Walk {
  #reader: ByteReader;
  #writer: ByteWriter;
  #budget: AmfBudget;
  #elements = 0;
  #stringBytes = 0;
  #strings: Uint8Array[] = [];
  #traits: Traits[] = [];
  /** In the order in which they began; undefined while open. */
  #written: (Written | undefined)[] = [];

  constructor(reader: ByteReader, writer: ByteWriter, budget: AmfBudget) {
    this.#reader = reader;
    this.#writer = writer;
    this.#budget = budget;
  }

  value(field: string): void {
    this.#count(1, 0, field);
    const marker = this.#reader.u8(`${field}.marker`);
    switch (marker) {
      case AMF3_MARKER.undefined:
        this.#writer.u8(AMF0_MARKER.undefined);
        break;
      case AMF3_MARKER.null:
        this.#writer.u8(AMF0_MARKER.null);
        break;
      case AMF3_MARKER.false:
      case AMF3_MARKER.true:
        this.#writer.u8(AMF0_MARKER.boolean)
          .u8(marker === AMF3_MARKER.true ? 1 : 0);
        break;
      case AMF3_MARKER.integer:
        this.#integer(this.#u29(field));
        break;
      case AMF3_MARKER.double:
        this.#double(field);
        break;
      case AMF3_MARKER.string:
        this.#text(this.#string(field));
        break;
      case AMF3_MARKER.xmlDocument:
      case AMF3_MARKER.xml:
      case AMF3_MARKER.date:
      case AMF3_MARKER.byteArray:
      case AMF3_MARKER.array:
      case AMF3_MARKER.object:
        this.#referable(marker, field);
        break;
      default:
        throw this.#reader.error(
          `must be a known AMF3 type, found ${marker}`,
          field,
        );
    }
  }

  /** A value of a type that has references: its first number is an index, or says that the value follows. */
  #referable(marker: number, field: string): void {
    const head = this.#u29(field);
    if ((head & 1) === 0) return this.#copy(head >>> 1, field);
    const index = this.#written.push(undefined) - 1;
    const startBytes = this.#writer.lengthBytes;
    const elements = this.#elements;
    const stringBytes = this.#stringBytes;
    const rest = head >>> 1;
    this.#budget.enter(field);
    if (marker === AMF3_MARKER.array) this.#array(rest, field);
    else if (marker === AMF3_MARKER.object) this.#object(rest, field);
    else if (marker === AMF3_MARKER.date) this.#double(field);
    else if (marker === AMF3_MARKER.byteArray) {
      this.#reader.take(rest, field);
      this.#writer.u8(AMF0_MARKER.undefined);
    } else this.#text(this.#utf8Bytes(rest, field));
    this.#budget.leave();
    this.#written[index] = {
      startBytes,
      endBytes: this.#writer.lengthBytes,
      elements: this.#elements - elements,
      stringBytes: this.#stringBytes - stringBytes,
    };
  }

  #copy(index: number, field: string): void {
    const written = this.#written[index];
    if (written === undefined) {
      throw this.#reader.error(
        `must mean a finished value, found reference ${index}`,
        field,
      );
    }
    const { startBytes, endBytes, elements, stringBytes } = written;
    this.#count(elements, stringBytes, field);
    this.#writer.bytes(this.#writer.finish().subarray(startBytes, endBytes));
  }

  /** Names with values, an empty name, then `count` values without names. */
  #array(count: number, field: string): void {
    const first = this.#string(`${field}.name`);
    if (first.length > 0) {
      this.#writer.u8(AMF0_MARKER.object);
      this.#namedValues(first, field);
      for (let i = 0; i < count; i++) {
        this.#name(new TextEncoder().encode(`${i}`), field);
        this.value(`${field}[${i}]`);
      }
      this.#writer.u16(0).u8(AMF0_MARKER.objectEnd);
      return;
    }
    if (count > this.#reader.remainingBytes) {
      throw this.#reader.error(
        `must have a byte for each of ${count} values`,
        field,
      );
    }
    this.#writer.u8(AMF0_MARKER.strictArray).u32(count);
    for (let i = 0; i < count; i++) this.value(`${field}[${i}]`);
  }

  #object(head: number, field: string): void {
    const traits = this.#traitsOf(head, field);
    if (traits.isExternalizable) {
      if (!WRAPPER_CLASSES.includes(traits.className)) {
        throw this.#reader.error(
          "must not be of a class that writes itself",
          field,
        );
      }
      return this.value(field);
    }
    this.#writer.u8(AMF0_MARKER.object);
    for (const [i, name] of traits.names.entries()) {
      this.#name(name, field);
      this.value(`${field}.members[${i}]`);
    }
    if (traits.isDynamic) {
      this.#namedValues(this.#string(`${field}.name`), field);
    }
    this.#writer.u16(0).u8(AMF0_MARKER.objectEnd);
  }

  #traitsOf(head: number, field: string): Traits {
    if ((head & 1) === 0) {
      const known = this.#traits[head >>> 1];
      if (known !== undefined) return known;
      throw this.#reader.error(
        `must mean known traits, found reference ${head >>> 1}`,
        field,
      );
    }
    const count = head >>> 3;
    if (count > this.#reader.remainingBytes) {
      throw this.#reader.error(
        `must have a byte for each of ${count} names`,
        field,
      );
    }
    const className = AMF_TEXT_DECODER.decode(
      this.#string(`${field}.className`),
    );
    const names: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      this.#count(1, 0, field);
      names.push(this.#string(`${field}.names[${i}]`));
    }
    const traits: Traits = {
      className,
      isExternalizable: (head & 0b10) !== 0,
      isDynamic: (head & 0b100) !== 0,
      names,
    };
    this.#traits.push(traits);
    return traits;
  }

  /** Values with names up to an empty name; `first` is read already. */
  #namedValues(first: Uint8Array, field: string): void {
    let name = first;
    for (let i = 0; name.length > 0; i++) {
      this.#name(name, field);
      this.value(`${field}.properties[${i}]`);
      name = this.#string(`${field}.name`);
    }
  }

  #name(name: Uint8Array, field: string): void {
    if (name.length === 0 || name.length > MAX_AMF0_NAME_BYTES) {
      throw this.#reader.error(
        `must have names of 1 to ${MAX_AMF0_NAME_BYTES} bytes, found ${name.length}`,
        field,
      );
    }
    if (AMF_TEXT_DECODER.decode(name) === "__proto__") {
      throw this.#reader.error("must have no name __proto__", field);
    }
    this.#count(0, name.length, field);
    this.#writer.u16(name.length).bytes(name);
  }

  #integer(unsigned: number): void {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, unsigned << 3 >> 3);
    this.#writer.u8(AMF0_MARKER.number).bytes(new Uint8Array(view.buffer));
  }

  #double(field: string): void {
    this.#writer.u8(AMF0_MARKER.number).bytes(this.#reader.take(8, field));
  }

  #text(text: Uint8Array): void {
    this.#writer.u8(AMF0_MARKER.longString).u32(text.length).bytes(text);
  }

  /** A string without marker, as values and names have it; a view. */
  #string(field: string): Uint8Array {
    const head = this.#u29(field);
    if ((head & 1) === 0) {
      const known = this.#strings[head >>> 1];
      if (known === undefined) {
        throw this.#reader.error(
          `must mean a known string, found reference ${head >>> 1}`,
          field,
        );
      }
      this.#count(0, known.length, field);
      return known;
    }
    const text = this.#utf8Bytes(head >>> 1, field);
    if (text.length > 0) this.#strings.push(text);
    return text;
  }

  #utf8Bytes(lengthBytes: number, field: string): Uint8Array {
    this.#count(0, lengthBytes, field);
    return takeUtf8(this.#reader, lengthBytes, field);
  }

  /** Seven bits a byte as long as the top bit is set; a fourth byte has eight. Spec: AMF 3 §1.3.1. */
  #u29(field: string): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#reader.u8(field);
      value = value << 7 | byte & 0x7f;
      if (byte < 0x80) return value;
    }
    return value << 8 | this.#reader.u8(field);
  }

  #count(elements: number, stringBytes: number, field: string): void {
    this.#elements += elements;
    this.#stringBytes += stringBytes;
    this.#budget.count(elements, stringBytes, field);
  }
}
