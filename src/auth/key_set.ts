import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { askHttp } from "#platform/http_client.ts";
import type { CryptoKey, JWK } from "jose";

/** More than this is no set of keys. */
const MAX_KEY_SET_BYTES = 128 * 1_024;

/** How long keys are used before they are fetched again. */
const KEY_LIFETIME_MS = 3_600_000;

/** Tokens that name an unknown key have the keys fetched, but not more often than this. */
const MIN_REFETCH_MS = 60_000;

/** Keys that are tried on one token that does not name its own. */
const MAX_CANDIDATES = 16;

/** What {@linkcode KeySet} is given. */
export interface KeySetOptions {
  readonly url: string;
  /** SHA-256 of the server's certificate; empty for none. */
  readonly fingerprint: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What a token says of the key that it is signed with. */
export interface KeyHint {
  readonly alg?: string | undefined;
  readonly kid?: string | undefined;
}

interface FetchedKeys {
  readonly keys: readonly JWK[];
  readonly fetchedAtMs: number;
}

/** Public keys that tokens are checked with, fetched when the first token comes. Spec: RFC 7517. */
export class KeySet {
  readonly #options: KeySetOptions;
  #fetched: FetchedKeys | undefined;
  #fetching: Promise<FetchedKeys> | undefined;

  /** Fetches nothing yet. */
  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** Has the keys fetched anew for the next token. */
  refresh(): void {
    this.#fetched = undefined;
    this.#fetching = undefined;
  }

  /**
   * The keys that a token can be signed with.
   *
   * @throws {Error} if they cannot be fetched, or none fits.
   */
  async candidates(hint: KeyHint): Promise<(CryptoKey | Uint8Array)[]> {
    let fetched = await this.#current(KEY_LIFETIME_MS);
    if (!fetched.keys.some((key) => isFitting(key, hint))) {
      fetched = await this.#current(MIN_REFETCH_MS);
    }
    const fitting = fetched.keys.filter((key) => isFitting(key, hint));
    if (fitting.length === 0) {
      throw new Error("no key of authJWTJWKS fits the token");
    }
    const { alg } = hint;
    const { importJWK } = await import("jose");
    return await Promise.all(
      fitting.slice(0, MAX_CANDIDATES).map((key) => importJWK(key, alg)),
    );
  }

  /** The keys, not older than `maxAgeMs`. */
  async #current(maxAgeMs: number): Promise<FetchedKeys> {
    const { clock } = this.#options;
    const fetched = this.#fetched;
    const ageMs = clock.monotonicMs() - (fetched?.fetchedAtMs ?? -Infinity);
    if (fetched && ageMs < maxAgeMs) return fetched;
    const fetching = this.#fetching ?? this.#fetch();
    this.#fetching = fetching;
    try {
      const keys = await fetching;
      // Otherwise they were asked for before the last refresh.
      if (this.#fetching === fetching) this.#fetched = keys;
      return keys;
    } finally {
      if (this.#fetching === fetching) this.#fetching = undefined;
    }
  }

  async #fetch(): Promise<FetchedKeys> {
    const { url, fingerprint, timeoutMs, clock } = this.#options;
    const fetchedAtMs = clock.monotonicMs();
    const { status, body, isCut } = await askHttp(
      { method: "GET", url, fingerprint, maxBodyBytes: MAX_KEY_SET_BYTES },
      {
        clock,
        timeoutMs,
        message: `no answer within ${timeoutMs / 1_000} s`,
        signal: new AbortController().signal,
      },
    ).catch((cause) => {
      throw fetchError(errorText(cause), { cause });
    });
    if (status !== 200) throw fetchError(`server replied with code ${status}`);
    if (isCut) throw fetchError(`has more than ${MAX_KEY_SET_BYTES} bytes`);
    return { keys: parseKeySet(new TextDecoder().decode(body)), fetchedAtMs };
  }
}

/**
 * Parses a JSON Web Key Set; what is in it beside keys is left out.
 *
 * Limits: those of whoever read the text.
 * Spec: RFC 7517 §5.
 *
 * @throws {Error} if it is none.
 */
export function parseKeySet(text: string): readonly JWK[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw fetchError("is no JSON"); // the error would quote keys
  }
  const keys = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw fetchError("has no list of keys");
  return keys.filter((key) => typeof key?.kty === "string");
}

/** Whether a key may have signed what says so of itself. */
function isFitting(key: JWK, { alg, kid }: KeyHint): boolean {
  if (kid !== undefined && key.kid !== kid) return false;
  if (key.use !== undefined && key.use !== "sig") return false;
  if (key.alg !== undefined && key.alg !== alg) return false;
  return alg !== undefined && key.kty === keyTypeOf(alg);
}

/** Type of the keys of an algorithm: a public key must never be taken for a shared secret. Spec: RFC 7518 §3.1. */
function keyTypeOf(alg: string): string | undefined {
  switch (alg.slice(0, 2)) {
    case "RS":
    case "PS":
      return "RSA";
    case "ES":
      return "EC";
    case "Ed":
      return "OKP";
    case "HS":
      return "oct";
    default:
      return undefined;
  }
}

function fetchError(reason: string, options?: ErrorOptions): Error {
  return new Error(`Cannot fetch authJWTJWKS: ${reason}`, options);
}
