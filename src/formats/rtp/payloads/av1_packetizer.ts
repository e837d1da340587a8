import { assert } from "#base/errors.ts";
import {
  AV1_OBU,
  av1ObuExtension,
  av1ObuType,
  isDroppedAv1Obu,
  leb128SizeBytes,
  writeLeb128,
} from "#codecs/av1/obu.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";
import {
  AGGREGATION_HEADER_BYTES,
  CONTINUES_BIT,
  COUNT_SHIFT_BITS,
  IS_CONTINUED_BIT,
  MAX_COUNTED_ELEMENTS,
  NEW_SEQUENCE_BIT,
} from "./av1_elements.ts";

/** Less room than this at the end of a payload is not filled with the beginning of an OBU. */
const MIN_FRAGMENT_BYTES = 16;

/**
 * Packs the OBUs of one temporal unit into RTP payloads.
 *
 * Payloads are filled one after the other, so that nearly all of them are of the same, largest size, as UDP
 * segmentation offload wants them: an OBU that does not fit goes on in the next one. A payload has at most three
 * OBU elements, of which the last has no length, all of the same layer.
 * Spec: AV1 RTP §4.4, §5.
 */
export class Av1Packetizer implements RtpPacketizer {
  #sequenceHeader: Uint8Array | undefined;
  #maxPayloadBytes: number;
  /** OBU elements of the payload that is being filled. */
  #elements: Uint8Array[] = [];
  /** Its bytes so far, without a length before the last element. */
  #sizeBytes = AGGREGATION_HEADER_BYTES;
  /** Extension byte of its OBUs; -1 if none has one. */
  #extension = -1;
  #firstBits = 0;

  /** `sequenceHeader`: put before a random access unit that has none of its own. */
  constructor(
    sequenceHeader: Uint8Array | undefined,
    maxPayloadBytes: number,
  ) {
    assert(
      maxPayloadBytes > MIN_FRAGMENT_BYTES,
      `a payload has room for ${MIN_FRAGMENT_BYTES} bytes`,
    );
    this.#sequenceHeader = sequenceHeader;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Splits one unit's OBUs into payloads; delimiters, tile lists and padding are left out. Hot path. */
  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    this.#firstBits = isRandomAccess ? NEW_SEQUENCE_BIT : 0;
    if (isRandomAccess && this.#sequenceHeader && !hasSequenceHeader(parts)) {
      this.#add(this.#sequenceHeader, payloads);
    }
    for (const part of parts) {
      if (part.length === 0 || isDroppedAv1Obu(av1ObuType(part))) continue;
      this.#add(part, payloads);
    }
    if (this.#elements.length > 0) this.#finishPayload(payloads, false);
    const last = payloads.length - 1;
    if (last >= 0) {
      const { bytes, offsetTicks } = payloads[last]!;
      payloads[last] = { bytes, marker: true, offsetTicks };
    }
    return payloads;
  }

  #add(obu: Uint8Array, payloads: RtpPayload[]): void {
    const extension = av1ObuExtension(obu);
    if (
      extension >= 0 && this.#extension >= 0 && extension !== this.#extension
    ) this.#finishPayload(payloads, false);
    for (let from = 0; from < obu.length;) {
      const restBytes = obu.length - from;
      let roomBytes = this.#roomBytes();
      if (roomBytes < Math.min(restBytes, MIN_FRAGMENT_BYTES)) {
        this.#finishPayload(payloads, false);
        roomBytes = this.#roomBytes();
      }
      const to = from + Math.min(restBytes, roomBytes);
      this.#push(obu.subarray(from, to));
      if (extension >= 0) this.#extension = extension;
      if (to < obu.length) this.#finishPayload(payloads, true);
      from = to;
    }
  }

  /** What a further element of this payload may have. */
  #roomBytes(): number {
    const count = this.#elements.length;
    if (count === MAX_COUNTED_ELEMENTS) return 0;
    return this.#maxPayloadBytes - this.#sizeBytes - this.#lastLengthBytes();
  }

  /** Size of the length that the last element gets once another one follows. */
  #lastLengthBytes(): number {
    const last = this.#elements[this.#elements.length - 1];
    return last ? leb128SizeBytes(last.length) : 0;
  }

  #push(element: Uint8Array): void {
    this.#sizeBytes += this.#lastLengthBytes() + element.length;
    this.#elements.push(element);
  }

  #finishPayload(payloads: RtpPayload[], isContinued: boolean): void {
    const elements = this.#elements;
    const bytes = new Uint8Array(this.#sizeBytes);
    bytes[0] = this.#firstBits | elements.length << COUNT_SHIFT_BITS |
      (isContinued ? IS_CONTINUED_BIT : 0);
    let at = AGGREGATION_HEADER_BYTES;
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i]!;
      if (i < elements.length - 1) at = writeLeb128(bytes, at, element.length);
      bytes.set(element, at);
      at += element.length;
    }
    assert(at === bytes.length, "a payload is filled");
    payloads.push({ bytes, marker: false, offsetTicks: 0 });
    this.#firstBits = isContinued ? CONTINUES_BIT : 0;
    this.#sizeBytes = AGGREGATION_HEADER_BYTES;
    this.#extension = -1;
    elements.length = 0;
  }
}

function hasSequenceHeader(obus: readonly Uint8Array[]): boolean {
  for (const obu of obus) {
    if (av1ObuType(obu) === AV1_OBU.sequenceHeader) return true;
  }
  return false;
}
