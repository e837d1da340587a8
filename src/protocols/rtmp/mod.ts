import type { ProtocolModule } from "#core/ports.ts";
import type { RtmpConfig } from "./context.ts";
import { openRtmpServer } from "./server.ts";

export { rtmpSource } from "./client/source.ts";

/** RTMP over TCP. */
export const rtmp: ProtocolModule<RtmpConfig> = {
  name: "RTMP",
  open: async (config, ports) =>
    config.rtmp && config.rtmpEncryption !== "strict"
      ? await openRtmpServer("rtmp", config, ports)
      : undefined,
};

/** RTMP within TLS. */
export const rtmps: ProtocolModule<RtmpConfig> = {
  name: "RTMPS",
  open: async (config, ports) =>
    config.rtmp && config.rtmpEncryption !== "no"
      ? await openRtmpServer("rtmps", config, ports)
      : undefined,
};
