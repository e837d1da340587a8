import { ParseError } from "./errors.ts";

/** A host name has at most 253 characters, an address with its zone fewer. */
const MAX_LISTEN_ADDRESS_CHARS = 300;

const MAX_PORT = 65_535;

/** Where to listen. */
export interface ListenAddress {
  /** Name or address without brackets; empty means all interfaces. */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Reads `:port`, `host:port`, `ip:port` or `[ipv6]:port`.
 *
 * @throws {ParseError} if the port is missing or over 65535, or an IPv6 address has no brackets.
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.length > MAX_LISTEN_ADDRESS_CHARS) {
    throw unusable("host", 0, `is over ${MAX_LISTEN_ADDRESS_CHARS} characters`);
  }
  const colonAt = text.lastIndexOf(":");
  if (colonAt < 0) throw unusable("port", text.length, "is missing");
  const port = parsePort(text.slice(colonAt + 1), colonAt + 1);
  const host = text.slice(0, colonAt);
  if (host.startsWith("[") && host.endsWith("]")) {
    const hostname = host.slice(1, -1);
    if (hostname.includes(":") && !/[\[\]]/.test(hostname)) {
      return { hostname, port };
    }
    throw unusable("host", 0, `must be an IPv6 address, found "${hostname}"`);
  }
  if (/[:[\]]/.test(host)) {
    throw unusable("host", 0, `needs an IPv6 address in brackets, "${host}"`);
  }
  if (/[\s/]/.test(host)) {
    throw unusable("host", 0, `must be a name or an address, found "${host}"`);
  }
  return { hostname: host, port };
}

function parsePort(text: string, offsetBytes: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= MAX_PORT) return port;
  const reason = `must be a number up to ${MAX_PORT}, found "${text}"`;
  throw unusable("port", offsetBytes, reason);
}

function unusable(
  field: string,
  offsetBytes: number,
  reason: string,
): ParseError {
  return new ParseError(reason, {
    format: "listen address",
    field,
    offsetBytes,
  });
}
