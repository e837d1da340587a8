import { ParseError } from "#base/errors.ts";
import {
  av1ObuType,
  isDroppedAv1Obu,
  leb128Bytes,
  readLeb128,
  splitObus,
} from "#codecs/av1/obu.ts";
import { MAX_ACCESS_UNIT_BYTES } from "#codecs/nal_unit.ts";

const FORMAT = "AV1 RTP payload";
const NO_BYTES = new Uint8Array();

/** `Z`: the first OBU element goes on with an OBU of the packet before. Spec: AV1 RTP §4.4. */
export const CONTINUES_BIT = 0b1000_0000;
/** `Y`: the last OBU element goes on in the next packet. */
export const IS_CONTINUED_BIT = 0b0100_0000;
/** `W`: number of OBU elements; 0 if each of them has a length. */
export const COUNT_SHIFT_BITS = 4;
/** Highest number of OBU elements that `W` can tell. */
export const MAX_COUNTED_ELEMENTS = 3;
/** `N`: first packet of a coded video sequence. */
export const NEW_SEQUENCE_BIT = 0b0000_1000;
/** The aggregation header, `Z|Y|W W|N|- - -`. */
export const AGGREGATION_HEADER_BYTES = 1;

/**
 * Walks over the OBU elements in the payloads of one temporal unit; reused for the next one.
 *
 * Hot path. Never throws: a malformed payload ends the walk and stands in {@linkcode error}.
 * Spec: AV1 RTP §4.4, §4.5.
 */
export class Av1Elements {
  /** Bytes that hold the current element; borrowed until the next unit, owned if the payloads are. */
  bytes: Uint8Array = NO_BYTES;
  /** Where the element begins inside `bytes`. */
  offsetBytes = 0;
  /** Where it ends. */
  endBytes = 0;
  /** The element begins an OBU: false for all but the first fragment. */
  isStart = false;
  #payloads: readonly Uint8Array[] = [];
  #index = -1;
  /** Where the next element of this payload begins, its length included. */
  #at = 0;
  /** Elements left in this payload; -1 if each has a length. */
  #left = 0;
  #isFirst = false;
  #isObuOpen = false;
  #problem: string | undefined;

  /** Goes before the first element of a unit. */
  start(payloads: readonly Uint8Array[]): void {
    this.bytes = NO_BYTES;
    this.#payloads = payloads;
    this.#index = -1;
    this.#at = 0;
    this.#left = 0;
    this.#isObuOpen = false;
    this.#problem = undefined;
  }

  /** Goes to the next element; false at the end or at a malformed payload. */
  next(): boolean {
    if (this.#problem !== undefined) return false;
    while (this.#left === 0 || this.#at >= this.bytes.length) {
      if (this.#left > 0) {
        return this.#fail("has fewer OBU elements than it says");
      }
      if (!this.#nextPayload()) {
        return this.#isObuOpen && this.#fail("does not end the last OBU");
      }
    }
    return this.#nextElement();
  }

  /**
   * The whole OBU that begins here: a view, or one new allocation if it is fragmented.
   *
   * Fragments up to its end are consumed. Output: undefined if the OBU is incomplete.
   */
  take(): Uint8Array | undefined {
    const first = this.bytes.subarray(this.offsetBytes, this.endBytes);
    if (!this.#isObuOpen) return first;
    const fragments = [first];
    let lengthBytes = first.length;
    while (this.#isObuOpen) {
      if (!this.next()) return undefined;
      const fragment = this.bytes.subarray(this.offsetBytes, this.endBytes);
      fragments.push(fragment);
      lengthBytes += fragment.length;
    }
    const obu = new Uint8Array(lengthBytes);
    let at = 0;
    for (const fragment of fragments) {
      obu.set(fragment, at);
      at += fragment.length;
    }
    return obu;
  }

  /** What ended the walk early; undefined if nothing did. */
  error(): ParseError | undefined {
    if (this.#problem === undefined) return undefined;
    return new ParseError(this.#problem, {
      format: FORMAT,
      field: `payloads[${Math.min(this.#index, this.#payloads.length - 1)}]`,
      offsetBytes: this.#at,
    });
  }

  /** Whether something ended the walk early. */
  get isMalformed(): boolean {
    return this.#problem !== undefined;
  }

  #fail(problem: string): false {
    this.#problem = problem;
    return false;
  }

  /** Goes to the next payload that is not empty; false at the end. */
  #nextPayload(): boolean {
    while (++this.#index < this.#payloads.length) {
      const payload = this.#payloads[this.#index]!;
      if (payload.length === 0) continue;
      this.bytes = payload;
      this.#at = AGGREGATION_HEADER_BYTES;
      this.#left = (payload[0]! >> COUNT_SHIFT_BITS & MAX_COUNTED_ELEMENTS) ||
        -1;
      this.#isFirst = true;
      return true;
    }
    return false;
  }

  #nextElement(): boolean {
    const payload = this.bytes;
    let at = this.#at;
    let end = payload.length;
    if (this.#left !== 1) {
      const lengthFieldBytes = leb128Bytes(payload, at);
      if (lengthFieldBytes === 0) return this.#fail("is cut in a length");
      const lengthBytes = readLeb128(payload, at, lengthFieldBytes);
      at += lengthFieldBytes;
      if (lengthBytes > payload.length - at) {
        return this.#fail("is cut in an OBU element");
      }
      end = at + lengthBytes;
    }
    if (end === at) return this.#fail("has an empty OBU element");
    const continues = this.#isFirst && (payload[0]! & CONTINUES_BIT) !== 0;
    if (continues !== this.#isObuOpen) {
      return this.#fail(
        continues
          ? "follows no first fragment"
          : "comes before the last fragment",
      );
    }
    if (this.#left > 0) this.#left--;
    const isLast = this.#left < 0 ? end === payload.length : this.#left === 0;
    this.#isObuOpen = isLast && (payload[0]! & IS_CONTINUED_BIT) !== 0;
    this.#isFirst = false;
    this.isStart = !continues;
    this.offsetBytes = at;
    this.endBytes = end;
    this.#at = end;
    return true;
  }
}

/**
 * Takes the OBUs out of the payloads of one temporal unit, without size fields, delimiters, tile lists and padding.
 *
 * Hot path. Input: owned payloads. Output: views, except OBUs that are fragmented or had a size field.
 * Limits: {@linkcode MAX_ACCESS_UNIT_BYTES} and those of {@linkcode splitObus}.
 *
 * @throws {ParseError} if a payload is malformed, a fragment is missing or a limit is passed.
 */
export function extractObus(
  elements: Av1Elements,
  payloads: readonly Uint8Array[],
): Uint8Array[] {
  let sizeBytes = 0;
  for (const payload of payloads) sizeBytes += payload.length;
  if (sizeBytes > MAX_ACCESS_UNIT_BYTES) {
    throw new ParseError(`is ${sizeBytes} bytes, over the limit`, {
      format: FORMAT,
      field: "unit",
      offsetBytes: 0,
    });
  }
  const obus: Uint8Array[] = [];
  elements.start(payloads);
  while (elements.next()) {
    if (!elements.isStart) continue;
    const type = av1ObuType(elements.bytes, elements.offsetBytes);
    if (isDroppedAv1Obu(type)) continue;
    const obu = elements.take();
    if (obu === undefined) break;
    splitObus(obu, obus);
  }
  const error = elements.error();
  if (error) throw error;
  return obus;
}
