import { quote } from "./parameters.ts";

/** Asks for user and password in clear: `Basic realm="…"`. Spec: RFC 2617 §2. */
export function serializeBasicChallenge(realm: string): string {
  return `Basic realm=${quote(realm)}`;
}

/** Asks for a proof over `nonce`: `Digest realm="…", nonce="…"`. Spec: RFC 2617 §3.2.1. */
export function serializeDigestChallenge(realm: string, nonce: string): string {
  return `Digest realm=${quote(realm)}, nonce=${quote(nonce)}`;
}
