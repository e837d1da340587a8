import { randomBytes, sha256, timingSafeEqual } from "#base/crypto.ts";
import { Secret } from "#base/secret.ts";
import { verifyArgon2 } from "./argon2.ts";
import { checkCredential } from "./config.ts";

const SHA256_PREFIX = "sha256:";
const ARGON2_PREFIX = "argon2:";

const encoder = new TextEncoder();

/** A configured user name or password: in clear, as SHA-256 or as argon2. */
export interface Credential {
  /** The text, if it is configured in clear: only then a digest can be checked. */
  readonly plain: Secret | undefined;
  /** Whether `text`, sent by a peer at `ip`, is it; the time taken tells nothing about how much of it is right. */
  matches(text: string, ip: string): boolean | Promise<boolean>;
}

/**
 * Reads a credential of the configuration: clear text, `sha256:<Base64>` or `argon2:<PHC string>`.
 *
 * An empty one is a clear text like any other here; what it stands for is up to its owner.
 *
 * @throws {RangeError} if it has characters that are not supported, or the argon2 string is not valid.
 */
export function parseCredential(text: string): Credential {
  const refusal = checkCredential(text);
  if (refusal !== undefined) throw new RangeError(refusal);
  if (text.startsWith(SHA256_PREFIX)) {
    const digest = decodeBase64(text.slice(SHA256_PREFIX.length));
    return new DigestedCredential(digest, undefined);
  }
  if (text.startsWith(ARGON2_PREFIX)) {
    const hash = text.slice(ARGON2_PREFIX.length);
    return new Argon2Credential(hash);
  }
  return new DigestedCredential(digestOf(text), new Secret(text));
}

/** Compares SHA-256 digests, so that not even the length of a clear text shows in the time. */
class DigestedCredential implements Credential {
  readonly plain: Secret | undefined;
  readonly #digest: Uint8Array;

  constructor(digest: Uint8Array, plain: Secret | undefined) {
    this.#digest = digest;
    this.plain = plain;
  }

  matches(text: string): boolean {
    return timingSafeEqual(digestOf(text), this.#digest);
  }
}

/** Remembers the text that matched last: hashing takes long, and devices come back with the same one. */
class Argon2Credential implements Credential {
  readonly plain = undefined;
  readonly #hash: Secret;
  readonly #salt = randomBytes(16);
  #lastMatch: Uint8Array | undefined;

  constructor(hash: string) {
    this.#hash = new Secret(hash);
  }

  async matches(text: string, ip: string): Promise<boolean> {
    if (text === "") return false; // the library does not take it
    const digest = sha256(
      Uint8Array.from([...this.#salt, ...encoder.encode(text)]),
    );
    if (this.#lastMatch && timingSafeEqual(digest, this.#lastMatch)) {
      return true;
    }
    const isMatch = await verifyArgon2(this.#hash.reveal(), text, ip);
    if (isMatch) this.#lastMatch = digest;
    return isMatch;
  }
}

function digestOf(text: string): Uint8Array {
  return sha256(encoder.encode(text));
}

/** What does not decode matches nothing. */
function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return new Uint8Array(0); // never as long as a digest
  }
}
