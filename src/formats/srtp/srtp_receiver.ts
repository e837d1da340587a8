import { readU16, readU32 } from "#base/big_endian.ts";
import { RTP_HEADER_MIN_BYTES } from "#formats/rtp/rtp_header.ts";
import {
  MAX_SRTP_PACKET_BYTES,
  packetStage,
  type PacketTransform,
  type PacketWork,
} from "./packet_stage.ts";
import { ReplayWindow } from "./replay_window.ts";
import type { SrtpKeys, SrtpTagBytes } from "./srtp_keys.ts";
import {
  SEQUENCE_SPAN,
  SRTCP_HEADER_BYTES,
  SRTCP_INDEX_BYTES,
  srtpPayloadOffset,
} from "./srtp_packet.ts";
import { openSrtpTransforms, type SrtpTransforms } from "./srtp_transform.ts";

/** Sources that one master key may have. */
export const MAX_SRTP_SOURCES = 16;

const VERSION = 2;
const HALF_SEQUENCE_SPAN = SEQUENCE_SPAN / 2;

/** Why a packet was not accepted; the key of a drop counter. */
export type SrtpRejection =
  | "srtp_too_short"
  | "srtp_too_long"
  | "srtp_bad_version"
  | "srtp_bad_header"
  | "srtp_unknown_mki"
  | "srtp_too_many_sources"
  | "srtp_replayed"
  | "srtp_not_authentic";

/** Where sources stand that have sent before: their rollover counters. Spec: RFC 3711 §3.3.1. */
export type RolloverCounters = ReadonlyMap<number, number>;

const NO_COUNTERS: RolloverCounters = new Map();

/** Opens a receiver; sources that are not in `rollovers` start at zero. */
export function openSrtpReceiver(
  keys: SrtpKeys,
  rollovers: RolloverCounters = NO_COUNTERS,
): SrtpReceiver {
  return new SrtpReceiver(keys, openSrtpTransforms(keys), rollovers);
}

/**
 * Takes packets out of their protection: authenticates, then decrypts, and remembers what came.
 *
 * Limits: {@linkcode MAX_SRTP_SOURCES} sources, each of RTP and RTCP; a source counts once a packet of it was
 * authentic.
 * Spec: RFC 3711 §3.3, §3.4.
 */
export class SrtpReceiver implements Disposable {
  #keys: SrtpKeys;
  #transforms: SrtpTransforms;
  #rollovers: RolloverCounters;
  #rtpWindows = new Map<number, ReplayWindow>();
  #rtcpWindows = new Map<number, ReplayWindow>();
  #work: PacketWork = { payloadOffsetBytes: 0, ssrc: 0, index: 0, trailer: 0 };

  /** Owns `transforms`; use {@linkcode openSrtpReceiver}. */
  constructor(
    keys: SrtpKeys,
    transforms: SrtpTransforms,
    rollovers: RolloverCounters,
  ) {
    this.#keys = keys;
    this.#transforms = transforms;
    this.#rollovers = rollovers;
  }

