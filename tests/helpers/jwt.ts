import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";

/** Claim with the permissions, as the default is. */
export const PERMISSIONS_CLAIM = "mediamtx_permissions";

/** Makes tokens with a key of its own. */
export interface TokenIssuer {
  /** For a set of keys. */
  readonly publicJwk: JWK;
  /** A token with these claims. */
  issue(claims: JWTPayload): Promise<string>;
}

/** Makes a pair of keys; `kid` left out: neither key nor tokens name it. */
export async function openIssuer(
  alg: string,
  kid?: string,
): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, {
    extractable: true,
  });
  const jwk = await exportJWK(publicKey);
  const publicJwk = kid === undefined ? jwk : { ...jwk, kid };
  return {
    publicJwk,
    issue: (claims) => issueToken(claims, privateKey, alg, kid),
  };
}

/** A token of any key. */
export function issueToken(
  claims: JWTPayload,
  key: CryptoKey | Uint8Array,
  alg: string,
  kid?: string,
): Promise<string> {
  const header = kid === undefined ? { alg } : { alg, kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** A set of keys as servers answer it. */
export function keySetOf(...keys: readonly JWK[]): Response {
  return Response.json({ keys });
}
