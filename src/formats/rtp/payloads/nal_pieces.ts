import { ParseError } from "#base/errors.ts";
import { MAX_ACCESS_UNIT_BYTES, MAX_NALS_PER_UNIT } from "#codecs/nal_unit.ts";

/** How a codec puts NAL units into RTP payloads: RFC 6184 and RFC 7798 differ in numbers, not in shape. */
export interface NalPayloadLayout {
  /** Structure name for error texts. */
  readonly format: string;
  /** Bytes of the header of a NAL unit, of an aggregation packet and of a fragment's indicator. */
  readonly headerBytes: 1 | 2;
  /** Where the type stands in the first header byte. */
  readonly typeShiftBits: 0 | 1;
  readonly typeMask: number;
  /** Highest type of a payload that is one NAL unit. */
  readonly maxNalType: number;
  readonly aggregationType: number;
  readonly fragmentType: number;
  /** Payload types that are defined, but not read here; undefined ones are passed over. */
  readonly unsupportedTypes: readonly number[];
  /** NAL unit types that carry nothing for a reader: delimiters, filler data, unspecified ones. */
  readonly droppedTypes: readonly number[];
  readonly parameterSetTypes: readonly number[];
  /** Writes the header of an aggregation packet for some of `nals`; `end` is exclusive. */
  writeAggregationHeader(
    payload: Uint8Array,
    nals: readonly Uint8Array[],
    range: { readonly start: number; readonly end: number },
  ): void;
}

/** First fragment of a NAL unit, in the FU header. */
export const FU_START_BIT = 0b1000_0000;
/** Last fragment of a NAL unit, in the FU header. */
export const FU_END_BIT = 0b0100_0000;
/** Length before each NAL unit of an aggregation packet. */
export const AGGREGATE_LENGTH_BYTES = 2;
/** Decoding order number. Spec: RFC 7798 §4.4.1. */
export const DONL_BYTES = 2;
/** Difference to the decoding order number before. Spec: RFC 7798 §4.4.2. */
export const DOND_BYTES = 1;

/**
 * Walks over the NAL units and fragments in the payloads of one unit; reused for the next unit.
 *
 * Hot path. Never throws: a malformed payload ends the walk and stands in {@linkcode error}.
 */
export class NalPieces {
  /** Bytes that hold the current piece; borrowed until the next unit, owned if the payloads are. */
  bytes: Uint8Array = new Uint8Array();
  /** Type of the NAL unit that the piece belongs to. */
  nalType = 0;
  /** The piece begins a NAL unit: false for all but the first fragment. */
  isStart = false;
  /** Where the NAL unit goes on behind its header, inside `bytes`. */
  bodyOffsetBytes = 0;
  #layout: NalPayloadLayout;
  #donlBytes: number;
  #payloads: readonly Uint8Array[] = [];
  #index = -1;
  #nalOffset = 0;
  #nalEnd = 0;
  #aggregateAt = 0;
  #isFragment = false;
  #isFragmentOpen = false;
  #problem: string | undefined;
  #problemOffset = 0;

  /** `hasOrderNumbers`: DONL and DOND fields are present (RFC 7798 §4.4). */
  constructor(layout: NalPayloadLayout, hasOrderNumbers: boolean) {
    this.#layout = layout;
    this.#donlBytes = hasOrderNumbers ? DONL_BYTES : 0;
  }

  /** Goes before the first piece of a unit. */
  start(payloads: readonly Uint8Array[]): void {
    this.#payloads = payloads;
    this.#index = -1;
    this.#aggregateAt = 0;
    this.#isFragmentOpen = false;
    this.#problem = undefined;
  }

