import { md5Hex, randomBytes, sha256, timingSafeEqual } from "#base/crypto.ts";

const NONCE_BYTES = 16;

/** Proof that came in an `Authorization` header. Spec: RFC 2617 §3.2.2. */
export interface DigestProof {
  readonly user: string;
  readonly realm: string;
  readonly nonce: string;
  /** URL that the proof is about. */
  readonly uri: string;
  /** Hexadecimal digits. */
  readonly response: string;
  /** Undefined means MD5. */
  readonly algorithm: string | undefined;
  /** Undefined means the computation of RFC 2069. */
  readonly qop: string | undefined;
  readonly nonceCount: string | undefined;
  readonly clientNonce: string | undefined;
}

/** What the proof must be about. */
export interface DigestChallenge {
  readonly method: string;
  /** URL of the request, as it came. */
  readonly url: string;
  readonly realm: string;
  /** What the connection's peer was given. */
  readonly nonce: string;
}

/** A nonce that nobody can guess, for one connection. Output: hexadecimal digits. */
export function generateNonce(): string {
  return randomBytes(NONCE_BYTES).toHex();
}

/**
 * Whether `proof` shows that the peer knows `password`.
 *
 * Spec: RFC 2069 §2.1.2 without `qop`, RFC 2617 §3.2.2 with `qop=auth`; MD5 only.
 * Deviates: the proof's URL may differ from that of the request by one trailing slash; for SETUP it may be the one
 * of the stream instead of the track (VLC).
 */
export function verifyDigest(
  proof: DigestProof,
  challenge: DigestChallenge,
  password: string,
): boolean {
  if (proof.realm !== challenge.realm) return false;
  if (proof.nonce !== challenge.nonce) return false;
  if (!isAboutUrl(proof.uri, challenge)) return false;
  if ((proof.algorithm ?? "MD5").toUpperCase() !== "MD5") return false;
  const expected = digestResponse(proof, challenge.method, password);
  if (expected === undefined) return false;
  const encoder = new TextEncoder();
  return timingSafeEqual(
    encoder.encode(expected),
    encoder.encode(proof.response.toLowerCase()),
  );
}

/**
 * The response that a proof must have, MD5 or SHA-256 as its algorithm says.
 *
 * Output: hexadecimal digits; undefined if the quality of protection is not known, or its parts are missing.
 * Spec: RFC 2069 §2.1.2, RFC 2617 §3.2.2.1, RFC 7616 §3.4.1.
 */
export function digestResponse(
  proof: Omit<DigestProof, "response">,
  method: string,
  password: string,
): string | undefined {
  const { user, realm, nonce, uri, qop, nonceCount, clientNonce } = proof;
  const isSha256 = proof.algorithm?.toUpperCase() === "SHA-256";
  const hash = isSha256 ? sha256Hex : md5Hex;
  const secretPart = hash(`${user}:${realm}:${password}`);
  const requestPart = hash(`${method}:${uri}`);
  if (qop === undefined) return hash(`${secretPart}:${nonce}:${requestPart}`);
  if (qop.toLowerCase() !== "auth" || !nonceCount || !clientNonce) {
    return undefined;
  }
  return hash(
    `${secretPart}:${nonce}:${nonceCount}:${clientNonce}:${qop}:${requestPart}`,
  );
}

function sha256Hex(text: string): string {
  return sha256(new TextEncoder().encode(text)).toHex();
}

function isAboutUrl(uri: string, { method, url }: DigestChallenge): boolean {
  const expected = withoutTrailingSlash(url);
  const found = withoutTrailingSlash(uri);
  if (found === expected) return true;
  const streamUrl = expected.slice(0, expected.lastIndexOf("/"));
  return method === "SETUP" && found === streamUrl;
}

function withoutTrailingSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}
