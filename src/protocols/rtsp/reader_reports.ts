import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import type { RtcpPacket } from "#formats/rtp/rtcp/rtcp_packet.ts";
import {
  openSrtpReceiver,
  type SrtpReceiver,
} from "#formats/srtp/srtp_receiver.ts";
import type { DamagedMedia } from "./media_counts.ts";
import type { TrackTransport } from "./track_transport.ts";

/** What reports are read with. */
export interface ReaderReportsOptions {
  /** Those of the reader; their keys open what it sends protected. */
  readonly transports: ReadonlyMap<number, TrackTransport>;
  /** Whether packets with this source are sent to the reader. */
  readonly isSource: (ssrc: number) => boolean;
  readonly onError: (message: string, damaged: DamagedMedia) => void;
}

/** Reads what a reader reports about the packets that it was sent. Spec: RFC 3550 §6.4. */
export class ReaderReports implements Disposable {
  /** RTCP packets so far; a compound packet is as many as it holds. */
  receivedPackets = 0;
  #options: ReaderReportsOptions;
  /** By source, as the latest report has it. */
  #lostPackets = new Map<number, number>();
  #receivers: SrtpReceiver[] | undefined;

  /** Opens nothing until something comes. */
  constructor(options: ReaderReportsOptions) {
    this.#options = options;
  }

  /** RTP packets that the reader says it did not get. */
  get lostPackets(): number {
    let sum = 0;
    for (const count of this.#lostPackets.values()) sum += count;
    return sum;
  }

  /** Takes an RTCP packet of the reader, borrowed. */
  handleRtcp(packet: Uint8Array): void {
    const clear = this.#unprotect(packet);
    const packets = typeof clear === "string"
      ? clear
      : parseRtcpCompound(clear);
    if (typeof packets === "string") {
      this.#options.onError(`RTCP packet rejected: ${packets}`, "rtcp");
      return;
    }
    this.receivedPackets += packets.length;
    for (const one of packets) this.#take(one);
  }

  /** Closes the ciphers. */
  [Symbol.dispose](): void {
    for (const receiver of this.#receivers ?? []) receiver[Symbol.dispose]();
    this.#receivers = undefined;
  }

  /** With the keys of whichever track fits: over multicast nothing else tells it. */
  #unprotect(packet: Uint8Array): Uint8Array | string {
    this.#receivers ??= [...this.#options.transports.values()].flatMap((
      { srtp },
    ) => srtp ? [openSrtpReceiver(srtp.peer.keys)] : []);
    let clear: Uint8Array | string = packet;
    for (const receiver of this.#receivers) {
      clear = receiver.unprotectRtcp(packet);
      if (typeof clear !== "string") return clear;
    }
    return clear;
  }

  #take(packet: RtcpPacket): void {
    if (packet.type !== "receiverReport" && packet.type !== "senderReport") {
      return;
    }
    for (const { ssrc, cumulativeLost } of packet.reportBlocks) {
      if (!this.#options.isSource(ssrc)) continue;
      // Below zero there were more duplicates than losses.
      this.#lostPackets.set(ssrc, Math.max(0, cumulativeLost));
    }
  }
}
