import { ParseError } from "#base/errors.ts";

/** Bytes of a URL. */
export const MAX_RTSP_URL_BYTES = 2_048;

const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;

/** Scheme, authority, path, query. */
const URL_PARTS = /^(rtsps?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i;
/** Host name, IPv4 address or bracketed IPv6 address, and a port. */
const HOST_PORT =
  /^(\[[0-9a-f:.]+(?:%[\w.%~-]+)?\]|[^:\[\]@]+)(?::(\d{0,5}))?$/i;
// deno-lint-ignore no-control-regex
const SPACE_OR_CONTROL = /[\x00-\x20\x7f]/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

const TRACK_MARK = "/trackID=";
const TRACK_ID = /^\d{1,3}$/;

/** Parts of an `rtsp://` or `rtsps://` URL; user and password are left out. */
export interface RtspUrl {
  readonly scheme: "rtsp" | "rtsps";
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  /** 0 to 65535; the scheme's own if the URL has none. */
  readonly port: number;
  /** As it came, percent-encoded, with its leading slash; empty if there is none. */
  readonly path: string;
  /** As it came, without the question mark; empty if there is none. */
  readonly query: string;
}

/** The stream that a URL means. */
export interface StreamTarget {
  /** Percent-decoded, without the leading slash. */
  readonly pathName: string;
  /** As it came, without the question mark. */
  readonly query: string;
}

/**
 * Parses the URL of a request.
 *
 * Limits: {@linkcode MAX_RTSP_URL_BYTES}.
 * Spec: RFC 2326 §3.2, RFC 3986 §3.
 *
 * @throws {ParseError} if it is no absolute URL of this kind.
 */
export function parseRtspUrl(text: string): RtspUrl {
  if (new TextEncoder().encode(text).length > MAX_RTSP_URL_BYTES) {
    throw urlError(`has over ${MAX_RTSP_URL_BYTES} bytes`, "url");
  }
  if (SPACE_OR_CONTROL.test(text)) {
    throw urlError("has a space or control character", "url");
  }
  const parts = URL_PARTS.exec(text);
  if (!parts) {
    throw urlError("must be rtsp:// or rtsps:// without a fragment", "url");
  }
  const scheme = parts[1]!.toLowerCase() === "rtsps" ? "rtsps" : "rtsp";
  const authority = parts[2]!;
  const hostPort = HOST_PORT.exec(
    authority.slice(authority.lastIndexOf("@") + 1),
  );
  if (!hostPort) throw urlError("must be a host and a port", "authority");
  const port = hostPort[2] ? Number(hostPort[2]) : DEFAULT_PORTS[scheme];
  if (port > 0xffff) throw urlError("must be below 65536", "port");
  return {
    scheme,
    hostname: hostPort[1]!.replace(/^\[|\]$/g, ""),
    port,
    path: parts[3]!,
    query: parts[4] ?? "",
  };
}

/** Writes a URL; the scheme's own port is left out. */
export function serializeRtspUrl(url: RtspUrl): string {
  const { scheme, hostname, port, path, query } = url;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const portText = port === DEFAULT_PORTS[scheme] ? "" : `:${port}`;
  const queryText = query === "" ? "" : `?${query}`;
  return `${scheme}://${host}${portText}${path}${queryText}`;
}

/**
 * The stream that an ANNOUNCE means: the path as it is, a trailing slash included.
 *
 * @throws {ParseError} if the path cannot be decoded.
 */
export function announceTarget(url: RtspUrl): StreamTarget {
  return target(url.path, url.query);
}

/**
 * The stream that any request but ANNOUNCE and SETUP means: one trailing slash, of the query if there is one,
 * else of the path, is not part of it.
 *
 * @throws {ParseError} if the path cannot be decoded.
 */
export function streamTarget(url: RtspUrl): StreamTarget {
  const { path, query } = url;
  if (query.endsWith("/")) return target(path, query.slice(0, -1));
  const hasSlash = query === "" && path.endsWith("/");
  return target(hasSlash ? path.slice(0, -1) : path, query);
}

/**
 * The stream and the track that a SETUP for reading means.
 *
 * `/trackID=N` stands at the end of the query (FFmpeg) or of the path (GStreamer); with only a trailing slash, or
 * without a path, it is track 0.
 *
 * @throws {ParseError} if there is no track, or the path cannot be decoded.
 */
export function setupTarget(
  url: RtspUrl,
): StreamTarget & { readonly trackId: number } {
  const { path, query } = url;
  const inQuery = query.lastIndexOf(TRACK_MARK);
  if (inQuery >= 0) {
    const trackId = parseTrackId(query.slice(inQuery + TRACK_MARK.length));
    return { ...target(path, query.slice(0, inQuery)), trackId };
  }
  const inPath = path.lastIndexOf(TRACK_MARK);
  if (inPath >= 0) {
    const trackId = parseTrackId(path.slice(inPath + TRACK_MARK.length));
    return { ...target(path.slice(0, inPath), query), trackId };
  }
  if (query.endsWith("/")) {
    return { ...target(path, query.slice(0, -1)), trackId: 0 };
  }
  if (path === "" || path.endsWith("/")) {
    return { ...target(path.slice(0, -1), query), trackId: 0 };
  }
  throw urlError("needs /trackID=", "track");
}

/**
 * The URL of an announced media section.
 *
 * A relative control goes behind everything, the query too, as FFmpeg does it; an absolute one keeps only its
 * path and query, because the peer may know this server under another name.
 *
 * @throws {ParseError} if the result is no URL.
 */
export function resolveControl(base: RtspUrl, control: string): RtspUrl {
  if (isOwnUrl(control)) return base;
  if (isAbsolute(control)) {
    const { path, query } = parseRtspUrl(control);
    return { ...base, path, query };
  }
  return parseRtspUrl(joined(serializeRtspUrl(base), control));
}

/**
 * Whether the URL of a SETUP means the media section with this control.
 *
 * Host and port do not count, nor does one trailing slash; the control may stand behind the query (FFmpeg) or behind the path (GStreamer).
 *
 * @throws {ParseError} if the control makes no URL.
 */
export function isControlUrl(
  url: RtspUrl,
  base: RtspUrl,
  control: string,
): boolean {
  if (isSamePlace(url, resolveControl(base, control))) return true;
  if (isOwnUrl(control) || isAbsolute(control)) return false;
  return isSamePlace(url, { ...base, path: joined(base.path, control) });
}

/** A control that means the announced URL itself. Spec: RFC 2326 §C.1.1. */
function isOwnUrl(control: string): boolean {
  return control === "" || control === "*";
}

function isAbsolute(control: string): boolean {
  return /^rtsps?:\/\//i.test(control);
}

function joined(base: string, control: string): string {
  const startsItself = control.startsWith("/") || control.startsWith("?");
  if (base.endsWith("/")) {
    return base + (control.startsWith("/") ? control.slice(1) : control);
  }
  return base + (startsItself ? "" : "/") + control;
}

function isSamePlace(a: RtspUrl, b: RtspUrl): boolean {
  return placeText(a) === placeText(b);
}

function placeText({ path, query }: RtspUrl): string {
  const text = query === "" ? path : `${path}?${query}`;
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

function target(path: string, query: string): StreamTarget {
  return { pathName: decodePath(path.slice(1)), query };
}

function decodePath(path: string): string {
  let pathName: string;
  try {
    pathName = decodeURIComponent(path);
  } catch (cause) {
    throw urlError("is not percent-encoded UTF-8", "path", { cause });
  }
  if (CONTROL.test(pathName)) {
    throw urlError("has a control character", "path");
  }
  return pathName;
}

function parseTrackId(text: string): number {
  const digits = text.endsWith("/") ? text.slice(0, -1) : text;
  if (!TRACK_ID.test(digits)) {
    throw urlError("must be a number below 1000", "trackID");
  }
  return Number(digits);
}

function urlError(
  reason: string,
  field: string,
  options?: ErrorOptions,
): ParseError {
  const context = { format: "RTSP URL", field, offsetBytes: 0 };
  return new ParseError(reason, context, options);
}
