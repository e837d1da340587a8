import { DiffieHellman1024, randomBytes } from "#base/crypto.ts";
import { ParseError } from "#base/errors.ts";
import {
  DIGEST_SCHEMES,
  findDigest,
  HANDSHAKE_PACKET_BYTES,
  PLAYER_KEYS,
  publicKeyOf,
  SERVER_KEYS,
  signFirstPacket,
  signSecondPacket,
} from "./handshake_digest.ts";
import { deriveRtmpeKeys, RTMPE_VERSION, type RtmpeKeys } from "./rtmpe.ts";

const RTMP_VERSION = 3;
const VERSION_OFFSET_BYTES = 4;
/** Any version other than 0 tells a peer that S1 may hold a digest. */
const SERVER_VERSION = Uint8Array.of(4, 5, 0, 1);
/** That of the player which a pull source claims to be. */
const CLIENT_VERSION = Uint8Array.of(9, 0, 124, 2);

/** What one push to a handshake led to. */
export interface HandshakeStep {
  /** Bytes to send now, owned and never encrypted; undefined if there are none. */
  readonly output: Uint8Array | undefined;
  /** The handshake is over, with this push or before. */
  readonly isDone: boolean;
  /** A view of what stood behind the handshake, as it came: the first chunks. */
  readonly rest: Uint8Array;
  /** Everything behind the handshake is encrypted, both ways. */
  readonly keys: RtmpeKeys | undefined;
}

/** One side of a handshake. */
export interface RtmpHandshake {
  /** Takes what the other side sent, borrowed, cut anywhere. @throws {ParseError} if it is no handshake. */
  push(chunk: Uint8Array): HandshakeStep;
}

/** Where random bytes come from; tests give their own. */
export interface HandshakeOptions {
  /** Makes bytes that nobody can guess. */
  readonly randomBytes?: (countBytes: number) => Uint8Array;
}

/**
 * The server's side of the RTMP handshake: simple, with digests, or encrypted (RTMPE).
 *
 * A client whose C1 holds a valid digest, of either scheme, gets signed answers; any other gets its C1 back. C2 is
 * not compared with S1: clients differ in what they send.
 *
 * Spec: RTMP 1.0 §5.2. The digest form is not in it; players ask for it before they play H.264. Nor is RTMPE.
 */
