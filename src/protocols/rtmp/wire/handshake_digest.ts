import { hmacSha256, timingSafeEqual } from "#base/crypto.ts";
import { RTMPE_PUBLIC_KEY_BYTES } from "./rtmpe.ts";

/** Bytes of C1, S1, C2 and S2. Spec: RTMP 1.0 §5.2.3. */
export const HANDSHAKE_PACKET_BYTES = 1_536;

const DIGEST_BYTES = 32;
const OFFSET_BYTES = 4;
const BLOCK_BYTES = 764;

/** Where the blocks behind time and version begin. */
const FIRST_BLOCK_BYTES = 8;
const SECOND_BLOCK_BYTES = FIRST_BLOCK_BYTES + BLOCK_BYTES;

/** Follows both keys where C2 and S2 are signed. */
const KEY_TAIL = Uint8Array.fromHex(
  "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae",
);

/** What one side signs with. */
export interface HandshakeKeys {
  /** For C1 or S1. */
  readonly first: Uint8Array;
  /** For C2 or S2. */
  readonly second: Uint8Array;
}

/** Keys of clients. */
export const PLAYER_KEYS: HandshakeKeys = keysOf(
  "Genuine Adobe Flash Player 001",
);

/** Keys of servers. */
export const SERVER_KEYS: HandshakeKeys = keysOf(
  "Genuine Adobe Flash Media Server 001",
);

function keysOf(text: string): HandshakeKeys {
  const first = new TextEncoder().encode(text);
  return { first, second: Uint8Array.of(...first, ...KEY_TAIL) };
}

/**
 * How C1 and S1 are laid out behind time and version.
 *
 * A digest and a public key stand in a block each, in places that the packet itself tells; schemes differ in which
 * block comes first.
 */
export interface DigestScheme {
  readonly digestBlockBytes: number;
  readonly keyBlockBytes: number;
}

/** The schemes in use; the first one is for who may choose. */
export const DIGEST_SCHEMES: readonly [DigestScheme, DigestScheme] = [
  { digestBlockBytes: FIRST_BLOCK_BYTES, keyBlockBytes: SECOND_BLOCK_BYTES },
  { digestBlockBytes: SECOND_BLOCK_BYTES, keyBlockBytes: FIRST_BLOCK_BYTES },
];

/** A digest that was found. */
export interface FoundDigest {
  readonly scheme: DigestScheme;
  /** A view. */
  readonly digest: Uint8Array;
}

/** The digest of C1 or S1; undefined if there is no valid one. */
export function findDigest(
  packet: Uint8Array,
  keys: HandshakeKeys,
): FoundDigest | undefined {
  for (const scheme of DIGEST_SCHEMES) {
    const at = digestOffsetBytes(packet, scheme);
    const digest = packet.subarray(at, at + DIGEST_BYTES);
    if (timingSafeEqual(digest, digestOf(packet, at, keys.first))) {
      return { scheme, digest };
    }
  }
  return undefined;
}

/** Puts the digest into C1 or S1; everything else must be in place. */
export function signFirstPacket(
  packet: Uint8Array,
  scheme: DigestScheme,
  keys: HandshakeKeys,
): void {
  const at = digestOffsetBytes(packet, scheme);
  packet.set(digestOf(packet, at, keys.first), at);
}

/** Ends C2 or S2 with a digest that proves that the other side's was read. */
export function signSecondPacket(
  packet: Uint8Array,
  otherDigest: Uint8Array,
  keys: HandshakeKeys,
): void {
  const signedBytes = packet.length - DIGEST_BYTES;
  const key = hmacSha256(keys.second, otherDigest);
  packet.set(hmacSha256(key, packet.subarray(0, signedBytes)), signedBytes);
}

/** Place of the public key in C1 or S1, as a view. */
export function publicKeyOf(
  packet: Uint8Array,
  { keyBlockBytes }: DigestScheme,
): Uint8Array {
  const sumAt = keyBlockBytes + BLOCK_BYTES - OFFSET_BYTES;
  const spanBytes = BLOCK_BYTES - OFFSET_BYTES - RTMPE_PUBLIC_KEY_BYTES;
  const at = keyBlockBytes + offsetSum(packet, sumAt) % spanBytes;
  return packet.subarray(at, at + RTMPE_PUBLIC_KEY_BYTES);
}

/** The block's first four bytes add up to where the digest begins behind them. */
function digestOffsetBytes(
  packet: Uint8Array,
  { digestBlockBytes }: DigestScheme,
): number {
  const spanBytes = BLOCK_BYTES - OFFSET_BYTES - DIGEST_BYTES;
  return digestBlockBytes + OFFSET_BYTES +
    offsetSum(packet, digestBlockBytes) % spanBytes;
}

function offsetSum(packet: Uint8Array, at: number): number {
  return packet[at]! + packet[at + 1]! + packet[at + 2]! + packet[at + 3]!;
}

/** Digest over all of the packet but the digest's own place. */
function digestOf(
  packet: Uint8Array,
  at: number,
  key: Uint8Array,
): Uint8Array {
  return hmacSha256(
    key,
    packet.subarray(0, at),
    packet.subarray(at + DIGEST_BYTES),
  );
}
