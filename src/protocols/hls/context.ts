import type { IpNetwork } from "#base/ip.ts";
import type { ModulePorts } from "#core/ports.ts";
import type { HlsConfig } from "./config.ts";
import type { LoadRecordedPast } from "./dvr/recorded_past.ts";
import type { SegmentStorage } from "./storage/segment_storage.ts";

/** Keys of the configuration that the server reads. */
export interface HlsServerConfig extends HlsConfig {
  readonly hls: boolean;
  readonly hlsAddress: string;
  readonly hlsEncryption: boolean;
  readonly hlsServerKey: string;
  readonly hlsServerCert: string;
  readonly hlsAllowOrigins: readonly string[];
  readonly hlsTrustedProxies: readonly IpNetwork[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** A change of one of these needs a new server. */
export const HLS_CONFIG_KEYS: readonly (keyof HlsServerConfig)[] = [
  "hls",
  "hlsAddress",
  "hlsEncryption",
  "hlsServerKey",
  "hlsServerCert",
  "hlsAllowOrigins",
  "hlsTrustedProxies",
  "hlsAlwaysRemux",
  "hlsVariant",
  "hlsSegmentCount",
  "hlsSegmentDurationMs",
  "hlsPartDurationMs",
  "hlsSegmentMaxSizeBytes",
  "hlsDirectory",
  "hlsMuxerCloseAfterMs",
  "hlsDvrWindowMs",
  "hlsCDNSecret",
  "readTimeoutMs",
  "writeTimeoutMs",
];

/** What everything on the port of the HLS server is given. */
export interface HlsContext {
  readonly ports: ModulePorts;
  readonly config: HlsServerConfig;
  readonly loadPast: LoadRecordedPast;
  /** Where segments are; in memory, if left out. */
  readonly storage?: SegmentStorage | undefined;
}
