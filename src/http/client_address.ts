import { type IpNetwork, normalizeIp, parseIpNetwork } from "#base/ip.ts";

/** Proxies that a request may have come through; what stands before them is not looked at. */
const MAX_FORWARDED_ENTRIES = 32;

/** Header fields of a request. */
export interface HeaderSource {
  /** Input: `name` in lower case. */
  get(name: string): string | null | undefined;
}

/**
 * Address of the client: that of the socket, or what trusted proxies say.
 *
 * `X-Forwarded-For` is read from its end to the first address that is no trusted proxy's; `X-Real-IP` counts without it.
 */
export function clientIp(
  socketIp: string,
  headers: HeaderSource,
  trustedProxies: readonly IpNetwork[],
): string {
  const isTrusted = (ip: string) =>
    trustedProxies.some((network) => network.contains(ip));
  if (!isTrusted(socketIp)) return socketIp;
  const forwarded = (headers.get("x-forwarded-for") ?? "").split(",");
  const entries = forwarded.slice(-MAX_FORWARDED_ENTRIES).reverse();
  for (const [i, entry] of entries.entries()) {
    const ip = readIp(entry);
    if (ip === undefined) break;
    if (!isTrusted(ip) || i === forwarded.length - 1) return ip;
  }
  return readIp(headers.get("x-real-ip") ?? "") ?? socketIp;
}

/** Scheme that a trusted proxy says the client uses (`X-Forwarded-Proto`); undefined if none says so. */
export function clientScheme(
  socketIp: string,
  headers: HeaderSource,
  trustedProxies: readonly IpNetwork[],
): "http" | "https" | undefined {
  if (!trustedProxies.some((network) => network.contains(socketIp))) {
    return undefined;
  }
  const told = headers.get("x-forwarded-proto")?.trim().toLowerCase();
  return told === "http" || told === "https" ? told : undefined;
}

function readIp(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.includes("/")) return undefined;
  try {
    parseIpNetwork(trimmed);
  } catch {
    return undefined; // what a proxy sends may be anything: it says nothing then
  }
  return normalizeIp(trimmed);
}