  /** Goes to the next piece; false at the end or at a malformed payload. */
  next(): boolean {
    if (this.#problem !== undefined) return false;
    if (this.#aggregateAt > 0 && this.#nextInAggregate()) return true;
    if (this.#problem !== undefined) return false;
    const layout = this.#layout;
    while (++this.#index < this.#payloads.length) {
      const payload = this.#payloads[this.#index]!;
      if (payload.length === 0) continue;
      if (payload.length < layout.headerBytes) {
        return this.#fail("is shorter than its header", 0);
      }
      this.bytes = payload;
      const type = payload[0]! >> layout.typeShiftBits & layout.typeMask;
      if (type === layout.fragmentType) return this.#enterFragment();
      if (this.#isFragmentOpen) {
        return this.#fail("comes before the last fragment", 0);
      }
      if (type <= layout.maxNalType) return this.#enterSingle(type);
      if (type === layout.aggregationType) {
        this.#aggregateAt = layout.headerBytes;
        if (this.#nextInAggregate()) return true;
        if (this.#problem !== undefined) return false;
        continue;
      }
      if (layout.unsupportedTypes.includes(type)) {
        return this.#fail(`has type ${type}, which is not supported`, 0);
      }
    }
    if (!this.#isFragmentOpen) return false;
    this.#index--;
    return this.#fail("is not the last fragment", 0);
  }

  /**
   * The whole NAL unit that begins here: a view, or one new allocation if it is fragmented.
   *
   * Fragments up to its end are consumed. Output: undefined if the NAL unit is incomplete.
   */
  take(): Uint8Array | undefined {
    if (!this.#isFragment) {
      return this.bytes.subarray(this.#nalOffset, this.#nalEnd);
    }
    const { headerBytes, typeShiftBits, typeMask } = this.#layout;
    const payloads = this.#payloads;
    const firstIndex = this.#index;
    const first = this.bytes;
    const nalType = this.nalType;
    const bodyOffset = this.bodyOffsetBytes;
    let lengthBytes = headerBytes + first.length - bodyOffset;
    while (this.#isFragmentOpen) {
      if (!this.next()) return undefined;
      lengthBytes += this.bytes.length - this.bodyOffsetBytes;
    }
    const nal = new Uint8Array(lengthBytes);
    nal[0] = first[0]! & ~(typeMask << typeShiftBits) |
      nalType << typeShiftBits;
    if (headerBytes === 2) nal[1] = first[1]!;
    nal.set(first.subarray(bodyOffset), headerBytes);
    let at = headerBytes + first.length - bodyOffset;
    for (let i = firstIndex + 1; i <= this.#index; i++) {
      const payload = payloads[i]!;
      if (payload.length === 0) continue;
      nal.set(payload.subarray(headerBytes + 1), at);
      at += payload.length - headerBytes - 1;
    }
    return nal;
  }

  /** What ended the walk early; undefined if nothing did. */
  error(): ParseError | undefined {
    if (this.#problem === undefined) return undefined;
    return new ParseError(this.#problem, {
      format: this.#layout.format,
      field: `payloads[${this.#index}]`,
      offsetBytes: this.#problemOffset,
    });
  }

  /** Whether something ended the walk early. */
  get isMalformed(): boolean {
    return this.#problem !== undefined;
  }

  #fail(problem: string, offsetBytes: number): false {
    this.#problem = problem;
    this.#problemOffset = offsetBytes;
    return false;
  }

  #enterSingle(type: number): boolean {
    const { headerBytes } = this.#layout;
    const payload = this.bytes;
    if (this.#donlBytes > 0) {
      if (payload.length < headerBytes + DONL_BYTES) {
        return this.#fail("is cut in DONL", headerBytes);
      }
      this.bytes = payload.slice(DONL_BYTES);
      this.bytes.set(payload.subarray(0, headerBytes));
    }
    this.#enterNal(type, 0, this.bytes.length);
    return true;
  }

  #enterNal(type: number, offsetBytes: number, endBytes: number): void {
    this.nalType = type;
    this.isStart = true;
    this.#isFragment = false;
    this.#nalOffset = offsetBytes;
    this.#nalEnd = endBytes;
    this.bodyOffsetBytes = offsetBytes + this.#layout.headerBytes;
  }

  #enterFragment(): boolean {
    const { headerBytes, typeMask, maxNalType } = this.#layout;
    const payload = this.bytes;
    if (payload.length <= headerBytes) {
      return this.#fail("is cut before the FU header", headerBytes);
    }
    const fuHeader = payload[headerBytes]!;
    this.isStart = (fuHeader & FU_START_BIT) !== 0;
    if (this.isStart === this.#isFragmentOpen) {
      return this.#fail(
        this.isStart
          ? "begins a NAL unit before the last one ended"
          : "follows no first fragment",
        headerBytes,
      );
    }
    // Some senders set both bits where a single NAL unit would do.
    this.#isFragmentOpen = (fuHeader & FU_END_BIT) === 0;
    this.#isFragment = true;
    this.nalType = fuHeader & typeMask;
    if (this.nalType > maxNalType) {
      return this.#fail(`is of NAL unit type ${this.nalType}`, headerBytes);
    }
    this.bodyOffsetBytes = headerBytes + 1 +
      (this.isStart ? this.#donlBytes : 0);
    if (this.bodyOffsetBytes > payload.length) {
      return this.#fail("is cut in DONL", headerBytes + 1);
    }
    return true;
  }

  /** Goes to the next NAL unit of an aggregation packet; false at its end, too. */
  #nextInAggregate(): boolean {
    const { headerBytes, typeShiftBits, typeMask, maxNalType } = this.#layout;
    const payload = this.bytes;
    let at = this.#aggregateAt;
    if (this.#donlBytes > 0) {
      at += at === headerBytes ? DONL_BYTES : DOND_BYTES;
    }
    const offsetBytes = at + AGGREGATE_LENGTH_BYTES;
    if (offsetBytes > payload.length) return this.#fail("is cut", at);
    const lengthBytes = payload[at]! << 8 | payload[at + 1]!;
    if (lengthBytes === 0) {
      // Padding that the sender left inside the payload.
      this.#aggregateAt = 0;
      return false;
    }
    const endBytes = offsetBytes + lengthBytes;
    if (endBytes > payload.length || lengthBytes < headerBytes) {
      return this.#fail(`holds a NAL unit of ${lengthBytes} bytes`, at);
    }
    this.#aggregateAt = endBytes < payload.length ? endBytes : 0;
    const type = payload[offsetBytes]! >> typeShiftBits & typeMask;
    if (type > maxNalType) {
      return this.#fail(`holds a NAL unit of type ${type}`, offsetBytes);
    }
    this.#enterNal(type, offsetBytes, endBytes);
    return true;
  }
}

/**
 * Takes the NAL units out of the payloads of one unit, without delimiters and filler data.
 *
 * Hot path. Input: owned payloads. Output: views, except fragmented NAL units.
 * Limits: {@linkcode MAX_ACCESS_UNIT_BYTES}, {@linkcode MAX_NALS_PER_UNIT}.
 *
 * @throws {ParseError} if a payload is malformed, a fragment is missing or a limit is passed.
 */
export function extractNals(
  pieces: NalPieces,
  layout: NalPayloadLayout,
  payloads: readonly Uint8Array[],
): Uint8Array[] {
  let sizeBytes = 0;
  for (const payload of payloads) sizeBytes += payload.length;
  if (sizeBytes > MAX_ACCESS_UNIT_BYTES) {
    throw unitError(layout, `is ${sizeBytes} bytes, over the limit`);
  }
  const nals: Uint8Array[] = [];
  pieces.start(payloads);
  while (pieces.next()) {
    if (layout.droppedTypes.includes(pieces.nalType)) continue;
    const nal = pieces.take();
    if (nal === undefined) break;
    if (nals.length === MAX_NALS_PER_UNIT) {
      throw unitError(layout, `has over ${MAX_NALS_PER_UNIT} NAL units`);
    }
    nals.push(nal);
  }
  const error = pieces.error();
  if (error) throw error;
  return nals;
}

function unitError(layout: NalPayloadLayout, reason: string): ParseError {
  const { format } = layout;
  return new ParseError(reason, { format, field: "unit", offsetBytes: 0 });
}
