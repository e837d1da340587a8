import { assert } from "#base/errors.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";
import {
  AGGREGATE_LENGTH_BYTES,
  DOND_BYTES,
  DONL_BYTES,
  FU_END_BIT,
  FU_START_BIT,
  type NalPayloadLayout,
} from "./nal_pieces.ts";

const FU_HEADER_BYTES = 1;
/** Room for the longest headers and a byte of each fragment, with much to spare. */
const MIN_PAYLOAD_BYTES = 16;
/** What the lengths inside an aggregation packet can express. */
const MAX_AGGREGATE_BYTES = 65_535;

/** What a {@linkcode NalPacketizer} needs to know of its track. */
export interface NalPacketizerOptions {
  /** Put before a random access unit that has no parameter sets of its own. */
  readonly parameterSets: readonly Uint8Array[];
  /** Most bytes of a payload, RTP header not counted. */
  readonly maxPayloadBytes: number;
  /** Writes DONL and DOND fields (RFC 7798 §4.4). */
  readonly hasOrderNumbers: boolean;
}

/**
 * Packs the NAL units of one unit into RTP payloads.
 *
 * Neighbours that fit one payload together are aggregated, NAL units over the limit are fragmented. All
 * fragments of a NAL unit but the last are of the same, largest size, as UDP segmentation offload wants them.
 */
export class NalPacketizer implements RtpPacketizer {
  #layout: NalPayloadLayout;
  #options: NalPacketizerOptions;
  #donlBytes: number;
  #orderNumber = 0;

  /** `layout` is that of the codec. */
  constructor(layout: NalPayloadLayout, options: NalPacketizerOptions) {
    assert(
      options.maxPayloadBytes >= MIN_PAYLOAD_BYTES,
      `a payload has room for ${MIN_PAYLOAD_BYTES} bytes`,
    );
    this.#layout = layout;
    this.#options = options;
    this.#donlBytes = options.hasOrderNumbers ? DONL_BYTES : 0;
  }

  /**
   * Splits one unit's NAL units into payloads; delimiters and filler data are left out.
   *
   * Hot path. Output: NAL units that travel alone are passed on as they are, if there are no order numbers.
   */
  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[] {
    const nals = this.#selectNals(parts, isRandomAccess);
    const payloads: RtpPayload[] = [];
    for (let start = 0; start < nals.length;) {
      const nal = nals[start]!;
      const end = this.#aggregateEnd(nals, start);
      if (end - start > 1) {
        pushPayload(payloads, this.#aggregate(nals, { start, end }));
      } else if (
        nal.length + this.#donlBytes <= this.#options.maxPayloadBytes
      ) {
        pushPayload(payloads, this.#single(nal));
      } else {
        this.#fragment(nal, payloads);
      }
      start = end;
    }
    const last = payloads.length - 1;
    if (last >= 0) {
      const { bytes, offsetTicks } = payloads[last]!;
      payloads[last] = { bytes, marker: true, offsetTicks };
    }
    return payloads;
  }

  #selectNals(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): Uint8Array[] {
    const { headerBytes, typeShiftBits, typeMask } = this.#layout;
    const { droppedTypes, parameterSetTypes } = this.#layout;
    const nals: Uint8Array[] = [];
    let hasParameterSets = false;
    for (const part of parts) {
      if (part.length < headerBytes) continue;
      const type = part[0]! >> typeShiftBits & typeMask;
      if (droppedTypes.includes(type)) continue;
      if (parameterSetTypes.includes(type)) hasParameterSets = true;
      nals.push(part);
    }
    if (!isRandomAccess || hasParameterSets || nals.length === 0) return nals;
    return this.#options.parameterSets.concat(nals);
  }

  /** Index behind the last NAL unit that shares a payload with that at `start`. */
  #aggregateEnd(nals: readonly Uint8Array[], start: number): number {
    const maxBytes = Math.min(
      this.#options.maxPayloadBytes,
      MAX_AGGREGATE_BYTES,
    );
    let sizeBytes = this.#layout.headerBytes + this.#donlBytes +
      AGGREGATE_LENGTH_BYTES + nals[start]!.length;
    let end = start + 1;
    while (end < nals.length) {
      sizeBytes += this.#separatorBytes() + nals[end]!.length;
      if (sizeBytes > maxBytes) break;
      end++;
    }
    return end;
  }

