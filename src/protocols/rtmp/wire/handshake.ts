import { hmacSha256, randomBytes, timingSafeEqual } from "#base/crypto.ts";
import { ParseError } from "#base/errors.ts";

/** Bytes of C1, S1, C2 and S2. Spec: RTMP 1.0 §5.2.3. */
export const HANDSHAKE_PACKET_BYTES = 1_536;

const RTMP_VERSION = 3;
const DIGEST_BYTES = 32;
/** Digest and key stand in two blocks behind time and version; schemes differ in which comes first. */
const BLOCK_OFFSETS_BYTES = [8, 772] as const;
const BLOCK_BYTES = 764;
const DIGEST_OFFSET_BYTES = 4;
/** Any version other than 0 tells a peer that S1 may hold a digest. */
const SERVER_VERSION = Uint8Array.of(4, 5, 0, 1);

const PLAYER_KEY = new TextEncoder().encode("Genuine Adobe Flash Player 001");
const SERVER_KEY = new TextEncoder().encode(
  "Genuine Adobe Flash Media Server 001",
);
/** Follows both keys where S2 and C2 are signed. */
const KEY_TAIL = Uint8Array.fromHex(
  "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae",
);

/** What one push to a handshake led to. */
export interface HandshakeStep {
  /** Bytes to send now, owned; undefined if there are none. */
  readonly output: Uint8Array | undefined;
  /** The handshake is over, with this push or before. */
  readonly isDone: boolean;
  /** A view of what stood behind the handshake: the first chunks. */
  readonly rest: Uint8Array;
}

/** Where random bytes come from; tests give their own. */
export interface HandshakeOptions {
  /** Makes bytes that nobody can guess. */
  readonly randomBytes?: (countBytes: number) => Uint8Array;
}

/**
 * The server's side of the RTMP handshake, simple or with digests.
 *
 * A client whose C1 holds a valid digest, of either scheme, gets signed answers; any other gets its C1 back. C2 is
 * not compared with S1: clients differ in what they send.
 *
 * Spec: RTMP 1.0 §5.2. The digest form is not in it; players ask for it before they play H.264.
 */
export class ServerHandshake {
  #randomBytes: (countBytes: number) => Uint8Array;
  #received = new HandshakeInput(1 + HANDSHAKE_PACKET_BYTES);
  #isAnswered = false;
  #c2LeftBytes = HANDSHAKE_PACKET_BYTES;

  /** Waits for C0 and C1. */
  constructor(options: HandshakeOptions = {}) {
    this.#randomBytes = options.randomBytes ?? randomBytes;
  }

