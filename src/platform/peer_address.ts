const MAPPED_PREFIX = "::ffff:";

/** One end of a connection. */
export interface PeerAddress {
  /** Text of the address; IPv4 in its own form, never mapped into IPv6. */
  readonly ip: string;
  readonly port: number;
}

/** `IP:port`, IPv6 in brackets. */
export function addressText({ ip, port }: PeerAddress): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Text of an address as the runtime gives it, with IPv4 taken out of its IPv6 form. Spec: RFC 4291 §2.5.5.2. */
export function plainIp(hostname: string): string {
  return hostname.startsWith(MAPPED_PREFIX) && hostname.includes(".")
    ? hostname.slice(MAPPED_PREFIX.length)
    : hostname;
}

let isIpv6There: boolean | undefined;

/** Whether this machine has IPv6; looked up once. */
export function hasIpv6(): boolean {
  if (isIpv6There === undefined) {
    try {
      Deno.listen({ hostname: "::", port: 0 }).close();
      isIpv6There = true;
    } catch {
      isIpv6There = false; // a kernel without IPv6, or one where it is switched off
    }
  }
  return isIpv6There;
}

/** Host to bind to: an empty name stands for all interfaces, over IPv6 and IPv4 where there is IPv6. */
export function bindHostname(hostname: string): string {
  if (hostname !== "") return hostname;
  return hasIpv6() ? "::" : "0.0.0.0";
}
