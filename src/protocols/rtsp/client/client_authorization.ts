import { digestResponse, generateNonce } from "#protocols/rtsp/wire/digest.ts";
import { serializeAuthorization } from "#protocols/rtsp/wire/headers/authorization.ts";
import {
  type Challenge,
  parseChallenges,
} from "#protocols/rtsp/wire/headers/www_authenticate.ts";

type DigestChallenge = Extract<Challenge, { kind: "digest" }>;

/** User and password for an origin. */
export interface OriginCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Answers the challenges of one origin.
 *
 * A nonce that has become stale is answered once more; the same one refused means that the password is wrong.
 */
export class ClientAuthorization {
  #credentials: OriginCredentials | undefined;
  #challenge: Challenge | undefined;
  #nonceCount = 0;

  /** Without credentials every challenge is the end. */
  constructor(credentials: OriginCredentials | undefined) {
    this.#credentials = credentials;
  }

  /** Takes the challenges of a refusal; whether it makes sense to ask again. */
  accept(headers: readonly string[]): boolean {
    if (!this.#credentials) return false;
    const challenges = parseChallenges(headers);
    const digests = challenges.filter((one) => one.kind === "digest");
    const best = digests.find(({ algorithm }) => algorithm === "SHA-256") ??
      digests[0] ?? challenges[0];
    if (!best || this.#isRefusal(best)) return false;
    this.#challenge = best;
    this.#nonceCount = 0;
    return true;
  }

  /** Value of the `Authorization` header of a request; undefined as long as none was asked for. */
  header(method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (!challenge || !this.#credentials) return undefined;
    if (challenge.kind === "basic") {
      return serializeAuthorization({ kind: "basic", ...this.#credentials });
    }
    return this.#digestHeader(challenge, method, uri);
  }

  /** The peer asks again for what it was told. */
  #isRefusal(challenge: Challenge): boolean {
    const known = this.#challenge;
    if (known?.kind !== challenge.kind) return false;
    return known.kind === "basic" || challenge.kind === "basic" ||
      known.nonce === challenge.nonce;
  }

  #digestHeader(
    challenge: DigestChallenge,
    method: string,
    uri: string,
  ): string {
    const { user, password } = this.#credentials!;
    const { realm, nonce, opaque, algorithm, hasQop } = challenge;
    this.#nonceCount++;
    const proof = {
      user,
      realm,
      nonce,
      uri,
      opaque,
      // Some cameras do not know the parameter: the default is left out.
      algorithm: algorithm === "MD5" ? undefined : algorithm,
      qop: hasQop ? "auth" : undefined,
      nonceCount: hasQop
        ? this.#nonceCount.toString(16).padStart(8, "0")
        : undefined,
      clientNonce: hasQop ? generateNonce() : undefined,
    };
    const response = digestResponse(proof, method, password)!;
    return serializeAuthorization({ kind: "digest", ...proof, response });
  }
}
