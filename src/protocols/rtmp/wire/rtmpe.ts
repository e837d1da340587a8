import {
  DIFFIE_HELLMAN_1024_BYTES,
  type DiffieHellman1024,
  hmacSha256,
} from "#base/crypto.ts";

/** What C0 and S0 say if everything behind the handshake is encrypted. */
export const RTMPE_VERSION = 6;

/** Bytes of a public key inside C1 and S1. */
export const RTMPE_PUBLIC_KEY_BYTES: number = DIFFIE_HELLMAN_1024_BYTES;

const RC4_KEY_BYTES = 16;

/** Both sides use up as much of their key streams as a handshake packet is long. */
const SKIPPED_BYTES = 1_536;

/** Keys of one connection. */
export interface RtmpeKeys {
  /** Decrypts what comes. */
  readonly incoming: Rc4;
  /** Encrypts what goes. */
  readonly outgoing: Rc4;
}

/**
 * The keys that follow from the public keys of both sides.
 *
 * Output: undefined if the other side's key is one that gives the secret away.
 * Spec: none by Adobe; what players and librtmp do.
 */
export function deriveRtmpeKeys(
  own: DiffieHellman1024,
  otherPublicKey: Uint8Array,
): RtmpeKeys | undefined {
  const secret = own.sharedSecret(otherPublicKey);
  if (secret === undefined) return undefined;
  return {
    incoming: cipherOf(secret, own.publicKey),
    outgoing: cipherOf(secret, otherPublicKey),
  };
}

/** Who receives has its public key in the key. */
function cipherOf(secret: Uint8Array, receiverPublicKey: Uint8Array): Rc4 {
  const key = hmacSha256(secret, receiverPublicKey);
  const cipher = new Rc4(key.subarray(0, RC4_KEY_BYTES));
  const skipped = new Uint8Array(SKIPPED_BYTES);
  cipher.apply(skipped, skipped);
  return cipher;
}

/**
 * The stream cipher of RTMPE, and nothing else: it protects nobody any more.
 *
 * Encrypting and decrypting are the same.
 */
export class Rc4 {
  #state: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  /** `key`: 1 to 256 bytes, borrowed. */
  constructor(key: Uint8Array) {
    const state = this.#state;
    let j = 0;
    for (let i = 0; i < 256; i++) {
      const value = state[i]!;
      j = j + value + key[i % key.length]! & 0xff;
      state[i] = state[j]!;
      state[j] = value;
    }
  }

  /** Goes on with `from`; writes as many bytes to `into`, which may be the same. Hot path. */
  apply(from: Uint8Array, into: Uint8Array): void {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let at = 0; at < from.length; at++) {
      i = i + 1 & 0xff;
      const a = state[i]!;
      j = j + a & 0xff;
      const b = state[j]!;
      state[i] = b;
      state[j] = a;
      into[at] = from[at]! ^ state[a + b & 0xff]!;
    }
    this.#i = i;
    this.#j = j;
  }
}
