import {
  outgoingPacketSizeBytes,
  type OutgoingRtpPacket,
  type RtpSourceFields,
  writeOutgoingPacket,
} from "#formats/rtp/track_encoder.ts";
import { RTP_HEADER_MIN_BYTES } from "#formats/rtp/rtp_header.ts";
import { createSrtpKeys, type SrtpKeys } from "#formats/srtp/srtp_keys.ts";
import {
  openSrtpReceiver,
  type SrtpReceiver,
} from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender, type SrtpSender } from "#formats/srtp/srtp_sender.ts";
import type { DamagedMedia } from "./media_counts.ts";
import type { TrackKeys } from "./track_transport.ts";

/**
 * SRTP of one track towards all of its readers: they share the key, so that what one gets is what all get.
 *
 * The key stays for as long as the track's source does; the ciphers are open from the first packet to `close()`.
 */
export class TrackProtection {
  /** What readers are told. */
  readonly keys: SrtpKeys = createSrtpKeys();
  #sender: SrtpSender | undefined;
  #nextRtcpIndex = 0;

  /** Protects the packets of one unit; header and number stay as they are. Hot path: once per unit, for all readers. */
  protect(
    packets: readonly OutgoingRtpPacket[],
    source: RtpSourceFields,
  ): OutgoingRtpPacket[] {
    let sizeBytes = 0;
    for (const packet of packets) sizeBytes += outgoingPacketSizeBytes(packet);
    const bytes = new Uint8Array(sizeBytes);
    const whole: Uint8Array[] = [];
    const indexes: number[] = [];
    let at = 0;
    for (const packet of packets) {
      const end = writeOutgoingPacket(bytes, at, packet, source);
      whole.push(bytes.subarray(at, end));
      indexes.push(packet.sequenceNumber);
      at = end;
    }
    const views = this.#open().protectRtp(whole, indexes);
    const out: OutgoingRtpPacket[] = [];
    for (let i = 0; i < packets.length; i++) {
      const { firstByte, marker, sequenceNumber, timestampTicks } = packets[i]!;
      const body = views[i]!.subarray(RTP_HEADER_MIN_BYTES);
      out.push({ firstByte, marker, sequenceNumber, timestampTicks, body });
    }
    return out;
  }

  /** Protects an RTCP packet for one reader. */
  protectRtcp(packet: Uint8Array): Uint8Array {
    return this.#open().protectRtcp(packet);
  }

  /** Closes the ciphers; the next packet opens them again. */
  close(): void {
    if (this.#sender === undefined) return;
    this.#nextRtcpIndex = this.#sender.nextRtcpIndex;
    this.#sender[Symbol.dispose]();
    this.#sender = undefined;
  }

  #open(): SrtpSender {
    return this.#sender ??= openSrtpSender(this.keys, this.#nextRtcpIndex);
  }
}

interface SourceTrack {
  readonly receiver: SrtpReceiver;
  readonly sender: SrtpSender;
}

/**
 * SRTP of what a publisher or an origin sends, and of what it is told about that.
 *
 * Tracks without keys are in the clear. The ciphers last as long as the session, so that no index comes twice.
 */
export class SourceProtection implements Disposable {
  #tracks = new Map<number, SourceTrack>();
  #onError: (message: string, damaged: DamagedMedia) => void;

  /** `onError` is told of packets that were not accepted. */
  constructor(onError: (message: string, damaged: DamagedMedia) => void) {
    this.#onError = onError;
  }

  /** A track is protected with these keys. */
  open(trackIndex: number, { peer, own }: TrackKeys): void {
    this.#tracks.set(trackIndex, {
      receiver: openSrtpReceiver(peer.keys, peer.rollovers),
      sender: openSrtpSender(own.keys),
    });
  }

  /** An RTP packet of a track in the clear; undefined if it is not accepted. Hot path. */
  unprotectRtp(trackIndex: number, packet: Uint8Array): Uint8Array | undefined {
    const track = this.#tracks.get(trackIndex);
    if (track === undefined) return packet;
    const clear = track.receiver.unprotectRtp(packet);
    if (typeof clear !== "string") return clear;
    this.#onError(`SRTP packet rejected: ${clear}`, "rtp");
    return undefined;
  }

  /** An RTCP packet of a track in the clear; undefined if it is not accepted. */
  unprotectRtcp(
    trackIndex: number,
    packet: Uint8Array,
  ): Uint8Array | undefined {
    const track = this.#tracks.get(trackIndex);
    if (track === undefined) return packet;
    const clear = track.receiver.unprotectRtcp(packet);
    if (typeof clear !== "string") return clear;
    this.#onError(`SRTCP packet rejected: ${clear}`, "rtcp");
    return undefined;
  }

  /** An RTCP packet about a track as it is sent. */
  protectRtcp(trackIndex: number, packet: Uint8Array): Uint8Array {
    return this.#tracks.get(trackIndex)?.sender.protectRtcp(packet) ?? packet;
  }

  /** The only RTP packet of a track that is sent the other way: the one with number 0. */
  protectRtp(trackIndex: number, packet: Uint8Array): Uint8Array {
    const track = this.#tracks.get(trackIndex);
    return track?.sender.protectRtp([packet], [0])[0] ?? packet;
  }

  /** Closes the ciphers. */
  [Symbol.dispose](): void {
    for (const { receiver, sender } of this.#tracks.values()) {
      receiver[Symbol.dispose]();
      sender[Symbol.dispose]();
    }
    this.#tracks.clear();
  }
}
