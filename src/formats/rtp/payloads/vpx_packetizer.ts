import { assert } from "#base/errors.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";

/** Room for the longest descriptor and some bytes of a frame. */
const MIN_PAYLOAD_BYTES = 16;

/** Payload descriptors of one frame. */
export interface VpxDescriptors {
  /** Of the first payload. */
  readonly first: Uint8Array;
  /** Of all others: one byte. */
  readonly further: number;
  /** Set in the first byte of the last payload; 0 if there is no such bit. */
  readonly endBit: number;
}

/**
 * Splits frames into RTP payloads, a payload descriptor before each.
 *
 * All payloads of a frame but the last are of the same, largest size, as UDP segmentation offload wants them.
 * Spec: RFC 7741 §4, RFC 9628 §4.
 */
export class VpxPacketizer implements RtpPacketizer {
  #keyFrame: VpxDescriptors;
  #otherFrame: VpxDescriptors;
  #maxPayloadBytes: number;

  /** Descriptors of key frames and of all others. */
  constructor(
    keyFrame: VpxDescriptors,
    otherFrame: VpxDescriptors,
    maxPayloadBytes: number,
  ) {
    assert(
      maxPayloadBytes >= MIN_PAYLOAD_BYTES,
      `a payload has room for ${MIN_PAYLOAD_BYTES} bytes`,
    );
    this.#keyFrame = keyFrame;
    this.#otherFrame = otherFrame;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Splits one unit's frame into payloads, which stand one behind the other in one allocation. Hot path. */
  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    const descriptors = isRandomAccess ? this.#keyFrame : this.#otherFrame;
    for (const frame of parts) {
      if (frame.length > 0) this.#fragment(frame, descriptors, payloads);
    }
    return payloads;
  }

  #fragment(
    frame: Uint8Array,
    descriptors: VpxDescriptors,
    payloads: RtpPayload[],
  ): void {
    const { first, further, endBit } = descriptors;
    const maxPayloadBytes = this.#maxPayloadBytes;
    const wholeBytes = first.length + frame.length;
    const restBytes = Math.max(0, wholeBytes - maxPayloadBytes);
    const furtherCount = Math.ceil(restBytes / (maxPayloadBytes - 1));
    const bytes = new Uint8Array(wholeBytes + furtherCount);
    bytes.set(first);
    let from = 0;
    for (let start = 0; start < bytes.length; start += maxPayloadBytes) {
      const end = Math.min(start + maxPayloadBytes, bytes.length);
      const isLast = end === bytes.length;
      if (start > 0) bytes[start] = further;
      if (isLast) bytes[start]! |= endBit;
      const at = start + (start > 0 ? 1 : first.length);
      const to = from + end - at;
      bytes.set(frame.subarray(from, to), at);
      from = to;
      payloads.push({
        bytes: bytes.subarray(start, end),
        marker: isLast,
        offsetTicks: 0,
      });
    }
    assert(from === frame.length, "the payloads hold the whole frame");
  }
}