  /**
   * Makes an RTP packet clear.
   *
   * Hot path.
   * Input: one packet, borrowed.
   * Output: the clear packet, owned, or why there is none.
   */
  unprotectRtp(datagram: Uint8Array): Uint8Array<ArrayBuffer> | SrtpRejection {
    const { rtpTagBytes } = this.#keys;
    const endBytes = this.#endBytes(
      datagram,
      RTP_HEADER_MIN_BYTES,
      rtpTagBytes,
    );
    if (typeof endBytes === "string") return endBytes;
    const payloadOffsetBytes = srtpPayloadOffset(datagram, endBytes);
    if (payloadOffsetBytes < 0) return "srtp_bad_header";
    const work = this.#work;
    work.payloadOffsetBytes = payloadOffsetBytes;
    work.ssrc = readU32(datagram, 8);
    const window = this.#rtpWindows.get(work.ssrc);
    work.index = this.#estimateIndex(window, readU16(datagram, 2));
    work.trailer = Math.floor(work.index / SEQUENCE_SPAN);
    return this.#open(datagram.subarray(0, endBytes), {
      tag: datagram.subarray(datagram.length - rtpTagBytes),
      transform: this.#transforms.rtp,
      windows: this.#rtpWindows,
      isEncrypted: true,
    });
  }

  /**
   * Makes a compound RTCP packet clear.
   *
   * Input: one packet, borrowed.
   * Output: the clear packet, owned, or why there is none.
   */
  unprotectRtcp(
    datagram: Uint8Array,
  ): Uint8Array<ArrayBuffer> | SrtpRejection {
    const { rtcpTagBytes } = this.#keys;
    const endBytes = this.#endBytes(
      datagram,
      SRTCP_HEADER_BYTES + SRTCP_INDEX_BYTES,
      rtcpTagBytes,
    );
    if (typeof endBytes === "string") return endBytes;
    const indexAt = endBytes - SRTCP_INDEX_BYTES;
    const work = this.#work;
    work.payloadOffsetBytes = SRTCP_HEADER_BYTES;
    work.ssrc = readU32(datagram, 4);
    work.trailer = readU32(datagram, indexAt);
    work.index = work.trailer & 0x7fff_ffff;
    return this.#open(datagram.subarray(0, indexAt), {
      tag: datagram.subarray(datagram.length - rtcpTagBytes),
      transform: this.#transforms.rtcp,
      windows: this.#rtcpWindows,
      isEncrypted: work.trailer >>> 31 === 1,
    });
  }

  /** Closes the ciphers. Idempotent. */
  [Symbol.dispose](): void {
    this.#transforms[Symbol.dispose]();
  }

  /** Where identifier and tag begin. */
  #endBytes(
    datagram: Uint8Array,
    headerBytes: number,
    tagBytes: SrtpTagBytes,
  ): number | SrtpRejection {
    const { mki } = this.#keys;
    const endBytes = datagram.length - mki.length - tagBytes;
    if (endBytes < headerBytes) return "srtp_too_short";
    if (endBytes > MAX_SRTP_PACKET_BYTES) return "srtp_too_long";
    if (datagram[0]! >> 6 !== VERSION) return "srtp_bad_version";
    for (let i = 0; i < mki.length; i++) {
      if (datagram[endBytes + i] !== mki[i]) return "srtp_unknown_mki";
    }
    return endBytes;
  }

  /** The index that is nearest to the highest one so far. Spec: RFC 3711 §3.3.1. */
  #estimateIndex(
    window: ReplayWindow | undefined,
    sequenceNumber: number,
  ): number {
    if (window === undefined) {
      const rollovers = this.#rollovers.get(this.#work.ssrc) ?? 0;
      return rollovers * SEQUENCE_SPAN + sequenceNumber;
    }
    const highestNumber = window.highest % SEQUENCE_SPAN;
    const rollovers = (window.highest - highestNumber) / SEQUENCE_SPAN;
    const ahead = sequenceNumber - highestNumber;
    let estimate = rollovers;
    if (ahead > HALF_SEQUENCE_SPAN && rollovers > 0) estimate--;
    else if (ahead < -HALF_SEQUENCE_SPAN) estimate++;
    return estimate * SEQUENCE_SPAN + sequenceNumber;
  }

  #open(
    packet: Uint8Array,
    { tag, transform, windows, isEncrypted }: {
      readonly tag: Uint8Array;
      readonly transform: PacketTransform;
      readonly windows: Map<number, ReplayWindow>;
      readonly isEncrypted: boolean;
    },
  ): Uint8Array<ArrayBuffer> | SrtpRejection {
    const { ssrc, index } = this.#work;
    const window = windows.get(ssrc);
    if (window === undefined && windows.size >= MAX_SRTP_SOURCES) {
      return "srtp_too_many_sources";
    }
    if (window?.accepts(index) === false) return "srtp_replayed";
    const stage = packetStage();
    stage.clear();
    stage.add(packet, transform, this.#work);
    stage.authenticate(transform);
    if (!stage.hasTag(0, tag)) return "srtp_not_authentic";
    const remembering = window ?? new ReplayWindow();
    if (window === undefined) windows.set(ssrc, remembering);
    remembering.add(index);
    if (isEncrypted) stage.mix(transform);
    const clear = new Uint8Array(packet.length);
    stage.copyPacket(0, clear, 0);
    return clear;
  }
}
