import type { IpNetwork } from "#base/ip.ts";
import type { ModulePorts } from "#core/ports.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import type { RtspConnection } from "./connection.ts";
import type { MulticastGroups } from "./multicast/multicast_groups.ts";
import type { RtspSession } from "./session.ts";
import type { UdpRouter } from "./udp_router.ts";

/** What a server speaks: plain, or within TLS. */
export type RtspProtocol = "rtsp" | "rtsps";

/** Keys of the configuration that the servers read. */
export interface RtspConfig {
  readonly rtsp: boolean;
  readonly rtspTransports: readonly ("udp" | "multicast" | "tcp")[];
  readonly rtspEncryption: "no" | "optional" | "strict";
  readonly rtspAddress: string;
  readonly rtspsAddress: string;
  readonly rtspServerKey: string;
  readonly rtspServerCert: string;
  readonly rtspTrustedProxies: readonly IpNetwork[];
  readonly rtpAddress: string;
  readonly rtcpAddress: string;
  readonly multicastIPRange: string;
  readonly multicastRTPPort: number;
  readonly multicastRTCPPort: number;
  readonly srtpAddress: string;
  readonly srtcpAddress: string;
  readonly multicastSRTPPort: number;
  readonly multicastSRTCPPort: number;
  readonly rtspAuthMethods: readonly ("basic" | "digest")[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly udpMaxPayloadSize: number;
  readonly udpReadBufferSize: number;
}

const COMMON_KEYS = [
  "rtsp",
  "rtspTransports",
  "rtspEncryption",
  "multicastIPRange",
  "rtspAuthMethods",
  "rtspTrustedProxies",
  "readTimeoutMs",
  "writeTimeoutMs",
  "udpMaxPayloadSize",
  "udpReadBufferSize",
] as const;

/** Keys that each server reads. */
export const RTSP_CONFIG_KEYS: Readonly<
  Record<RtspProtocol, readonly (keyof RtspConfig)[]>
> = {
  rtsp: [
    ...COMMON_KEYS,
    "rtspAddress",
    "rtpAddress",
    "rtcpAddress",
    "multicastRTPPort",
    "multicastRTCPPort",
  ],
  rtsps: [
    ...COMMON_KEYS,
    "rtspsAddress",
    "rtspServerKey",
    "rtspServerCert",
    "srtpAddress",
    "srtcpAddress",
    "multicastSRTPPort",
    "multicastSRTCPPort",
  ],
};

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
  readonly protocol: RtspProtocol;
  readonly ports: ModulePorts;
  readonly settings: RtspSettings;
  /** Undefined if nothing is sent or taken over UDP. */
  readonly udp: RtspUdp | undefined;
  /** Undefined if nothing is sent over multicast. */
  readonly multicast: MulticastGroups | undefined;
  readonly connections: Set<RtspConnection>;
  /** By id. */
  readonly sessions: Map<string, RtspSession>;
}
