import { readU16 } from "#base/big_endian.ts";
import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { type IpNetwork, normalizeIp, parseIpNetwork } from "#base/ip.ts";
import { beginWithin } from "./deadline.ts";
import { PlatformError } from "./errors.ts";
import type { PeerAddress } from "./peer_address.ts";
import { sniff } from "./sniff.ts";
import type { TcpConnection } from "./tcp.ts";

/** Longest header in text, its line break included. Spec: PROXY protocol §2.1. */
const MAX_V1_BYTES = 107;

/** Addresses and extensions (TLVs) of a binary header: the longest that is believed to be one. */
const MAX_V2_PAYLOAD_BYTES = 4_096;

/** Signature, version and command, family, length. Spec: PROXY protocol §2.2. */
const V2_FIXED_BYTES = 16;

/** How long a peer may take to tell whether it sends a header, and to send it. */
const HEADER_TIMEOUT_MS = 10_000;

const V1_PREFIX = new TextEncoder().encode("PROXY ");
const V2_SIGNATURE = Uint8Array.fromHex("0d0a0d0a000d0a515549540a");

const OPENINGS = [
  { kind: "v1", bytes: V1_PREFIX },
  { kind: "v2", bytes: V2_SIGNATURE },
] as const;

/** Bytes of both addresses and ports, by address family. */
const V2_ADDRESSES_BYTES = [0, 12, 36, 216];

const INET = 1;
const INET6 = 2;

const CR = 13;
const LF = 10;

/** What a proxy says about the connection that it passes on. */
export interface ProxyHeader {
  readonly sizeBytes: number;
  /** Undefined if the proxy speaks for itself, or its peer has no IP address. */
  readonly source: PeerAddress | undefined;
}

/**
 * Reads the PROXY header of an accepted connection, if there is one; what comes behind it stays to be read.
 *
 * The address in it takes the place of the peer's if the other end is one of `trusted`, and is ignored if not. A trusted
 * end that sends none is taken as it is: its health checks come without.
 *
 * @throws {ParseError | PlatformError} if a header is wrong or incomplete, or the peer is silent for 10 s; the connection
 * is closed then.
 * @throws the signal's reason if it aborts first.
 */
export async function readProxyHeader(
  connection: TcpConnection,
  options: {
    readonly trusted: readonly IpNetwork[];
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { trusted, timeoutMs = HEADER_TIMEOUT_MS, signal } = options;
  const { ip } = connection.peer;
  const action = `read the PROXY header of ${ip}`;
  await beginWithin(connection, { action, timeoutMs, signal }, async () => {
    const kind = await sniff(connection, OPENINGS);
    if (kind === undefined) return;
    const parse = kind === "v1" ? parseProxyHeaderV1 : parseProxyHeaderV2;
    const bytes = new Uint8Array(V2_FIXED_BYTES + MAX_V2_PAYLOAD_BYTES);
    let lengthBytes = 0;
    let header: ProxyHeader | undefined;
    while (header === undefined) {
      const count = await connection.read(bytes.subarray(lengthBytes));
      if (count === undefined) {
        const reason = "the peer closed the connection";
        throw new PlatformError(action, reason, { code: "reset" });
      }
      lengthBytes += count;
      header = parse(bytes.subarray(0, lengthBytes));
    }
    connection.unread(bytes.subarray(header.sizeBytes, lengthBytes));
    const isTrusted = trusted.some((network) => network.contains(ip));
    if (isTrusted && header.source) connection.setPeer(header.source);
  });
}

/**
 * Parses a header in text: `PROXY TCP4 192.0.2.7 192.0.2.1 40000 8554`.
 *
 * Input: the first bytes of a connection, borrowed; they begin with `PROXY `.
 * Output: undefined if its end has not come yet.
 * Spec: PROXY protocol §2.1.
 *
 * @throws {ParseError} if it is over 107 bytes long, or its words are not what they must be.
 */
export function parseProxyHeaderV1(
  bytes: Uint8Array,
): ProxyHeader | undefined {
  const end = bytes.indexOf(LF);
  if (end < 0 && bytes.length < MAX_V1_BYTES) return undefined;
  if (end < 0 || end >= MAX_V1_BYTES || bytes[end - 1] !== CR) {
    throw wrong("line", `must end with CR LF within ${MAX_V1_BYTES} bytes`);
  }
  const sizeBytes = end + 1;
  const line = new TextDecoder("latin1").decode(bytes.subarray(0, end - 1));
  const [, family, ...words] = line.split(" ");
  if (family === "UNKNOWN") return { sizeBytes, source: undefined };
  if (family !== "TCP4" && family !== "TCP6") {
    throw wrong("family", `must be TCP4, TCP6 or UNKNOWN, found "${family}"`);
  }
  const [source = "", destination = "", sourcePort = "", port = ""] = words;
  if (words.length !== 4) {
    throw wrong("line", `must have 6 words, found ${words.length + 2}`);
  }
  parseIp(destination, family, "destination address");
  parsePort(port, "destination port");
  return {
    sizeBytes,
    source: {
      ip: parseIp(source, family, "source address"),
      port: parsePort(sourcePort, "source port"),
    },
  };
}

function parseIp(text: string, family: string, field: string): string {
  const isRightFamily = text.includes(":") === (family === "TCP6");
  if (isRightFamily && !text.includes("/")) {
    try {
      parseIpNetwork(text);
      return normalizeIp(text);
    } catch {
      // no address: the error below says so
    }
  }
  throw wrong(field, `must be an address of ${family}, found "${text}"`);
}

function parsePort(text: string, field: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port <= 0xffff) return port;
  throw wrong(field, `must be a port, found "${text}"`);
}

