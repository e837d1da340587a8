import { errorText } from "#base/errors.ts";
import { parseIpNetwork } from "#base/ip.ts";

/** First four bits of every IPv4 multicast address. Spec: RFC 1112 §4. */
const MULTICAST_PREFIX = 0b1110;
const MULTICAST_PREFIX_BITS = 4;

const IPV4_BITS = 32;

/** Whether a text is an IPv4 multicast address. Spec: RFC 1112 §4. */
export function isMulticastIp(ip: string): boolean {
  const first = /^(\d{1,3})(\.\d{1,3}){3}$/.exec(ip)?.[1];
  return first !== undefined &&
    Number(first) >> (8 - MULTICAST_PREFIX_BITS) === MULTICAST_PREFIX;
}

/** Multicast addresses of a range, handed out one after the other and then from its beginning again. */
export class MulticastAddresses {
  #first: number;
  #count: number;
  #lastOffset = 0;
  #taken = new Set<string>();

  /**
   * `range`: CIDR within 224.0.0.0/4. Its first address comes last.
   *
   * @throws {RangeError} if it is something else; the message names the key.
   */
  constructor(range: string) {
    const [address = "", prefixText = ""] = networkText(range).split("/");
    const prefixBits = Number(prefixText);
    if (!isMulticastIp(address) || prefixBits < MULTICAST_PREFIX_BITS) {
      throw rangeError(range, "wanted a network within 224.0.0.0/4");
    }
    this.#first = address.split(".")
      .reduce((bits, part) => bits * 256 + Number(part), 0);
    this.#count = 2 ** (IPV4_BITS - prefixBits);
  }

  /** How many are in use. */
  get takenCount(): number {
    return this.#taken.size;
  }

  /** An address that is not in use; undefined if there is none. */
  take(): string | undefined {
    if (this.#taken.size >= this.#count) return undefined;
    let address: string;
    do {
      this.#lastOffset = (this.#lastOffset + 1) % this.#count;
      address = textOf(this.#first + this.#lastOffset);
    } while (this.#taken.has(address));
    this.#taken.add(address);
    return address;
  }

  /** Gives an address back. */
  release(address: string): void {
    this.#taken.delete(address);
  }
}

function networkText(range: string): string {
  try {
    return parseIpNetwork(range).toString();
  } catch (error) {
    throw rangeError(range, errorText(error));
  }
}

function textOf(bits: number): string {
  return [24, 16, 8, 0].map((shift) => bits >>> shift & 0xff).join(".");
}

function rangeError(found: string, reason: string): RangeError {
  return new RangeError(
    `Cannot use config key multicastIPRange: found "${found}": ${reason}`,
  );
}
