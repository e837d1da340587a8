import type { PeerAddress } from "#platform/tcp.ts";
import {
  openMulticastReceiver,
  openMulticastSender,
} from "#platform/udp/multicast.ts";
import type { UdpPeer, UdpSocket } from "#platform/udp/udp_socket.ts";
import { isMulticastIp } from "#protocols/rtsp/multicast/multicast_addresses.ts";
import type { RtpProfile } from "#protocols/rtsp/stream_encoder.ts";
import {
  type RtspTransport,
  serializeTransport,
} from "#protocols/rtsp/wire/headers/transport.ts";
import {
  deliverRtcp,
  deliverRtp,
  firstTransport,
  type MediaSink,
  type MediaTransport,
} from "./media_transport.ts";

/** Hops of our reports where the origin does not say how many its packets take. */
const DEFAULT_TTL = 127;

/** Packet type with which a sender's RTCP begins. Spec: RFC 3550 §6.4.1. */
const SENDER_REPORT = 200;

/** Settings of media over multicast. */
export interface MulticastTransportOptions {
  /** Other end of the connection: media comes from there, unless the origin says otherwise. */
  readonly peer: PeerAddress;
  /** This end: groups are joined on its interface. */
  readonly local: PeerAddress;
  readonly receiveBufferBytes: number;
  readonly sink: MediaSink;
}

interface MulticastTrack {
  /** Address that the origin sends from. */
  readonly sourceIp: string;
  readonly rtcp: UdpSocket;
  readonly rtcpPeer: UdpPeer;
}

/** Media in datagrams to a group of hosts that this one joins. */
export class MulticastTransport implements MediaTransport {
  /** Datagrams from addresses that are not the origin's. */
  strangerDatagrams = 0;
  #options: MulticastTransportOptions;
  #opened = new AsyncDisposableStack();
  #tracks = new Map<number, MulticastTrack>();
  #receiving: Promise<void>[] = [];

  /** Opens nothing yet. */
  constructor(options: MulticastTransportOptions) {
    this.#options = options;
  }

  offer(_trackIndex: number, profile: RtpProfile): string {
    return serializeTransport({
      lowerTransport: "udp",
      profile,
      delivery: "multicast",
    });
  }

  async accept(trackIndex: number, answer: string | undefined): Promise<void> {
    const transport = firstTransport(answer);
    const { destination, ports, ttl = DEFAULT_TTL } = transport ?? {};
    if (
      transport?.delivery !== "multicast" || !ports ||
      destination === undefined || !isMulticastIp(destination)
    ) {
      throw new Error(
        `the origin answered with transport "${
          answer ?? ""
        }", wanted a multicast group`,
      );
    }
    const { local: { ip: interfaceIp }, receiveBufferBytes } = this.#options;
    const group = { group: destination, interfaceIp, receiveBufferBytes };
    const [rtpPort, rtcpPort] = ports;
    const rtp = this.#opened.use(
      await openMulticastReceiver({ ...group, port: rtpPort }),
    );
    const reports = this.#opened.use(
      await openMulticastReceiver({ ...group, port: rtcpPort }),
    );
    const rtcp = this.#opened.use(
      await openMulticastSender({ interfaceIp, port: rtcpPort, ttl }),
    );
    const rtcpPeer = rtcp.resolvePeer(destination, rtcpPort);
    const track = { sourceIp: this.#sourceIp(transport), rtcp, rtcpPeer };
    this.#tracks.set(trackIndex, track);
    this.#receive(trackIndex, track, { rtp, reports });
  }

  open(): void {}

  sendRtcp(trackIndex: number, packet: Uint8Array): void {
    const { rtcp, rtcpPeer } = this.#tracks.get(trackIndex)!;
    rtcp.sendSegments(packet, packet.length, rtcpPeer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
    await Promise.all(this.#receiving);
  }

  #receive(
    trackIndex: number,
    { sourceIp }: MulticastTrack,
    { rtp, reports }: { readonly rtp: UdpSocket; readonly reports: UdpSocket },
  ): void {
    const { sink } = this.#options;
    this.#receiving.push(
      rtp.receive((datagram, ip) => {
        if (ip !== sourceIp) {
          this.strangerDatagrams++;
          return;
        }
        deliverRtp(sink, trackIndex, datagram);
      }),
      reports.receive((datagram, ip) => {
        // Reports of the group's other members come here, too.
        const isSender = datagram[1] === SENDER_REPORT;
        if (isSender && ip === sourceIp) {
          deliverRtcp(sink, trackIndex, datagram);
        }
      }),
    );
  }

  #sourceIp({ source }: RtspTransport): string {
    const ip = source ?? this.#options.peer.ip;
    if (!ip.includes(":")) return ip;
    throw new Error(
      `the origin was reached over IPv6 and does not tell from which IPv4 address it sends: use its IPv4 address in the URL`,
    );
  }
}