  /**
   * Takes what the client sent.
   *
   * Input: borrowed, cut anywhere.
   *
   * @throws {ParseError} if C0 announces any version but 3; 6 is RTMPE, which is not supported.
   */
  push(chunk: Uint8Array): HandshakeStep {
    let rest = this.#received.take(chunk);
    let output: Uint8Array | undefined;
    this.#received.checkVersion("C0");
    if (this.#received.isWhole && !this.#isAnswered) {
      this.#isAnswered = true;
      output = this.#answer(this.#received.bytes.subarray(1));
    }
    const skippedBytes = Math.min(rest.length, this.#c2LeftBytes);
    this.#c2LeftBytes -= skippedBytes;
    rest = rest.subarray(skippedBytes);
    return { output, isDone: this.#c2LeftBytes === 0, rest };
  }

  #answer(c1: Uint8Array): Uint8Array {
    const output = new Uint8Array(1 + 2 * HANDSHAKE_PACKET_BYTES);
    output[0] = RTMP_VERSION;
    const s1 = output.subarray(1, 1 + HANDSHAKE_PACKET_BYTES);
    const s2 = output.subarray(1 + HANDSHAKE_PACKET_BYTES);
    s1.set(this.#randomBytes(HANDSHAKE_PACKET_BYTES));
    s1.fill(0, 0, 8);
    const found = findDigest(c1, PLAYER_KEY);
    if (found === undefined) {
      s2.set(c1);
      return output;
    }
    s1.set(SERVER_VERSION, 4);
    const at = digestOffsetBytes(s1, found.blockOffsetBytes);
    s1.set(digestOf(s1, at, SERVER_KEY), at);
    const signedBytes = HANDSHAKE_PACKET_BYTES - DIGEST_BYTES;
    s2.set(this.#randomBytes(signedBytes));
    const key = hmacSha256(
      Uint8Array.of(...SERVER_KEY, ...KEY_TAIL),
      found.digest,
    );
    s2.set(hmacSha256(key, s2.subarray(0, signedBytes)), signedBytes);
    return output;
  }
}

/**
 * The client's side of the simple RTMP handshake.
 *
 * Spec: RTMP 1.0 §5.2.
 */
export class ClientHandshake {
  #randomBytes: (countBytes: number) => Uint8Array;
  #received = new HandshakeInput(1 + 2 * HANDSHAKE_PACKET_BYTES);
  #isAnswered = false;

  /** Sends nothing by itself: begin with {@linkcode start}. */
  constructor(options: HandshakeOptions = {}) {
    this.#randomBytes = options.randomBytes ?? randomBytes;
  }

  /** C0 and C1, owned by the caller. */
  start(): Uint8Array {
    const output = new Uint8Array(1 + HANDSHAKE_PACKET_BYTES);
    output.set(this.#randomBytes(HANDSHAKE_PACKET_BYTES), 1);
    output[0] = RTMP_VERSION;
    output.fill(0, 1, 9);
    return output;
  }

  /**
   * Takes what the server sent; answers S1 with C2.
   *
   * Input: borrowed, cut anywhere.
   *
   * @throws {ParseError} if S0 announces any version but 3.
   */
  push(chunk: Uint8Array): HandshakeStep {
    const rest = this.#received.take(chunk);
    this.#received.checkVersion("S0");
    let output: Uint8Array | undefined;
    if (this.#received.isWhole && !this.#isAnswered) {
      this.#isAnswered = true;
      output = this.#received.bytes.slice(1, 1 + HANDSHAKE_PACKET_BYTES);
    }
    return { output, isDone: this.#received.isWhole, rest };
  }
}

/** Collects the fixed number of bytes that a side waits for. */
class HandshakeInput {
  readonly bytes: Uint8Array;
  #filledBytes = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  get isWhole(): boolean {
    return this.#filledBytes === this.bytes.length;
  }

  /** Output: a view of what is not needed. */
  take(chunk: Uint8Array): Uint8Array {
    const takenBytes = Math.min(
      chunk.length,
      this.bytes.length - this.#filledBytes,
    );
    this.bytes.set(chunk.subarray(0, takenBytes), this.#filledBytes);
    this.#filledBytes += takenBytes;
    return chunk.subarray(takenBytes);
  }

  checkVersion(field: "C0" | "S0"): void {
    const version = this.bytes[0]!;
    if (this.#filledBytes === 0 || version === RTMP_VERSION) return;
    throw new ParseError(
      version === 6
        ? "must be 3, found 6: RTMPE is not supported"
        : `must be 3, found ${version}`,
      { format: "RTMP handshake", field, offsetBytes: 0 },
    );
  }
}

/** The digest of C1 and the block that holds it; undefined if there is no valid one. */
function findDigest(
  c1: Uint8Array,
  key: Uint8Array,
): { digest: Uint8Array; blockOffsetBytes: number } | undefined {
  for (const blockOffsetBytes of BLOCK_OFFSETS_BYTES) {
    const at = digestOffsetBytes(c1, blockOffsetBytes);
    const digest = c1.subarray(at, at + DIGEST_BYTES);
    if (timingSafeEqual(digest, digestOf(c1, at, key))) {
      return { digest, blockOffsetBytes };
    }
  }
  return undefined;
}

/** The block's first four bytes add up to where the digest begins behind them. */
function digestOffsetBytes(
  packet: Uint8Array,
  blockOffsetBytes: number,
): number {
  let sum = 0;
  for (let i = 0; i < DIGEST_OFFSET_BYTES; i++) {
    sum += packet[blockOffsetBytes + i]!;
  }
  const spanBytes = BLOCK_BYTES - DIGEST_OFFSET_BYTES - DIGEST_BYTES;
  return blockOffsetBytes + DIGEST_OFFSET_BYTES + sum % spanBytes;
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
