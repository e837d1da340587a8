import {
  createCipheriv,
  createHash,
  createHmac,
  getDiffieHellman,
  randomBytes as nodeRandomBytes,
  timingSafeEqual as nodeTimingSafeEqual,
} from "node:crypto";

/** HMAC-SHA256 over the parts, one after the other. Output: 32 bytes, owned. Spec: RFC 2104. */
export function hmacSha256(
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return Uint8Array.from(hmac.digest());
}

/** SHA-256 of `bytes`. Output: 32 bytes, owned. Spec: FIPS 180-4. */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha256").update(bytes).digest());
}

/** SHA-1 of the text in UTF-8. Output: 20 bytes, owned. Only for protocols that prescribe it. Spec: FIPS 180-4. */
export function sha1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha1").update(text, "utf8").digest());
}

/** MD5 of the text in UTF-8, as 32 lower case hexadecimal digits. Only for protocols that prescribe it. Spec: RFC 1321. */
export function md5Hex(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

/** MD5 of bytes that come in pieces. Only for protocols that prescribe it. Spec: RFC 1321. */
export class Md5 {
  #hash = createHash("md5");

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Output: 16 bytes, owned. Nothing may follow. */
  digest(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#hash.digest());
  }
}

/** Whether both hold the same bytes, in a time that tells only their lengths. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && nodeTimingSafeEqual(a, b);
}

/** Bytes that nobody can guess, owned. */
export function randomBytes(countBytes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(nodeRandomBytes(countBytes));
}

/** Bytes of a public key and of a secret of {@linkcode DiffieHellman1024}. */
export const DIFFIE_HELLMAN_1024_BYTES = 128;

/** One side of a key agreement in the 1024-bit group. Only for protocols that prescribe it. Spec: RFC 2409 §6.2. */
export class DiffieHellman1024 {
  /** {@linkcode DIFFIE_HELLMAN_1024_BYTES}, for the other side. */
  readonly publicKey: Uint8Array;
  #group = getDiffieHellman("modp2");

  /** Makes a pair of keys that nobody can guess. */
  constructor() {
    this.publicKey = padded(this.#group.generateKeys());
  }

  /**
   * The secret that both sides share, {@linkcode DIFFIE_HELLMAN_1024_BYTES}, owned.
   *
   * Output: undefined if the other side's key leads to a secret that everybody can guess.
   */
  sharedSecret(
    otherPublicKey: Uint8Array,
  ): Uint8Array<ArrayBuffer> | undefined {
    const secret = padded(this.#group.computeSecret(otherPublicKey));
    const trivialBytes = DIFFIE_HELLMAN_1024_BYTES - 1;
    const prime = this.#group.getPrime();
    const isTrivial =
      secret.subarray(0, trivialBytes).every((byte) => byte === 0) ||
      secret.subarray(0, trivialBytes).every((byte, i) => byte === prime[i]);
    return isTrivial ? undefined : secret;
  }
}

/** Numbers come without leading zeros. */
function padded(number: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(DIFFIE_HELLMAN_1024_BYTES);
  bytes.set(number, DIFFIE_HELLMAN_1024_BYTES - number.length);
  return bytes;
}

/** AES in electronic codebook mode, to build other modes from. Spec: FIPS 197. */
export interface BlockCipher extends Disposable {
  /** Whole blocks of 16 bytes in, as many out; what comes out is borrowed until the next call. */
  encrypt(blocks: Uint8Array): Uint8Array;
}

/** Opens a block cipher; it holds a resource of the runtime until disposed of. Input: a key of 16 bytes. */
export function openAes128(key: Uint8Array): BlockCipher {
  const cipher = createCipheriv("aes-128-ecb", key, null);
  cipher.setAutoPadding(false);
  let isOpen = true;
  return {
    encrypt: (blocks) => cipher.update(blocks),
    [Symbol.dispose]() {
      if (isOpen) cipher.final();
      isOpen = false;
    },
  };
}
