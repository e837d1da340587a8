import type { ModulePorts } from "#core/ports.ts";
import type { RtmpConnection } from "./connection.ts";

/** Keys of the configuration that this server reads. */
export interface RtmpConfig {
  readonly rtmp: boolean;
  readonly rtmpAddress: string;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** What a server gives its connections. */
export interface RtmpContext {
  readonly ports: ModulePorts;
  readonly config: RtmpConfig;
  readonly connections: Set<RtmpConnection>;
}
