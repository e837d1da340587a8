import type { AccessRequest, Credentials } from "#base/access.ts";
import { sha256 } from "#base/crypto.ts";

/** Protocols whose URL is the only place that many of their programs leave for a token. */
const QUERY_PROTOCOLS: ReadonlySet<string> = new Set(["rtsp", "rtmp"]);

/** Protocols that come over HTTP; the services name none. */
const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(["", "hls", "webrtc"]);

/** Names of the parameter in a query, the one that wins first. */
const QUERY_NAMES = ["token", "jwt"];

/** Bytes of a hash that stand for a token. */
const TOKEN_ID_BYTES = 16;

/**
 * The token that a request brings, empty if it brings none: from the header, else the password, else the query.
 *
 * Input: `isInHttpQuery`: queries of HTTP are looked at too.
 */
export function tokenOf(
  { credentials, query, protocol }: AccessRequest,
  isInHttpQuery: boolean,
): string {
  if (credentials.kind === "token") return credentials.token;
  if (credentials.kind === "password" && credentials.password !== "") {
    return credentials.password;
  }
  const isQueryRead = QUERY_PROTOCOLS.has(protocol) ||
    isInHttpQuery && HTTP_PROTOCOLS.has(protocol);
  return isQueryRead ? tokenInQuery(query) : "";
}

/** Whether a request brings nothing by which anybody could be known. */
export function bringsNothing(
  { kind }: Credentials,
  token: string,
): boolean {
  return kind === "none" && token === "";
}

/** What names a token without giving it away. */
export function tokenIdOf(token: string): string {
  const hash = sha256(new TextEncoder().encode(token));
  return hash.subarray(0, TOKEN_ID_BYTES).toHex();
}

/** A name that is there twice leaves open which one counts. */
function tokenInQuery(query: string): string {
  const parameters = new URLSearchParams(query);
  for (const name of QUERY_NAMES) {
    const values = parameters.getAll(name);
    if (values.length === 1 && values[0] !== "") return values[0]!;
  }
  return "";
}
