import { openAes128 } from "#base/crypto.ts";
import { SRTP_MASTER_SALT_BYTES, type SrtpKeys } from "./srtp_keys.ts";

const BLOCK_BYTES = 16;

const CIPHER_KEY_BYTES = 16;
const AUTHENTICATION_KEY_BYTES = 20;

/** What a packet is encrypted and authenticated with. */
export interface SrtpSessionKeys {
  /** 16 bytes. */
  readonly cipherKey: Uint8Array;
  /** 20 bytes. */
  readonly authenticationKey: Uint8Array;
  /** 14 bytes. */
  readonly salt: Uint8Array;
}

/**
 * Derives the keys of SRTP and of SRTCP from the master key.
 *
 * Spec: RFC 3711 §4.3, with a key derivation rate of zero.
 */
export function deriveSessionKeys(
  { masterKey, masterSalt }: Pick<SrtpKeys, "masterKey" | "masterSalt">,
): { readonly rtp: SrtpSessionKeys; readonly rtcp: SrtpSessionKeys } {
  const derive = (label: number, sizeBytes: number) =>
    pseudoRandom(masterKey, labelled(masterSalt, label), sizeBytes);
  const keysFrom = (label: number): SrtpSessionKeys => ({
    cipherKey: derive(label, CIPHER_KEY_BYTES),
    authenticationKey: derive(label + 1, AUTHENTICATION_KEY_BYTES),
    salt: derive(label + 2, SRTP_MASTER_SALT_BYTES),
  });
  return { rtp: keysFrom(0), rtcp: keysFrom(3) };
}

/** The salt with the label in the eighth byte from its end. Spec: RFC 3711 §4.3.1. */
function labelled(masterSalt: Uint8Array, label: number): Uint8Array {
  const at = SRTP_MASTER_SALT_BYTES - 7;
  return masterSalt.with(at, masterSalt[at]! ^ label);
}

/** AES in counter mode over zeros. Spec: RFC 3711 §4.3.3. */
function pseudoRandom(
  key: Uint8Array,
  start: Uint8Array,
  sizeBytes: number,
): Uint8Array {
  const blocks = new Uint8Array(
    Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES,
  );
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    blocks.set(start, at);
    blocks[at + BLOCK_BYTES - 1] = at / BLOCK_BYTES;
  }
  using cipher = openAes128(key);
  return Uint8Array.from(cipher.encrypt(blocks).subarray(0, sizeBytes));
}
