import type { IpNetwork } from "#base/ip.ts";
import type { ModulePorts } from "#core/ports.ts";
import type { RtmpConnection } from "./connection.ts";

/** What a server speaks: plain, or within TLS. */
export type RtmpProtocol = "rtmp" | "rtmps";

/** Keys of the configuration that the servers read. */
export interface RtmpConfig {
  readonly rtmp: boolean;
  readonly rtmpEncryption: "no" | "optional" | "strict";
  readonly rtmpAddress: string;
  readonly rtmpsAddress: string;
  readonly rtmpServerKey: string;
  readonly rtmpServerCert: string;
  readonly rtmpTrustedProxies: readonly IpNetwork[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

const COMMON_KEYS = [
  "rtmp",
  "rtmpEncryption",
  "rtmpTrustedProxies",
  "readTimeoutMs",
  "writeTimeoutMs",
] as const;

/** Keys that each server reads. */
export const RTMP_CONFIG_KEYS: Readonly<
  Record<RtmpProtocol, readonly (keyof RtmpConfig)[]>
> = {
  rtmp: [...COMMON_KEYS, "rtmpAddress"],
  rtmps: [...COMMON_KEYS, "rtmpsAddress", "rtmpServerKey", "rtmpServerCert"],
};

/** What a server gives its connections. */
export interface RtmpContext {
  readonly protocol: RtmpProtocol;
  readonly ports: ModulePorts;
  readonly config: Pick<RtmpConfig, "readTimeoutMs" | "writeTimeoutMs">;
  readonly connections: Set<RtmpConnection>;
}
