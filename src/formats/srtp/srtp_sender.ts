import { readU32, writeU32 } from "#base/big_endian.ts";
import { assert } from "#base/errors.ts";
import {
  MAX_SRTP_PACKET_BYTES,
  packetStage,
  type PacketWork,
} from "./packet_stage.ts";
import { type SrtpKeys, srtpOverheadBytes } from "./srtp_keys.ts";
import {
  MAX_SRTCP_INDEX,
  SEQUENCE_SPAN,
  SRTCP_HEADER_BYTES,
  SRTCP_INDEX_BYTES,
  srtpPayloadOffset,
} from "./srtp_packet.ts";
import { openSrtpTransforms, type SrtpTransforms } from "./srtp_transform.ts";

const ENCRYPTED_FLAG = 0x8000_0000;

/** Opens a sender; `nextRtcpIndex` goes on where an earlier sender with the same keys has stopped. */
export function openSrtpSender(keys: SrtpKeys, nextRtcpIndex = 0): SrtpSender {
  return new SrtpSender(keys, openSrtpTransforms(keys), nextRtcpIndex);
}

/** Protects RTP and RTCP packets with one master key. Spec: RFC 3711 §3.3, §3.4. */
export class SrtpSender implements Disposable {
  /** Index of the next RTCP packet: none may come twice with the same keys. */
  nextRtcpIndex: number;
  #keys: SrtpKeys;
  #transforms: SrtpTransforms;
  #overheadBytes: number;
  #work: PacketWork = { payloadOffsetBytes: 0, ssrc: 0, index: 0, trailer: 0 };

  /** Owns `transforms`; use {@linkcode openSrtpSender}. */
  constructor(
    keys: SrtpKeys,
    transforms: SrtpTransforms,
    nextRtcpIndex: number,
  ) {
    this.#keys = keys;
    this.#transforms = transforms;
    this.#overheadBytes = srtpOverheadBytes(keys);
    this.nextRtcpIndex = nextRtcpIndex;
  }

  /**
   * Protects packets, all that belong to a unit at once.
   *
   * Hot path.
   * Input: RTP packets; for each its index: the sequence number as it runs on past 16 bits, 48 bits in all. The
   * same index may come again only with the same packet.
   * Output: the protected packets, back to back in one piece of memory.
   * Spec: RFC 3711 §3.3.
   */
  protectRtp(
    packets: readonly Uint8Array[],
    indexes: readonly number[],
  ): Uint8Array[] {
    let sizeBytes = 0;
    for (const packet of packets) {
      sizeBytes += packet.length + this.#overheadBytes;
    }
    const bytes = new Uint8Array(sizeBytes);
    const stage = packetStage();
    const { rtp } = this.#transforms;
    const views: Uint8Array[] = [];
    let at = 0;
    for (let next = 0; next < packets.length;) {
      stage.clear();
      const first = next;
      while (
        next < packets.length && stage.hasRoomFor(packets[next]!.length)
      ) {
        this.#describeRtp(packets[next]!, indexes[next]!);
        stage.add(packets[next++]!, rtp, this.#work);
      }
      assert(
        next > first,
        `a packet has ${MAX_SRTP_PACKET_BYTES} bytes at most`,
      );
      stage.mix(rtp);
      stage.authenticate(rtp);
      for (let slot = 0; slot < next - first; slot++) {
        const end = at + packets[first + slot]!.length;
        stage.copyPacket(slot, bytes, at);
        this.#finish(slot, this.#keys.rtpTagBytes, bytes, end);
        views.push(bytes.subarray(at, end + this.#overheadBytes));
        at = end + this.#overheadBytes;
      }
    }
    return views;
  }

  /**
   * Protects a compound RTCP packet.
   *
   * Spec: RFC 3711 §3.4.
   */
  protectRtcp(packet: Uint8Array): Uint8Array<ArrayBuffer> {
    assert(
      this.nextRtcpIndex <= MAX_SRTCP_INDEX,
      "a master key protects 2^31 RTCP packets at most",
    );
    const { mki, rtcpTagBytes } = this.#keys;
    const stage = packetStage();
    const { rtcp } = this.#transforms;
    const work = this.#work;
    work.index = this.nextRtcpIndex++;
    work.payloadOffsetBytes = SRTCP_HEADER_BYTES;
    work.ssrc = readU32(packet, 4);
    work.trailer = ENCRYPTED_FLAG | work.index;
    stage.clear();
    stage.add(packet, rtcp, work);
    stage.mix(rtcp);
    stage.authenticate(rtcp);
    const indexAt = packet.length;
    const endBytes = indexAt + SRTCP_INDEX_BYTES;
    const bytes = new Uint8Array(endBytes + mki.length + rtcpTagBytes);
    stage.copyPacket(0, bytes, 0);
    writeU32(bytes, indexAt, work.trailer);
    this.#finish(0, rtcpTagBytes, bytes, endBytes);
    return bytes;
  }

  /** Closes the ciphers. Idempotent. */
  [Symbol.dispose](): void {
    this.#transforms[Symbol.dispose]();
  }

  #describeRtp(packet: Uint8Array, index: number): void {
    const work = this.#work;
    work.payloadOffsetBytes = srtpPayloadOffset(packet, packet.length);
    assert(work.payloadOffsetBytes >= 0, "an RTP packet has a whole header");
    work.ssrc = readU32(packet, 8);
    work.index = index;
    work.trailer = Math.floor(index / SEQUENCE_SPAN);
  }

  #finish(
    slot: number,
    tagBytes: number,
    into: Uint8Array,
    offsetBytes: number,
  ): void {
    const { mki } = this.#keys;
    into.set(mki, offsetBytes);
    packetStage().copyTag(slot, tagBytes, into, offsetBytes + mki.length);
  }
}
