import { parseParameter, quote, splitOutsideQuotes } from "./parameters.ts";

/** What a server asks for. Spec: RFC 2617 §2, §3.2.1, RFC 7616 §3.3. */
export type Challenge =
  | { readonly kind: "basic"; readonly realm: string }
  | {
    readonly kind: "digest";
    readonly realm: string;
    readonly nonce: string;
    /** To be sent back as it is. */
    readonly opaque: string | undefined;
    readonly algorithm: "MD5" | "SHA-256";
    /** Quality of protection `auth` is offered; otherwise the computation of RFC 2069 is meant. */
    readonly hasQop: boolean;
  };

/** Where a challenge begins, also behind another one in the same header. */
const SCHEME = /(?:^|,)\s*(Basic|Digest)(?=\s|,|$)/gi;

/**
 * Reads the `WWW-Authenticate` headers of a response.
 *
 * Output: the challenges that can be met; those of other schemes and algorithms, or without a nonce, are left out.
 * Spec: RFC 2617 §1.2.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  const challenges: Challenge[] = [];
  for (const header of headers) {
    const starts = [...header.matchAll(SCHEME)];
    for (const [i, start] of starts.entries()) {
      const from = start.index + start[0].length;
      const text = header.slice(from, starts[i + 1]?.index);
      const challenge = parseChallenge(start[1]!.toLowerCase(), text);
      if (challenge) challenges.push(challenge);
    }
  }
  return challenges;
}

function parseChallenge(scheme: string, text: string): Challenge | undefined {
  const values = new Map<string, string>();
  for (const piece of splitOutsideQuotes(text, ",")) {
    const { name, value } = parseParameter(piece);
    if (value !== undefined && !values.has(name)) values.set(name, value);
  }
  const realm = values.get("realm") ?? "";
  if (scheme === "basic") return { kind: "basic", realm };
  const nonce = values.get("nonce");
  const algorithm = (values.get("algorithm") ?? "MD5").toUpperCase();
  if (nonce === undefined) return undefined;
  if (algorithm !== "MD5" && algorithm !== "SHA-256") return undefined;
  const qop = values.get("qop")?.toLowerCase().split(",") ?? [];
  return {
    kind: "digest",
    realm,
    nonce,
    opaque: values.get("opaque"),
    algorithm,
    hasQop: qop.some((one) => one.trim() === "auth"),
  };
}

/** Asks for user and password in clear: `Basic realm="…"`. Spec: RFC 2617 §2. */
export function serializeBasicChallenge(realm: string): string {
  return `Basic realm=${quote(realm)}`;
}

/** Asks for a proof over `nonce`: `Digest realm="…", nonce="…"`. Spec: RFC 2617 §3.2.1. */
export function serializeDigestChallenge(realm: string, nonce: string): string {
  return `Digest realm=${quote(realm)}, nonce=${quote(nonce)}`;
}
