import type { RtspConnection } from "./connection.ts";
import type { RtspUdp } from "./context.ts";
import type { UdpTarget } from "./egress.ts";
import { RtspError } from "./errors.ts";
import type { UdpEndpoint } from "./udp_router.ts";
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
  readonly label: "TCP" | "UDP";
  /** Channels of interleaved frames. */
  readonly channels: RtpRtcpPair | undefined;
  /** Where datagrams go. */
  readonly target: UdpTarget | undefined;
  /** Takes nothing more from the peer's ports. */
  release(): void;
}

/** What a transport is chosen by. */
export interface TransportQuestion {
  readonly request: RtspRequest;
  readonly connection: RtspConnection;
  readonly isPublishing: boolean;
  /** Who takes what comes from the peer's ports, and for which track. */
  readonly endpoint: UdpEndpoint;
  readonly trackIndex: number;
  /** Transports of the session's other tracks. */
  readonly others: readonly TrackTransport[];
  /** Source of the packets to the peer, where there is one. */
  readonly ssrc: number | undefined;
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
  for (const wanted of parseTransports(text)) {
    if (wanted.profile !== "avp") continue;
    checkMode(wanted, question.isPublishing);
    if (wanted.lowerTransport === "tcp") {
      const { transports } = question.connection.context.settings;
      if (transports.includes("tcp")) return interleaved(wanted, question);
    } else if (wanted.delivery !== "multicast") {
      const { udp } = question.connection.context;
      if (udp) return datagrams(wanted, question, udp);
    }
  }
  throw new RtspError(461, `no transport of "${text}" is supported here`);
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
  wanted: RtspTransport,
  { others, ssrc, isPublishing }: TransportQuestion,
): { transport: TrackTransport; header: string } {
  requireSame(others, "TCP");
  const channels = wanted.interleaved ?? freeChannels(others);
  if (channels[1] !== channels[0] + 1 || channels[0] > MAX_CHANNEL) {
    throw new RtspError(
      400,
      `interleaved channels are ${channels.join("-")}, wanted n and n+1`,
    );
  }
  const isTaken = others.some((other) =>
    other.channels?.some((channel) => channels.includes(channel))
  );
  if (isTaken) {
    throw new RtspError(
      400,
      `interleaved channels ${channels.join("-")} are in use`,
    );
  }
  return {
    transport: {
      label: "TCP",
      channels,
      target: undefined,
      release() {},
    },
    header: serializeTransport({
      lowerTransport: "tcp",
      profile: "avp",
      delivery: "unicast",
      interleaved: channels,
      ...ssrc === undefined ? {} : { ssrc },
      ...isPublishing ? { mode: "record" } : {},
    }),
  };
}

function datagrams(
  wanted: RtspTransport,
  question: TransportQuestion,
  udp: RtspUdp,
): { transport: TrackTransport; header: string } {
  const { connection, endpoint, trackIndex, ssrc } = question;
  requireSame(question.others, "UDP");
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
      release: () => route[Symbol.dispose](),
    },
    header: serializeTransport({
      lowerTransport: "udp",
      profile: "avp",
      delivery: "unicast",
      clientPorts: ports,
      serverPorts: [udp.rtp.port, udp.rtcp.port],
      ...ssrc === undefined ? {} : { ssrc },
      ...question.isPublishing ? { mode: "record" } : {},
    }),
  };
}

function requireSame(
  others: readonly TrackTransport[],
  label: TrackTransport["label"],
): void {
  if (others.some((other) => other.label !== label)) {
    throw new RtspError(400, "all tracks of a session need the same transport");
  }
}

function freeChannels(others: readonly TrackTransport[]): RtpRtcpPair {
  const taken = new Set(others.flatMap((other) => other.channels ?? []));
  let channel = 0;
  while (taken.has(channel) || taken.has(channel + 1)) channel += 2;
  return [channel, channel + 1];
}
