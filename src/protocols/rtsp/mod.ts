import type { ProtocolModule } from "#core/ports.ts";
import type { RtspConfig } from "./context.ts";
import { openRtspServer } from "./server.ts";

export { rtspSource } from "./client/source.ts";

/** RTSP over TCP and UDP. */
export const rtsp: ProtocolModule<RtspConfig> = {
  name: "RTSP",
  open: async (config, ports) =>
    config.rtsp && config.rtspEncryption !== "strict"
      ? await openRtspServer("rtsp", config, ports)
      : undefined,
};

/** RTSP within TLS. */
export const rtsps: ProtocolModule<RtspConfig> = {
  name: "RTSPS",
  open: async (config, ports) =>
    config.rtsp && config.rtspEncryption !== "no"
      ? await openRtspServer("rtsps", config, ports)
      : undefined,
};
