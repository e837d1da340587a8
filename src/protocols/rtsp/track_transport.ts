import {
  exchangeFromMikey,
  type SrtpExchange,
} from "#formats/mikey/srtp_exchange.ts";
import type { RtspConnection } from "./connection.ts";
import type { RtspUdp } from "./context.ts";
import type { UdpTarget } from "./egress.ts";
import { RtspError } from "./errors.ts";
import {
  MULTICAST_TTL,
  type MulticastGroup,
  type MulticastSeat,
} from "./multicast/multicast_group.ts";
import type { MulticastGroups } from "./multicast/multicast_groups.ts";
import type { RtpProfile } from "./stream_encoder.ts";
import type { UdpEndpoint } from "./udp_router.ts";
import { parseKeyMgmt } from "./wire/headers/key_mgmt.ts";
import {
  parseTransports,
  type RtpRtcpPair,
  type RtspTransport,
  serializeTransport,
} from "./wire/headers/transport.ts";
import type { RtspRequest } from "./wire/request.ts";

const MAX_CHANNEL = 254;

/** How the media of one track travels. */
export interface TrackTransport {
  /** Name in logs and in the API. */
  readonly label: "TCP" | "UDP" | "UDP-multicast";
  /** Channels of interleaved frames. */
  readonly channels: RtpRtcpPair | undefined;
  /** Where datagrams go. */
  readonly target: UdpTarget | undefined;
  /** Place in the group that readers share; undefined if the reader has its own. */
  readonly seat: MulticastSeat | undefined;
  /** Keys of both directions; undefined if nothing is protected. */
  readonly srtp: TrackKeys | undefined;
  /** Takes nothing more from the peer's ports, and gives its place up. */
  release(): void;
}

/** Keys of a track that travels as SRTP. */
export interface TrackKeys {
  /** What the peer sends with. */
  readonly peer: SrtpExchange;
  /** What is sent to the peer with. */
  readonly own: SrtpExchange;
}

/** What is sent to a peer. */
export interface OutgoingSource {
  /** Source of the packets, where there is one. */
  readonly ssrc: number | undefined;
  /** Undefined if nothing is protected. */
  readonly exchange: SrtpExchange | undefined;
}

/** Who takes what a peer sends. */
export interface MediaEndpoint extends UdpEndpoint {
  /** A packet on a channel of the connection, owned. Hot path. */
  handleInterleaved(channel: number, packet: Uint8Array): void;
}

/** What a transport is chosen by. */
export interface TransportQuestion {
  readonly request: RtspRequest;
  readonly connection: RtspConnection;
  readonly isPublishing: boolean;
  /** Who takes what comes from the peer's ports or on its channels, and for which track. */
  readonly endpoint: MediaEndpoint;
  readonly trackIndex: number;
  /** Transports of the session's other tracks. */
  readonly others: readonly TrackTransport[];
  /** What is sent to the peer in a profile; a late reader begins with what comes, not with what is kept. */
  readonly outgoing: (profile: RtpProfile, isLate: boolean) => OutgoingSource;
  /** What the readers of the stream share in a profile; undefined where nothing is read. */
  readonly groupIn: (
    groups: MulticastGroups,
    profile: RtpProfile,
  ) => MulticastGroup | undefined;
}

/** What a transport of either kind is made of. */
interface Choice extends TransportQuestion {
  readonly wanted: RtspTransport;
  readonly ssrc: number | undefined;
  readonly srtp: TrackKeys | undefined;
}

/**
 * Takes the first alternative of a SETUP request that can be done.
 *
 * Spec: RFC 2326 §12.39.
 * @throws {RtspError | ParseError} 461 if none can be done, 400 if one is wrong.
 */
export function chooseTransport(
  question: TransportQuestion,
): { transport: TrackTransport; header: string } {
  const text = question.request.headers.get("Transport");
  if (text === undefined) throw new RtspError(400, "SETUP without Transport");
  const { context } = question.connection;
  const { protocol, settings, udp, multicast } = context;
  const isEncrypted = protocol === "rtsps";
  for (const wanted of parseTransports(text)) {
    const isProtected = wanted.profile === "savp";
    if (isProtected && !isEncrypted) continue;
    checkMode(wanted, question.isPublishing);
    if (wanted.lowerTransport === "tcp") {
      if (settings.transports.includes("tcp")) {
        return interleaved(choiceOf(wanted, question));
      }
      continue;
    }
    if (isEncrypted && !isProtected) continue;
    if (wanted.delivery === "multicast") {
      const group = multicast && question.groupIn(multicast, wanted.profile);
      if (multicast && group) return shared(wanted, question, group);
    } else if (udp) return datagrams(choiceOf(wanted, question), udp);
  }
  throw new RtspError(461, `no transport of "${text}" is supported here`);
}

/** Both sides tell their keys in SETUP. Spec: RFC 4567 §3.2. */
function choiceOf(
  wanted: RtspTransport,
  question: TransportQuestion,
  isLate = false,
): Choice {
  const { ssrc, exchange } = question.outgoing(wanted.profile, isLate);
  if (exchange === undefined) {
    return { ...question, wanted, ssrc, srtp: undefined };
  }
  const text = question.request.headers.get("KeyMgmt");
  if (text === undefined) {
    throw new RtspError(400, "SETUP with RTP/SAVP, but without KeyMgmt");
  }
  const peer = exchangeFromMikey(parseKeyMgmt(text).message);
  return { ...question, wanted, ssrc, srtp: { peer, own: exchange } };
}

