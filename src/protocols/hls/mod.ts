import type { ProtocolModule } from "#core/ports.ts";
import type { HlsServerConfig } from "./context.ts";
import type { LoadRecordedPast } from "./dvr/recorded_past.ts";
import { openHlsServer } from "./server.ts";

/** HLS, and everything else that is watched over HTTP. `loadPast`: recordings that live playlists reach back into. */
export function hls(
  loadPast: LoadRecordedPast,
): ProtocolModule<HlsServerConfig> {
  return {
    name: "HLS",
    open: async (config, ports) =>
      config.hls ? await openHlsServer({ config, ports, loadPast }) : undefined,
  };
}
