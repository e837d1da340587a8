import { parseIpNetwork } from "#base/ip.ts";
import type { AllowedOrigins } from "./allowed_origins.ts";
import { parseOrigin } from "./allowed_origins.ts";

/** Methods that change nothing. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];

const LOOPBACK = [parseIpNetwork("127.0.0.0/8"), parseIpNetwork("::1")];

/** What is known of a request before its credentials are looked at. */
export interface GuardedRequest {
  readonly method: string;
  readonly headers: Headers;
  /** Host name that the request is for, without port and brackets. */
  readonly hostname: string;
  /** The same with its port, as the request has it. */
  readonly host: string;
  /** Address of the client. */
  readonly ip: string;
  readonly origins: AllowedOrigins;
  /** Config key with the origins. */
  readonly originsKey: string;
}

/**
 * Finds requests in which a web page may be using the address of its visitor as a permission.
 *
 * - From this machine itself, the host must be one that no stranger's name server can point here: an address, `localhost`,
 *   a name without dots, or one that the allowed origins name (rebinding).
 * - What changes something and comes from a page must come from this server's own host, if that is such a host, or from
 *   an origin that is allowed by name: `*` is not enough (cross-site calls).
 *
 * Output: why it is refused, unless it is let in by what a page cannot know; undefined if it is not.
 */
export function browserFault(request: GuardedRequest): string | undefined {
  const { method, headers, hostname, host, ip, origins, originsKey } = request;
  const isOwnHost = isUnforgeable(hostname) || origins.namesHost(hostname);
  if (isLoopback(ip) && !isOwnHost) {
    return `Cannot serve host "${hostname}": it is no address of this server; use an address or localhost, log in, or add the host to ${originsKey}`;
  }
  const origin = headers.get("Origin");
  if (origin === null || SAFE_METHODS.includes(method)) return undefined;
  const isSameOrigin = isOwnHost && parseOrigin(origin)?.host === host;
  return isSameOrigin || origins.names(origin)
    ? undefined
    : `Cannot take ${method} from origin "${origin}": it is not allowed by name; log in, or add it to ${originsKey}`;
}

function isLoopback(ip: string): boolean {
  return LOOPBACK.some((network) => network.contains(ip));
}

/** No name server of a stranger answers for it. */
function isUnforgeable(hostname: string): boolean {
  return !hostname.includes(".") || hostname.endsWith(".localhost") ||
    /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}