function checkMode(wanted: RtspTransport, isPublishing: boolean): void {
  const mode = isPublishing ? "record" : "play";
  const isRight = wanted.mode === mode ||
    !isPublishing && wanted.mode === undefined;
  if (!isRight) {
    throw new RtspError(
      400,
      `Transport mode is "${wanted.mode ?? ""}", wanted "${mode}"`,
    );
  }
}

function interleaved(
  { wanted, connection, endpoint, others, ssrc, srtp, isPublishing }: Choice,
): { transport: TrackTransport; header: string } {
  requireSame(others, "TCP", srtp);
  const taken = connection.channels;
  const channels = wanted.interleaved ?? freeChannels(taken);
  if (channels[1] !== channels[0] + 1 || channels[0] > MAX_CHANNEL) {
    throw new RtspError(
      400,
      `interleaved channels are ${channels.join("-")}, wanted n and n+1`,
    );
  }
  if (channels.some((channel) => taken.has(channel))) {
    throw new RtspError(
      400,
      `interleaved channels ${channels.join("-")} are in use`,
    );
  }
  for (const channel of channels) taken.set(channel, endpoint);
  return {
    transport: {
      label: "TCP",
      channels,
      target: undefined,
      seat: undefined,
      srtp,
      release() {
        for (const channel of channels) taken.delete(channel);
      },
    },
    header: serializeTransport({
      lowerTransport: "tcp",
      profile: wanted.profile,
      delivery: "unicast",
      interleaved: channels,
      ...ssrc === undefined ? {} : { ssrc },
      ...isPublishing ? { mode: "record" } : {},
    }),
  };
}

function datagrams(
  choice: Choice,
  udp: RtspUdp,
): { transport: TrackTransport; header: string } {
  const { wanted, connection, endpoint, trackIndex, ssrc, srtp } = choice;
  requireSame(choice.others, "UDP", srtp);
  const ports = wanted.clientPorts;
  if (!ports || ports[0] === 0 || ports[1] === 0) {
    throw new RtspError(400, "Transport has no client_port");
  }
  const { ip } = connection.stream.peer;
  if (udp.router.isTaken(ip, ports)) {
    throw new RtspError(400, `client ports ${ports.join("-")} are in use`);
  }
  const target = {
    rtp: udp.rtp.resolvePeer(ip, ports[0]),
    rtcp: udp.rtcp.resolvePeer(ip, ports[1]),
  };
  const route = udp.router.add(ip, ports, { endpoint, trackIndex });
  return {
    transport: {
      label: "UDP",
      channels: undefined,
      target,
      seat: undefined,
      srtp,
      release: () => route[Symbol.dispose](),
    },
    header: serializeTransport({
      lowerTransport: "udp",
      profile: wanted.profile,
      delivery: "unicast",
      clientPorts: ports,
      serverPorts: [udp.rtp.port, udp.rtcp.port],
      ...ssrc === undefined ? {} : { ssrc },
      ...choice.isPublishing ? { mode: "record" } : {},
    }),
  };
}

/** Multicast: the group's address and ports, whatever the reader asks for. */
function shared(
  wanted: RtspTransport,
  question: TransportQuestion,
  group: MulticastGroup,
): { transport: TrackTransport; header: string } {
  const choice = choiceOf(wanted, question, group.isRunning);
  const { connection, endpoint, trackIndex, others, ssrc, srtp } = choice;
  requireSame(others, "UDP-multicast", srtp);
  if (others.some(({ seat }) => seat?.group !== group)) {
    throw new RtspError(400, "all tracks of a session need the same interface");
  }
  const { ip } = connection.stream.peer;
  const seat = group.join(trackIndex, ip, { endpoint, trackIndex });
  return {
    transport: {
      label: "UDP-multicast",
      channels: undefined,
      target: undefined,
      seat,
      srtp,
      release: () => seat.release(),
    },
    header: serializeTransport({
      lowerTransport: "udp",
      profile: wanted.profile,
      delivery: "multicast",
      destination: seat.address,
      ports: group.ports,
      ttl: MULTICAST_TTL,
      ...ssrc === undefined ? {} : { ssrc },
    }),
  };
}

function requireSame(
  others: readonly TrackTransport[],
  label: TrackTransport["label"],
  srtp: TrackKeys | undefined,
): void {
  const isProtected = srtp !== undefined;
  const isOther = (other: TrackTransport) =>
    other.label !== label || (other.srtp !== undefined) !== isProtected;
  if (others.some(isOther)) {
    throw new RtspError(400, "all tracks of a session need the same transport");
  }
}

function freeChannels(taken: ReadonlyMap<number, unknown>): RtpRtcpPair {
  let channel = 0;
  while (taken.has(channel) || taken.has(channel + 1)) channel += 2;
  return [channel, channel + 1];
}
