import { assert } from "#base/errors.ts";
import { writeU32 } from "#base/big_endian.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { Mpeg12Slices } from "#codecs/mpeg12_slices.ts";
import { START_CODE_BYTES } from "#codecs/start_code.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";

/** MPEG video-specific header, without the extension of MPEG-2. Spec: RFC 2250 §3.4. */
export const MPV_HEADER_BYTES = 4;

const MIN_PAYLOAD_BYTES = 16;
const SEQUENCE_HEADER_BIT = 1 << 13;
const BEGINNING_OF_SLICE_BIT = 1 << 12;
const END_OF_SLICE_BIT = 1 << 11;

/**
 * Packs the pictures of one unit into RTP payloads.
 *
 * Packets end between slices; only a slice that does not fit into one is split. The headers before a picture stand
 * at the start of a packet. The extension of MPEG-2 is not written: it is optional, and some receivers refuse it.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    MBZ  |T|         TR        | |N|S|B|E|  P  | | BFC | | FFC |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 AN              FBV     FFV
 * ```
 *
 * Spec: RFC 2250 §3.1, §3.4.
 */
export class Mpeg12Packetizer implements RtpPacketizer {
  #config: Uint8Array | undefined;
  #maxDataBytes: number;
  #slices = new Mpeg12Slices();
  #bytes: Uint8Array = new Uint8Array();
  #payloads: RtpPayload[] = [];

  /** `config` goes before a random access unit that has no sequence header. */
  constructor(config: Uint8Array | undefined, maxPayloadBytes: number) {
    assert(
      maxPayloadBytes >= MIN_PAYLOAD_BYTES,
      `a payload has room for ${MIN_PAYLOAD_BYTES} bytes`,
    );
    this.#config = config;
    this.#maxDataBytes = maxPayloadBytes - MPV_HEADER_BYTES;
  }

  /** Splits one unit; what stands before its first start code is left out. Hot path. */
  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    this.#payloads = payloads;
    this.#bytes = this.#withConfig(joinBytes(parts), isRandomAccess);
    const slices = this.#slices;
    slices.start(this.#bytes);
    let start = 0;
    let end = 0;
    let headerBits = 0;
    while (slices.next()) {
      const { startBytes, sliceBytes, endBytes } = slices;
      const isBareSlice = sliceBytes === startBytes;
      if (
        end > start && isBareSlice && endBytes - start <= this.#maxDataBytes
      ) {
        end = endBytes;
        continue;
      }
      if (end > start) this.#push(start, end, headerBits);
      start = startBytes;
      end = endBytes;
      headerBits = this.#headerBits();
      if (end - start > this.#maxDataBytes) {
        this.#fragment(headerBits);
        start = end;
      }
    }
    if (end > start) this.#push(start, end, headerBits);
    return payloads;
  }

  #withConfig(bytes: Uint8Array, isRandomAccess: boolean): Uint8Array {
    const config = this.#config;
    if (config === undefined || !isRandomAccess) return bytes;
    const slices = this.#slices;
    slices.start(bytes);
    if (!slices.next() || slices.hasSequenceHeader) return bytes;
    return joinBytes([config, bytes.subarray(slices.startBytes)]);
  }

  /** Header of a packet that begins with the current slice and holds the whole of it. */
  #headerBits(): number {
    const slices = this.#slices;
    const hasSlice = slices.sliceBytes >= 0;
    return slices.temporalReference << 16 |
      (slices.hasSequenceHeader ? SEQUENCE_HEADER_BIT : 0) |
      (hasSlice ? BEGINNING_OF_SLICE_BIT | END_OF_SLICE_BIT : 0) |
      slices.pictureType << 8 | slices.backwardBits << 4 | slices.forwardBits;
  }

  /** Splits the current slice, with the headers before it. */
  #fragment(headerBits: number): void {
    const { startBytes, sliceBytes, endBytes } = this.#slices;
    for (let from = startBytes; from < endBytes; from += this.#maxDataBytes) {
      const to = Math.min(from + this.#maxDataBytes, endBytes);
      const isFirst = from === startBytes;
      let missingBits = 0;
      if (!isFirst) missingBits |= SEQUENCE_HEADER_BIT;
      if (!isFirst || sliceBytes + START_CODE_BYTES > to) {
        missingBits |= BEGINNING_OF_SLICE_BIT;
      }
      if (to < endBytes) missingBits |= END_OF_SLICE_BIT;
      this.#push(from, to, headerBits & ~missingBits);
    }
  }

  #push(fromBytes: number, toBytes: number, headerBits: number): void {
    const bytes = new Uint8Array(MPV_HEADER_BYTES + toBytes - fromBytes);
    writeU32(bytes, 0, headerBits);
    bytes.set(this.#bytes.subarray(fromBytes, toBytes), MPV_HEADER_BYTES);
    const marker = toBytes === this.#bytes.length;
    this.#payloads.push({ bytes, marker, offsetTicks: 0 });
  }
}
