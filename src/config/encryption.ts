import { ConfigError } from "./errors.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/**
 * Decrypts a configuration file.
 *
 * Input: standard Base64 of the nonce (24 bytes) and what NaCl's secretbox (XSalsa20-Poly1305) made; `key` is text, cut
 * or filled with zeros to 32 bytes.
 * Spec: MediaMTX's configuration file.
 *
 * @throws {ConfigError} if the text is no Base64 or was encrypted with another key.
 */
export async function decryptConfig(
  text: string,
  key: string,
  file?: string,
): Promise<string> {
  const sealed = decodeBase64(text, file);
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw refusal(file);
  const box = await boxOf(key, sealed.subarray(0, NONCE_BYTES));
  try {
    const opened = box.decrypt(sealed.subarray(NONCE_BYTES));
    return new TextDecoder("utf-8", { fatal: true }).decode(opened);
  } catch (cause) {
    throw refusal(file, cause);
  }
}

/** Encrypts a configuration file, as {@linkcode decryptConfig} reads it. */
export async function encryptConfig(
  text: string,
  key: string,
): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const box = await boxOf(key, nonce);
  const sealed = box.encrypt(new TextEncoder().encode(text));
  const bytes = new Uint8Array(NONCE_BYTES + sealed.length);
  bytes.set(nonce);
  bytes.set(sealed, NONCE_BYTES);
  return bytes.toBase64();
}

async function boxOf(
  key: string,
  nonce: Uint8Array,
): Promise<
  {
    encrypt(bytes: Uint8Array): Uint8Array;
    decrypt(bytes: Uint8Array): Uint8Array;
  }
> {
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  const keyBytes = new Uint8Array(KEY_BYTES);
  keyBytes.set(new TextEncoder().encode(key).subarray(0, KEY_BYTES));
  return xsalsa20poly1305(keyBytes, nonce);
}

function decodeBase64(text: string, file: string | undefined): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.trim());
  } catch (cause) {
    throw new ConfigError(
      [{ keyPath: [], reason: "decryption error: not Base64" }],
      file,
      { cause },
    );
  }
}

function refusal(file: string | undefined, cause?: unknown): ConfigError {
  return new ConfigError(
    [{ keyPath: [], reason: "decryption error" }],
    file,
    { cause },
  );
}
