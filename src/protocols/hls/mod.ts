import type { ProtocolModule } from "#core/ports.ts";
import type { HlsServerConfig } from "./context.ts";
import { openHlsServer } from "./server.ts";

/** HLS, and everything else that is watched over HTTP. */
export const hls: ProtocolModule<HlsServerConfig> = {
  name: "HLS",
  open: async (config, ports) =>
    config.hls ? await openHlsServer({ config, ports }) : undefined,
};
