import { ParseError } from "#base/errors.ts";
import {
  decodePercent,
  parseUserInfo,
  type UserInfo,
} from "#base/user_info.ts";

/** Where a stream is pulled from. */
export interface RtmpOrigin {
  readonly scheme: "rtmp" | "rtmps";
  /** An IPv6 address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Application, with the query if it has one. */
  readonly app: string;
  /** May be empty and may have a query. */
  readonly streamKey: string;
  readonly credentials: UserInfo | undefined;
}

/** Schemes of origins. */
export const ORIGIN_SCHEMES: readonly string[] = ["rtmp", "rtmps"];

const DEFAULT_PORTS = { rtmp: 1_935, rtmps: 1_936 };

/** Scheme, user and password, host and port, path, query, fragment. */
const ORIGIN =
  /^(rtmps?):\/\/(?:([^/?#]*)@)?([^/?#]*)\/?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i;

/** Host, in brackets or not, and port. */
const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i;

/**
 * Parses the address of an origin: `rtmp[s]://[user:password@]host[:port]/app/key[?query][#key]`.
 *
 * The key is the fragment; without one it is what stands behind the last slash of the path, with the query, and a
 * path of one part is the application alone.
 *
 * Deviates: what is no percent-encoding in user, password or fragment is taken as it is.
 *
 * @throws {ParseError} if it is none.
 */
export function parseOrigin(text: string): RtmpOrigin {
  const parts = ORIGIN.exec(text);
  if (!parts) throw originError("scheme", "must be an RTMP URL");
  const [, scheme, userInfo, authority, path, query, fragment] = parts;
  const address = AUTHORITY.exec(authority!);
  if (!address) throw originError("host", "must be a host and maybe a port");
  const knownScheme = scheme!.toLowerCase() === "rtmps" ? "rtmps" : "rtmp";
  const port = address[3] === undefined
    ? DEFAULT_PORTS[knownScheme]
    : Number(address[3]);
  if (port < 1 || port > 0xffff) {
    throw originError("port", `must be 1 to 65535, found ${port}`);
  }
  return {
    scheme: knownScheme,
    hostname: (address[1] ?? address[2])!,
    port,
    ...splitPath(path!, query ? `?${query}` : "", fragment),
    credentials: userInfo === undefined ? undefined : parseUserInfo(userInfo),
  };
}

/** The URL of the application, as `connect` tells it. */
export function tcUrlOf(origin: RtmpOrigin): string {
  const { scheme, hostname, port, app } = origin;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${scheme}://${host}:${port}/${app}`;
}

/** The address without user, password and queries, for messages. */
export function originText(origin: RtmpOrigin): string {
  const url = tcUrlOf(origin).split("?", 1)[0]!;
  const key = origin.streamKey.split("?", 1)[0]!;
  return key === "" ? url : `${url}/${key}`;
}

/**
 * Where a redirect or a reconnect request leads: credentials and key are carried over.
 *
 * `location`: URL of the application, alone or with the key, maybe relative to that of `origin`; the same origin if
 * undefined.
 * Spec: Enhanced RTMP v2, Reconnect Request; RFC 3986 §5.
 *
 * @throws {ParseError} if it is no URL, or leaves TLS.
 */
export function redirectedOrigin(
  origin: RtmpOrigin,
  location: string | undefined,
): RtmpOrigin {
  if (location === undefined) return origin;
  const whole = URL.parse(location, tcUrlOf(origin))?.href ?? location;
  const target = parseOrigin(whole);
  if (origin.scheme === "rtmps" && target.scheme === "rtmp") {
    throw originError(
      "scheme",
      "leads from rtmps to rtmp, which is not followed",
    );
  }
  const { credentials, streamKey } = origin;
  const name = streamKey.split("?", 1)[0]!;
  const hasKey = whole.includes("#") ||
    target.streamKey.split("?", 1)[0] === name;
  if (hasKey) return { ...target, credentials };
  const app = target.streamKey === ""
    ? target.app
    : `${target.app}/${target.streamKey}`;
  return { ...target, app, streamKey, credentials };
}

function splitPath(
  path: string,
  query: string,
  fragment: string | undefined,
): Pick<RtmpOrigin, "app" | "streamKey"> {
  if (fragment !== undefined) {
    return { app: path + query, streamKey: decodePercent(fragment) };
  }
  const slash = path.lastIndexOf("/");
  if (slash < 0) return { app: path + query, streamKey: "" };
  return {
    app: path.slice(0, slash),
    streamKey: path.slice(slash + 1) + query,
  };
}

function originError(field: string, reason: string): ParseError {
  return new ParseError(reason, { format: "source", field, offsetBytes: 0 });
}