export class ServerHandshake implements RtmpHandshake {
  #randomBytes: (countBytes: number) => Uint8Array;
  #received = new HandshakeInput(1 + HANDSHAKE_PACKET_BYTES, "C0", [
    RTMP_VERSION,
    RTMPE_VERSION,
  ]);
  #isAnswered = false;
  #c2LeftBytes = HANDSHAKE_PACKET_BYTES;
  #keys: RtmpeKeys | undefined;

  /** Waits for C0 and C1. */
  constructor(options: HandshakeOptions = {}) {
    this.#randomBytes = options.randomBytes ?? randomBytes;
  }

  /**
   * Takes what the client sent.
   *
   * Input: borrowed, cut anywhere.
   *
   * @throws {ParseError} if C0 announces any version but 3 and 6 (RTMPE), or RTMPE without a digest or with a bad key.
   */
  push(chunk: Uint8Array): HandshakeStep {
    let rest = this.#received.take(chunk);
    let output: Uint8Array | undefined;
    if (this.#received.isWhole && !this.#isAnswered) {
      this.#isAnswered = true;
      output = this.#answer(this.#received.bytes.subarray(1));
    }
    const skippedBytes = Math.min(rest.length, this.#c2LeftBytes);
    this.#c2LeftBytes -= skippedBytes;
    rest = rest.subarray(skippedBytes);
    const isDone = this.#c2LeftBytes === 0;
    return { output, isDone, rest, keys: isDone ? this.#keys : undefined };
  }

  #answer(c1: Uint8Array): Uint8Array {
    const version = this.#received.bytes[0]!;
    const output = new Uint8Array(1 + 2 * HANDSHAKE_PACKET_BYTES);
    output[0] = version;
    const s1 = output.subarray(1, 1 + HANDSHAKE_PACKET_BYTES);
    const s2 = output.subarray(1 + HANDSHAKE_PACKET_BYTES);
    s1.set(this.#randomBytes(HANDSHAKE_PACKET_BYTES));
    s1.fill(0, 0, 2 * VERSION_OFFSET_BYTES);
    const found = findDigest(c1, PLAYER_KEYS);
    if (found === undefined) {
      if (version === RTMPE_VERSION) {
        throw handshakeError("C1", "must hold a digest for RTMPE");
      }
      s2.set(c1);
      return output;
    }
    const { scheme, digest } = found;
    s1.set(SERVER_VERSION, VERSION_OFFSET_BYTES);
    if (version === RTMPE_VERSION) {
      const own = new DiffieHellman1024();
      this.#keys = deriveRtmpeKeys(own, publicKeyOf(c1, scheme));
      if (this.#keys === undefined) {
        throw handshakeError("C1", "must hold a public key that is no trap");
      }
      publicKeyOf(s1, scheme).set(own.publicKey);
    }
    signFirstPacket(s1, scheme, SERVER_KEYS);
    s2.set(this.#randomBytes(HANDSHAKE_PACKET_BYTES));
    signSecondPacket(s2, digest, SERVER_KEYS);
    return output;
  }
}

/**
 * The client's side of the RTMP handshake, simple or with digests.
 *
 * C1 always holds a digest, which simple servers take for random bytes; the answer to S1 is signed if S1 holds a
 * valid one, too, else it is S1 itself.
 *
 * Spec: RTMP 1.0 §5.2. The digest form is not in it; Adobe's servers ask for it.
 */
export class ClientHandshake implements RtmpHandshake {
  #randomBytes: (countBytes: number) => Uint8Array;
  #received = new HandshakeInput(1 + 2 * HANDSHAKE_PACKET_BYTES, "S0", [
    RTMP_VERSION,
  ]);
  #isAnswered = false;

  /** Sends nothing by itself: begin with {@linkcode start}. */
  constructor(options: HandshakeOptions = {}) {
    this.#randomBytes = options.randomBytes ?? randomBytes;
  }

  /** C0 and C1, owned by the caller. */
  start(): Uint8Array {
    const output = new Uint8Array(1 + HANDSHAKE_PACKET_BYTES);
    output[0] = RTMP_VERSION;
    const c1 = output.subarray(1);
    c1.set(this.#randomBytes(HANDSHAKE_PACKET_BYTES));
    c1.fill(0, 0, VERSION_OFFSET_BYTES);
    c1.set(CLIENT_VERSION, VERSION_OFFSET_BYTES);
    signFirstPacket(c1, DIGEST_SCHEMES[0], PLAYER_KEYS);
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
    const { bytes, filledBytes, isWhole } = this.#received;
    let output: Uint8Array | undefined;
    if (filledBytes > HANDSHAKE_PACKET_BYTES && !this.#isAnswered) {
      this.#isAnswered = true;
      output = this.#answer(bytes.subarray(1, 1 + HANDSHAKE_PACKET_BYTES));
    }
    return { output, isDone: isWhole, rest, keys: undefined };
  }

  #answer(s1: Uint8Array): Uint8Array {
    const found = findDigest(s1, SERVER_KEYS);
    if (found === undefined) return s1.slice();
    const c2 = this.#randomBytes(HANDSHAKE_PACKET_BYTES);
    signSecondPacket(c2, found.digest, PLAYER_KEYS);
    return c2;
  }
}

/** Collects the fixed number of bytes that a side waits for. */
class HandshakeInput {
  readonly bytes: Uint8Array;
  filledBytes = 0;
  #versionField: "C0" | "S0";
  #versions: readonly number[];

  constructor(
    sizeBytes: number,
    versionField: "C0" | "S0",
    versions: readonly number[],
  ) {
    this.bytes = new Uint8Array(sizeBytes);
    this.#versionField = versionField;
    this.#versions = versions;
  }

  get isWhole(): boolean {
    return this.filledBytes === this.bytes.length;
  }

  /** Output: a view of what is not needed. @throws {ParseError} if the first byte is no version that this side takes. */
  take(chunk: Uint8Array): Uint8Array {
    const takenBytes = Math.min(
      chunk.length,
      this.bytes.length - this.filledBytes,
    );
    this.bytes.set(chunk.subarray(0, takenBytes), this.filledBytes);
    this.filledBytes += takenBytes;
    const version = this.bytes[0]!;
    if (this.filledBytes > 0 && !this.#versions.includes(version)) {
      const wanted = this.#versions.join(" or ");
      throw handshakeError(
        this.#versionField,
        `must be ${wanted}, found ${version}`,
      );
    }
    return chunk.subarray(takenBytes);
  }
}

function handshakeError(
  field: "C0" | "C1" | "S0",
  reason: string,
): ParseError {
  const offsetBytes = field === "C1" ? 1 : 0;
  return new ParseError(reason, {
    format: "RTMP handshake",
    field,
    offsetBytes,
  });
}