  /** What stands before each NAL unit of an aggregation packet but the first. */
  #separatorBytes(): number {
    return AGGREGATE_LENGTH_BYTES + (this.#donlBytes > 0 ? DOND_BYTES : 0);
  }

  #aggregate(
    nals: readonly Uint8Array[],
    range: { start: number; end: number },
  ): Uint8Array {
    const { headerBytes } = this.#layout;
    let sizeBytes = headerBytes + this.#donlBytes + AGGREGATE_LENGTH_BYTES -
      this.#separatorBytes();
    for (let i = range.start; i < range.end; i++) {
      sizeBytes += this.#separatorBytes() + nals[i]!.length;
    }
    const payload = new Uint8Array(sizeBytes);
    this.#layout.writeAggregationHeader(payload, nals, range);
    let at: number = headerBytes;
    for (let i = range.start; i < range.end; i++) {
      const nal = nals[i]!;
      if (i === range.start) at = this.#writeOrderNumber(payload, at);
      else if (this.#donlBytes > 0) {
        // DOND 0 says that the number grows by one.
        at += DOND_BYTES;
        this.#orderNumber++;
      }
      payload[at] = nal.length >> 8;
      payload[at + 1] = nal.length;
      payload.set(nal, at + AGGREGATE_LENGTH_BYTES);
      at += AGGREGATE_LENGTH_BYTES + nal.length;
    }
    assert(at === sizeBytes, "an aggregation packet is filled");
    return payload;
  }

  #single(nal: Uint8Array): Uint8Array {
    if (this.#donlBytes === 0) return nal;
    const { headerBytes } = this.#layout;
    const payload = new Uint8Array(nal.length + DONL_BYTES);
    payload.set(nal.subarray(0, headerBytes));
    const at = this.#writeOrderNumber(payload, headerBytes);
    payload.set(nal.subarray(headerBytes), at);
    return payload;
  }

  /** The fragments stand one behind the other in one allocation. */
  #fragment(nal: Uint8Array, payloads: RtpPayload[]): void {
    const { headerBytes, typeShiftBits, typeMask, fragmentType } = this.#layout;
    const { maxPayloadBytes } = this.#options;
    const type = nal[0]! >> typeShiftBits & typeMask;
    const indicator = nal[0]! & ~(typeMask << typeShiftBits) |
      fragmentType << typeShiftBits;
    const overheadBytes = headerBytes + FU_HEADER_BYTES;
    const contentBytes = this.#donlBytes + nal.length - headerBytes;
    const count = Math.ceil(contentBytes / (maxPayloadBytes - overheadBytes));
    const bytes = new Uint8Array(contentBytes + count * overheadBytes);
    let from: number = headerBytes;
    for (let start = 0; start < bytes.length; start += maxPayloadBytes) {
      const end = Math.min(start + maxPayloadBytes, bytes.length);
      const isFirst = start === 0;
      const isLast = end === bytes.length;
      bytes[start] = indicator;
      if (headerBytes === 2) bytes[start + 1] = nal[1]!;
      bytes[start + headerBytes] = type | (isFirst ? FU_START_BIT : 0) |
        (isLast ? FU_END_BIT : 0);
      let at = start + overheadBytes;
      if (isFirst) at = this.#writeOrderNumber(bytes, at);
      const to = from + end - at;
      bytes.set(nal.subarray(from, to), at);
      from = to;
      pushPayload(payloads, bytes.subarray(start, end));
    }
    assert(from === nal.length, "the fragments hold the whole NAL unit");
  }

  /** Writes DONL, if there is one, and counts. Output: the offset behind it. */
  #writeOrderNumber(payload: Uint8Array, offsetBytes: number): number {
    if (this.#donlBytes === 0) return offsetBytes;
    payload[offsetBytes] = this.#orderNumber >> 8;
    payload[offsetBytes + 1] = this.#orderNumber;
    this.#orderNumber = this.#orderNumber + 1 & 0xffff;
    return offsetBytes + DONL_BYTES;
  }
}

function pushPayload(payloads: RtpPayload[], bytes: Uint8Array): void {
  payloads.push({ bytes, marker: false, offsetTicks: 0 });
}
