import type { ProtocolModule } from "#core/ports.ts";
import type { RtmpConfig } from "./context.ts";
import { openRtmpServer } from "./server.ts";

/** RTMP over TCP. */
export const rtmp: ProtocolModule<RtmpConfig> = {
  name: "RTMP",
  open: (config, ports) =>
    config.rtmp ? openRtmpServer(config, ports) : undefined,
};
