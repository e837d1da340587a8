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

/** SRTP of one track of a publisher: what it sends, and what it is told about that. */
export interface PublisherProtection extends Disposable {
  readonly receiver: SrtpReceiver;
  readonly sender: SrtpSender;
}

/** Opens the ciphers of a publisher's track; they last as long as its session, so that no index comes twice. */
export function openPublisherProtection(
  { peer, own }: TrackKeys,
): PublisherProtection {
  const receiver = openSrtpReceiver(peer.keys, peer.rollovers);
  const sender = openSrtpSender(own.keys);
  return {
    receiver,
    sender,
    [Symbol.dispose]() {
      receiver[Symbol.dispose]();
      sender[Symbol.dispose]();
    },
  };
}