function wrong(field: string, reason: string): ParseError {
  return new ParseError(reason, {
    format: "PROXY header",
    field,
    offsetBytes: 0,
  });
}

/**
 * Parses a binary header.
 *
 * Input: the first bytes of a connection, borrowed; they begin with the signature.
 * Output: undefined if its end has not come yet.
 * Limits: 4,096 bytes behind the fixed part; extensions (TLVs) are skipped.
 * Spec: PROXY protocol §2.2.
 *
 * @throws {ParseError} if the version, the command, the family or the length is not one of the protocol.
 */
export function parseProxyHeaderV2(
  bytes: Uint8Array,
): ProxyHeader | undefined {
  if (bytes.length < V2_FIXED_BYTES) return undefined;
  const reader = new ByteReader(bytes, "PROXY header");
  reader.take(V2_SIGNATURE.length, "signature");
  const versionAndCommand = reader.u8("version and command");
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) {
    const found = versionAndCommand.toString(16);
    const reason = `must be 0x20 or 0x21, found 0x${found}`;
    throw reader.error(reason, "version and command");
  }
  const isLocal = versionAndCommand === 0x20;
  const family = reader.u8("family and protocol") >> 4;
  const addressesBytes = isLocal ? 0 : V2_ADDRESSES_BYTES[family];
  if (addressesBytes === undefined) {
    const reason = `names the unknown family ${family}`;
    throw reader.error(reason, "family and protocol");
  }
  const lengthBytes = reader.u16("length");
  if (lengthBytes > MAX_V2_PAYLOAD_BYTES || lengthBytes < addressesBytes) {
    throw reader.error(
      `must be from ${addressesBytes} to ${MAX_V2_PAYLOAD_BYTES}, found ${lengthBytes}`,
      "length",
    );
  }
  const sizeBytes = V2_FIXED_BYTES + lengthBytes;
  if (bytes.length < sizeBytes) return undefined;
  if (isLocal || family !== INET && family !== INET6) {
    return { sizeBytes, source: undefined };
  }
  const ipBytes = family === INET ? 4 : 16;
  const source = reader.take(ipBytes, "source address");
  reader.take(ipBytes, "destination address");
  const port = reader.u16("source port");
  return { sizeBytes, source: { ip: ipText(source), port } };
}

function ipText(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  const groups = Array.from(
    { length: 8 },
    (_, i) => readU16(address, i * 2).toString(16),
  );
  return normalizeIp(groups.join(":"));
}
