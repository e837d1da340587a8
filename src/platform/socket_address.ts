import { normalizeIp } from "#base/ip.ts";
import { PlatformError } from "./errors.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";

const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;

/**
 * Lays out a socket address as Linux wants it.
 *
 * Input: `isIpv6` says what the socket is; over an IPv6 socket, IPv4 addresses go in their mapped form.
 *
 * @throws {PlatformError} `invalid_address` if `ip` is no address, or an IPv6 one for an IPv4 socket.
 */
export function serializeSockaddr(
  ip: string,
  port: number,
  isIpv6: boolean,
): Uint8Array<ArrayBuffer> {
  const address = ipBytes(ip);
  if (!address || (!isIpv6 && address.length !== 4)) {
    const reason = isIpv6 ? "is no IP address" : "is no IPv4 address";
    throw new PlatformError(`send to "${ip}"`, reason, {
      code: "invalid_address",
      port,
    });
  }
  const bytes = new Uint8Array(isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES);
  bytes[0] = isIpv6 ? AF_INET6 : AF_INET;
  bytes[2] = port >>> 8;
  bytes[3] = port;
  if (!isIpv6) {
    bytes.set(address, 4);
  } else if (address.length === 4) {
    bytes.fill(0xff, 18, 20);
    bytes.set(address, 20);
  } else {
    bytes.set(address, 8);
  }
  return bytes;
}

/** Compares all but what a socket fills in by itself: flow label and scope of IPv6. */
export function isSameSockaddr(found: Uint8Array, wanted: Uint8Array): boolean {
  if (found.length !== wanted.length) return false;
  const isIpv6 = wanted[0] === AF_INET6;
  const endBytes = isIpv6 ? 24 : 8;
  for (let i = 0; i < endBytes; i++) {
    const isFlowLabel = isIpv6 && i >= 4 && i < 8;
    if (!isFlowLabel && found[i] !== wanted[i]) return false;
  }
  return true;
}

/** 4 or 16 bytes; a zone is left out. */
function ipBytes(ip: string): number[] | undefined {
  const [text = ""] = normalizeIp(ip).split("%");
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 0xff) ? bytes : undefined;
  }
  const [head = "", tail, ...more] = text.split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const missing = 8 - left.length - right.length;
  const isWhole = tail === undefined ? missing === 0 : missing > 0;
  if (!isWhole || more.length > 0) return undefined;
  const zeros = Array.from({ length: missing }, () => "0");
  const all = [...left, ...zeros, ...right];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return all.map((group) => parseInt(group, 16))
    .flatMap((group) => [group >>> 8, group & 0xff]);
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
