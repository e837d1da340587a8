import type { PeerAddress } from "#platform/tcp.ts";
import type { UdpPeer } from "#platform/udp/udp_socket.ts";
import {
  parseTransports,
  type RtpRtcpPair,
  type RtspTransport,
  serializeTransport,
} from "#protocols/rtsp/wire/headers/transport.ts";
import type { RtpProfile } from "#protocols/rtsp/stream_encoder.ts";
import type { SourceProtection } from "#protocols/rtsp/track_protection.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { type MediaSockets, openMediaSockets } from "./media_sockets.ts";
import type { RtspClient } from "./rtsp_client.ts";

/** Port of origins that do not say from where they send. */
const ANY_PORT = 0;

/** Where what arrives goes. */
export interface MediaSink {
  /** An RTP packet of a track, owned. Hot path. */
  handleRtp(trackIndex: number, packet: Uint8Array): void;
  /** An RTCP packet of a track, borrowed. */
  handleRtcp(trackIndex: number, packet: Uint8Array): void;
  /** What belongs together has been handed over. */
  flush(): void;
  /** A packet brought a bug to light. */
  handleFault(error: unknown): void;
}

/** How the media of all tracks travels. */
export interface MediaTransport extends AsyncDisposable {
  /** What SETUP of a track asks for. */
  offer(trackIndex: number, profile: RtpProfile): string;
  /** Takes the answer to that. @throws {Error} if the origin answers something else, or the system refuses. */
  accept(trackIndex: number, answer: string | undefined): void | Promise<void>;
  /** Makes way for the media through address translation, with packets that are protected as media is. */
  open(protection: SourceProtection): void;
  /** Sends an RTCP packet of a track, owned. */
  sendRtcp(trackIndex: number, packet: Uint8Array): void;
}

/** Media between the answers of the connection. */
export class InterleavedTransport implements MediaTransport {
  #client: RtspClient;
  /** What a channel carries: twice the track's position, plus one for RTCP. */
  #meanings = new Map<number, number>();
  #channels = new Map<number, RtpRtcpPair>();

  /** Sends over `client`. */
  constructor(client: RtspClient) {
    this.#client = client;
  }

  /** Whether a channel was agreed on. */
  isChannel(channel: number): boolean {
    return this.#meanings.has(channel);
  }

  offer(trackIndex: number, profile: RtpProfile): string {
    return serializeTransport({
      lowerTransport: "tcp",
      profile,
      delivery: "unicast",
      interleaved: [trackIndex * 2, trackIndex * 2 + 1],
    });
  }

