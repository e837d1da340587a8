import {
  type AccessRequest,
  type Action,
  AuthenticationError,
} from "#base/access.ts";
import { md5Hex, sha256, timingSafeEqual } from "#base/crypto.ts";
import type { Secret } from "#base/secret.ts";

/** Hash that a signature is made with. */
export type SignAlgorithm = "md5" | "sha256";

/** What URLs are signed with. */
export interface SignKey {
  readonly secret: Secret;
  readonly algorithm: SignAlgorithm;
}

/** What a signed URL is good for. */
export interface SignRules extends SignKey {
  /** How far ahead its end may lie; 0 for any. */
  readonly windowMs: number;
  readonly actions: readonly Action[];
}

/** Seconds of any year to come; more digits are no time. */
const SECONDS = /^\d{1,12}$/;

const encoder = new TextEncoder();

/**
 * Signs the URL of a path: its query, without the question mark.
 *
 * The signature is the hash of `path/end/secret`, in hexadecimal digits.
 * Input: `endSeconds`, Unix time until which a session may begin.
 */
export function signedQuery(
  pathName: string,
  endSeconds: number,
  key: SignKey,
): string {
  return `sign=${
    signatureOf(pathName, String(endSeconds), key)
  }&ts=${endSeconds}`;
}

/** The signature in the query of a URL, in small letters; undefined if there is none. */
export function signatureIn(query: string): string | undefined {
  return new URLSearchParams(query).get("sign")?.toLowerCase();
}

/**
 * Checks the signature of a URL.
 *
 * @throws {AuthenticationError} `unauthorized` if it is not the right one, `expired`, or `forbidden` if it is good for
 * something else.
 */
export function checkSignature(
  { pathName, query, action }: AccessRequest,
  rules: SignRules,
  nowMs: number,
): void {
  const ts = new URLSearchParams(query).get("ts") ?? "";
  if (!SECONDS.test(ts)) {
    throw refusal("unauthorized", "the signed URL has no 'ts' of Unix seconds");
  }
  const found = encoder.encode(signatureIn(query));
  const wanted = encoder.encode(signatureOf(pathName, ts, rules));
  if (!timingSafeEqual(found, wanted)) {
    throw refusal(
      "unauthorized",
      `the signature is not the one of path '${pathName}', ts and secret`,
    );
  }
  const leftMs = Number(ts) * 1_000 - nowMs;
  if (leftMs <= 0) {
    const ago = Math.round(-leftMs / 1_000);
    throw refusal("expired", `the signed URL has expired ${ago} s ago`);
  }
  if (rules.windowMs > 0 && leftMs > rules.windowMs) {
    const overSeconds = Math.ceil((leftMs - rules.windowMs) / 1_000);
    throw refusal(
      "forbidden",
      `the signed URL ends ${overSeconds} s further ahead than authSignWindow allows`,
    );
  }
  if (!rules.actions.includes(action)) {
    throw refusal(
      "forbidden",
      `a signed URL may not be used to ${action} (authSignActions)`,
    );
  }
}

function signatureOf(
  pathName: string,
  ts: string,
  { secret, algorithm }: SignKey,
): string {
  const text = `${pathName}/${ts}/${secret.reveal()}`;
  return algorithm === "md5"
    ? md5Hex(text)
    : sha256(encoder.encode(text)).toHex();
}

function refusal(
  code: "unauthorized" | "forbidden" | "expired",
  message: string,
): AuthenticationError {
  return new AuthenticationError(message, false, code);
}
