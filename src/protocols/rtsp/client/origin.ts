import { ParseError } from "#base/errors.ts";
import { parseUserInfo } from "#base/user_info.ts";
import {
  parseRtspUrl,
  type RtspUrl,
  serializeRtspUrl,
} from "#protocols/rtsp/wire/rtsp_url.ts";
import type { OriginCredentials } from "./client_authorization.ts";

/** How the bytes of a connection to an origin travel. */
export type OriginTunnel = "none" | "http" | "websocket";

/** Where a stream is pulled from. */
export interface RtspOrigin {
  readonly url: RtspUrl;
  readonly tunnel: OriginTunnel;
  readonly credentials: OriginCredentials | undefined;
}

/** Scheme, tunnel, everything behind. */
const ORIGIN = /^(rtsps?)(?:\+(http|ws))?(:\/\/.*)$/i;

/** Userinfo of a URL: up to the last at sign before the path. */
const USER_INFO = /^:\/\/([^/?#]*)@/;

/** Schemes of origins. */
export const ORIGIN_SCHEMES: readonly string[] = [
  "rtsp",
  "rtsps",
  "rtsp+http",
  "rtsps+http",
  "rtsp+ws",
  "rtsps+ws",
];

/**
 * Parses the address of an origin: `rtsp[s][+http|+ws]://[user:password@]host[:port]/path`.
 *
 * Deviates: what is no percent-encoding in user or password is taken as it is.
 *
 * @throws {ParseError} if it is none.
 */
export function parseOrigin(text: string): RtspOrigin {
  const parts = ORIGIN.exec(text);
  if (!parts) {
    throw new ParseError("must be an RTSP URL", {
      format: "source",
      field: "scheme",
      offsetBytes: 0,
    });
  }
  const [, scheme, tunnel, rest] = parts;
  const url = parseRtspUrl(`${scheme}${rest}`);
  return {
    url,
    tunnel: tunnel === undefined
      ? "none"
      : tunnel.toLowerCase() === "http"
      ? "http"
      : "websocket",
    credentials: credentialsOf(rest!),
  };
}

/** The address without user and password, for messages. */
export function originText({ url }: RtspOrigin): string {
  return serializeRtspUrl(url);
}

/**
 * Where a redirect leads: credentials and tunnel are carried over.
 *
 * @throws {ParseError} if it is no URL, or leaves TLS.
 */
export function redirectedOrigin(
  origin: RtspOrigin,
  location: string,
): RtspOrigin {
  const { url: from } = origin;
  const url = location.startsWith("/")
    ? parseRtspUrl(
      serializeRtspUrl({ ...from, path: "", query: "" }) + location,
    )
    : parseRtspUrl(location);
  if (from.scheme === "rtsps" && url.scheme === "rtsp") {
    throw new ParseError("leads from rtsps to rtsp, which is not followed", {
      format: "RTSP redirect",
      field: "Location",
      offsetBytes: 0,
    });
  }
  return { ...origin, url };
}

function credentialsOf(rest: string): OriginCredentials | undefined {
  const userInfo = USER_INFO.exec(rest)?.[1];
  return userInfo === undefined ? undefined : parseUserInfo(userInfo);
}