  accept(trackIndex: number, answer: string | undefined): void {
    const transport = firstTransport(answer);
    if (transport && transport.lowerTransport !== "tcp") {
      throw new Error(`the origin answered with transport "${answer}"`);
    }
    const channels = transport?.interleaved ??
      [trackIndex * 2, trackIndex * 2 + 1] as const;
    if (channels.some((one) => this.#meanings.has(one))) {
      throw new Error(`the origin uses channels ${channels.join("-")} twice`);
    }
    this.#channels.set(trackIndex, channels);
    this.#meanings.set(channels[0], trackIndex * 2);
    this.#meanings.set(channels[1], trackIndex * 2 + 1);
  }

  open(): void {}

  sendRtcp(trackIndex: number, packet: Uint8Array): void {
    const [, channel] = this.#channels.get(trackIndex)!;
    this.#client.send(serializeInterleavedFrames([packet], channel));
  }

  /** Takes a packet of the connection, owned. Hot path. */
  handle(channel: number, packet: Uint8Array, sink: MediaSink): void {
    const meaning = this.#meanings.get(channel);
    if (meaning === undefined) return;
    if (meaning % 2 === 0) sink.handleRtp(meaning / 2, packet);
    else sink.handleRtcp((meaning - 1) / 2, packet);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Settings of media over UDP. */
export interface UdpTransportOptions {
  /** Other end of the connection: media comes from there, too. */
  readonly peer: PeerAddress;
  /** Takes packets from whatever port. */
  readonly isAnyPort: boolean;
  /** First and last local port. */
  readonly portRange: readonly number[];
  readonly receiveBufferBytes: number;
  readonly sink: MediaSink;
}

interface UdpTrack {
  readonly sockets: MediaSockets;
  ip: string;
  ports: RtpRtcpPair;
  rtcpPeer: UdpPeer | undefined;
}

/** Media in datagrams, two ports a track. */
export class UdpTransport implements MediaTransport {
  /** Datagrams from addresses that are not the origin's. */
  strangerDatagrams = 0;
  #options: UdpTransportOptions;
  #tracks = new Map<number, UdpTrack>();
  #receiving: Promise<void>[] = [];

  /** Opens nothing yet. */
  constructor(options: UdpTransportOptions) {
    this.#options = options;
  }

  offer(trackIndex: number, profile: RtpProfile): string {
    const { portRange, receiveBufferBytes, peer } = this.#options;
    const sockets = openMediaSockets(portRange, receiveBufferBytes);
    this.#tracks.set(trackIndex, {
      sockets,
      ip: peer.ip,
      ports: [ANY_PORT, ANY_PORT],
      rtcpPeer: undefined,
    });
    return serializeTransport({
      lowerTransport: "udp",
      profile,
      delivery: "unicast",
      clientPorts: [sockets.rtp.port, sockets.rtcp.port],
    });
  }

  accept(trackIndex: number, answer: string | undefined): void {
    const transport = firstTransport(answer);
    if (!transport || transport.lowerTransport !== "udp") {
      throw new Error(`the origin answered with transport "${answer ?? ""}"`);
    }
    const { isAnyPort } = this.#options;
    const ports = transport.serverPorts;
    const isTold = ports !== undefined && ports[0] !== ANY_PORT;
    if (!isTold && !isAnyPort) {
      throw new Error(
        "the origin does not tell its ports (server_port); set rtspAnyPort to take media from any",
      );
    }
    const track = this.#tracks.get(trackIndex)!;
    if (transport.source) track.ip = transport.source;
    if (isTold) track.ports = ports;
    if (isTold) {
      track.rtcpPeer = track.sockets.rtcp.resolvePeer(track.ip, ports[1]);
    }
    this.#receive(trackIndex, track);
  }

  open(protection: SourceProtection): void {
    for (const [i, { sockets, ip, ports, rtcpPeer }] of this.#tracks) {
      if (!rtcpPeer) continue;
      const rtp = protection.protectRtp(i, EMPTY_RTP);
      const peer = sockets.rtp.resolvePeer(ip, ports[0]);
      sockets.rtp.sendSegments(rtp, rtp.length, peer);
      this.sendRtcp(i, protection.protectRtcp(i, EMPTY_RTCP));
    }
  }

  sendRtcp(trackIndex: number, packet: Uint8Array): void {
    const { sockets, rtcpPeer } = this.#tracks.get(trackIndex)!;
    if (!rtcpPeer) return;
    sockets.rtcp.sendSegments(packet, packet.length, rtcpPeer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sockets } of this.#tracks.values()) {
      await sockets[Symbol.asyncDispose]();
    }
    await Promise.all(this.#receiving);
  }

  #receive(trackIndex: number, track: UdpTrack): void {
    const { sink } = this.#options;
    const { rtp, rtcp } = track.sockets;
    this.#receiving.push(
      rtp.receive((datagram, ip, port) => {
        if (!this.#isOrigin(track, ip, port, 0)) return;
        deliverRtp(sink, trackIndex, datagram);
      }),
      rtcp.receive((datagram, ip, port) => {
        if (!this.#isOrigin(track, ip, port, 1)) return;
        deliverRtcp(sink, trackIndex, datagram);
      }),
    );
  }

  #isOrigin(track: UdpTrack, ip: string, port: number, i: 0 | 1): boolean {
    const isOrigin = ip === track.ip &&
      (this.#options.isAnyPort || port === track.ports[i]);
    if (!isOrigin) this.strangerDatagrams++;
    return isOrigin;
  }
}

/** Hands a datagram over, borrowed. Hot path. What goes wrong ends the session, not the process. */
export function deliverRtp(
  sink: MediaSink,
  trackIndex: number,
  datagram: Uint8Array,
): void {
  try {
    sink.handleRtp(trackIndex, datagram.slice());
    sink.flush();
  } catch (error) {
    sink.handleFault(error);
  }
}

/** The same for RTCP. */
export function deliverRtcp(
  sink: MediaSink,
  trackIndex: number,
  datagram: Uint8Array,
): void {
  try {
    sink.handleRtcp(trackIndex, datagram);
  } catch (error) {
    sink.handleFault(error);
  }
}

/** An RTP header and nothing else; a receiver report about nothing. Spec: RFC 3550 §5.1, §6.4.2. */
const EMPTY_RTP = Uint8Array.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const EMPTY_RTCP = Uint8Array.from([0x80, 201, 0, 1, 0, 0, 0, 0]);

/** The transport that an origin answers with; undefined if it does not say. */
export function firstTransport(
  answer: string | undefined,
): RtspTransport | undefined {
  return answer === undefined ? undefined : parseTransports(answer)[0];
}
