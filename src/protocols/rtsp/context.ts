import type { ModulePorts } from "#core/ports.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import type { RtspConnection } from "./connection.ts";
import type { RtspSession } from "./session.ts";
import type { UdpRouter } from "./udp_router.ts";

/** Keys of the configuration that this server reads. */
export interface RtspConfig {
  readonly rtsp: boolean;
  readonly rtspTransports: readonly ("udp" | "multicast" | "tcp")[];
  readonly rtspAddress: string;
  readonly rtpAddress: string;
  readonly rtcpAddress: string;
  readonly rtspAuthMethods: readonly ("basic" | "digest")[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly udpMaxPayloadSize: number;
  readonly udpReadBufferSize: number;
}

/** The same as a list. */
export const RTSP_CONFIG_KEYS: readonly (keyof RtspConfig)[] = [
  "rtsp",
  "rtspTransports",
  "rtspAddress",
  "rtpAddress",
  "rtcpAddress",
  "rtspAuthMethods",
  "readTimeoutMs",
  "writeTimeoutMs",
  "udpMaxPayloadSize",
  "udpReadBufferSize",
];

/** Settings that sessions need. */
export interface RtspSettings {
  readonly transports: readonly ("udp" | "multicast" | "tcp")[];
  readonly authMethods: readonly ("basic" | "digest")[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Largest RTP packet, header included. */
  readonly maxPacketBytes: number;
}

/** The UDP sockets of the server and who gets what comes in on them. */
export interface RtspUdp {
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
  readonly router: UdpRouter;
}

/** What a server gives its connections and sessions. */
export interface RtspContext {
  readonly ports: ModulePorts;
  readonly settings: RtspSettings;
  /** Undefined if UDP is switched off. */
  readonly udp: RtspUdp | undefined;
  readonly connections: Set<RtspConnection>;
  /** By id. */
  readonly sessions: Map<string, RtspSession>;
}
