import type { Config } from "#config/root_schema.ts";

/** Ports that need not stand in a URL. */
const OWN_PORTS = { rtsp: 554, rtsps: 322, rtmp: 1935, rtmps: 443 } as const;

/** Where a browser plays a stream of this machine; undefined if there is no page for it. */
export function pageUrl(config: Config, pathName: string): string | undefined {
  const { hls, hlsEncryption, hlsAddress } = config;
  if (!hls) return undefined;
  const scheme = hlsEncryption ? "https" : "http";
  const port = hlsAddress.slice(hlsAddress.lastIndexOf(":") + 1);
  return `${scheme}://localhost:${port}/${pathName}`;
}

/** Addresses of a stream on this machine, over every protocol that is on for publishers and readers. */
export function streamUrls(config: Config, pathName: string): string[] {
  const urlOf = (scheme: keyof typeof OWN_PORTS, address: string) => {
    const port = address.slice(address.lastIndexOf(":") + 1);
    const suffix = port === String(OWN_PORTS[scheme]) ? "" : `:${port}`;
    return `${scheme}://localhost${suffix}/${pathName}`;
  };
  const urls: string[] = [];
  if (config.rtsp) {
    urls.push(
      config.rtspEncryption === "strict"
        ? urlOf("rtsps", config.rtspsAddress)
        : urlOf("rtsp", config.rtspAddress),
    );
  }
  if (config.rtmp) {
    urls.push(
      config.rtmpEncryption === "strict"
        ? urlOf("rtmps", config.rtmpsAddress)
        : urlOf("rtmp", config.rtmpAddress),
    );
  }
  return urls;
}
