import ipaddr from "ipaddr.js";

/** Bits in front of the IPv4 part of an IPv4-mapped IPv6 address. Spec: RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX_BITS = 96;

/** An IPv6 address with its zone and a prefix fits well; longer texts are not looked at. */
const MAX_IP_TEXT_CHARS = 64;

/** Addresses that share their first bits. */
export class IpNetwork {
  readonly #address: Uint8Array;
  readonly #prefixBits: number;

  /** `address`: 4 or 16 bytes, owned, its host bits are cleared; use {@linkcode parseIpNetwork}. */
  constructor(address: Uint8Array, prefixBits: number) {
    this.#address = address;
    this.#prefixBits = prefixBits;
    for (let bit = prefixBits; bit < address.length * 8; bit++) {
      address[bit >>> 3]! &= ~(0b1000_0000 >>> (bit & 7));
    }
  }

  /** Whether `ip` lies within; an IPv4-mapped address counts as IPv4, a text that is no address never lies within. */
  contains(ip: string): boolean {
    const address = parseAddress(ip);
    if (!address || address.length !== this.#address.length) return false;
    const wholeBytes = this.#prefixBits >>> 3;
    for (let i = 0; i < wholeBytes; i++) {
      if (address[i] !== this.#address[i]) return false;
    }
    const restBits = this.#prefixBits & 7;
    if (restBits === 0) return true;
    const difference = address[wholeBytes]! ^ this.#address[wholeBytes]!;
    return difference >>> (8 - restBits) === 0;
  }

  /** Always as CIDR: `127.0.0.1/32`. */
  toString(): string {
    return `${addressText(this.#address)}/${this.#prefixBits}`;
  }

  /** The text of {@linkcode IpNetwork.toString}, for `JSON.stringify`. */
  toJSON(): string {
    return this.toString();
  }
}

/**
 * Reads an entry of an IP list: one address (`10.0.0.1`, then all bits count) or CIDR (`10.0.0.0/8`).
 *
 * Host bits are cleared; IPv4-mapped IPv6 networks become IPv4 networks.
 *
 * @throws {RangeError} if it is neither.
 */
export function parseIpNetwork(text: string): IpNetwork {
  const [addressPart = "", prefixPart, ...more] = text.split("/");
  const raw = addressPart.includes("%")
    ? undefined
    : rawAddressBytes(addressPart);
  if (!raw || more.length > 0) throw unreadable(text);
  const prefixBits = prefixPart === undefined
    ? raw.length * 8
    : parsePrefixBits(prefixPart, raw.length * 8);
  if (prefixBits === undefined) throw unreadable(text);
  if (isMapped(raw) && prefixBits >= MAPPED_PREFIX_BITS) {
    return new IpNetwork(raw.slice(12), prefixBits - MAPPED_PREFIX_BITS);
  }
  return new IpNetwork(raw, prefixBits);
}

/**
 * The one text form of an address, for rules and logs: `::ffff:1.2.3.4` becomes `1.2.3.4`, IPv6 is in RFC 5952 form.
 *
 * A zone (`%eth0`) stays; a text that is no address comes back as it is.
 */
export function normalizeIp(ip: string): string {
  const address = parseAddress(ip);
  if (!address) return ip;
  const zoneAt = address.length === 16 ? ip.indexOf("%") : -1;
  return addressText(address) + (zoneAt < 0 ? "" : ip.slice(zoneAt));
}

function unreadable(text: string): RangeError {
  return new RangeError(`unable to parse IP/CIDR '${text}'`);
}

function parsePrefixBits(text: string, maxBits: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const prefixBits = Number(text);
  return prefixBits <= maxBits ? prefixBits : undefined;
}

/** 4 or 16 bytes, IPv4-mapped addresses as 4; the zone is left out. */
function parseAddress(ip: string): Uint8Array | undefined {
  const zoneAt = ip.indexOf("%");
  const bytes = rawAddressBytes(zoneAt < 0 ? ip : ip.slice(0, zoneAt));
  return bytes && isMapped(bytes) ? bytes.slice(12) : bytes;
}

function rawAddressBytes(text: string): Uint8Array | undefined {
  if (text.length > MAX_IP_TEXT_CHARS) return undefined;
  const isIpv4 = ipaddr.IPv4.isValidFourPartDecimal(text);
  if (!isIpv4 && !ipaddr.IPv6.isValid(text)) return undefined;
  return Uint8Array.from(ipaddr.parse(text).toByteArray());
}

function isMapped(address: Uint8Array): boolean {
  if (address.length !== 16) return false;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

function addressText(address: Uint8Array): string {
  return ipaddr.fromByteArray([...address]).toString();
}
