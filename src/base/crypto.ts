import {
  createHash,
  createHmac,
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

/** MD5 of the text in UTF-8, as 32 lower case hexadecimal digits. Only for protocols that prescribe it. Spec: RFC 1321. */
export function md5Hex(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

/** Whether both hold the same bytes, in a time that tells only their lengths. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && nodeTimingSafeEqual(a, b);
}

/** Bytes that nobody can guess, owned. */
export function randomBytes(countBytes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(nodeRandomBytes(countBytes));
}
