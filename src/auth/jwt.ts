import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
  type Identity,
} from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import { parseJwtPermissions } from "./jwt_permissions.ts";
import { KeySet } from "./key_set.ts";
import {
  compilePermission,
  isPermitted,
  type Permission,
  type PermissionConfig,
} from "./permission.ts";
import { tokenIdOf, tokenOf } from "./token.ts";

/** No token of any use is longer. */
const MAX_TOKEN_CHARS = 16_384;

/** What {@linkcode JwtAuthenticator} is given. */
export interface JwtOptions {
  /** URL of the keys. */
  readonly jwks: string;
  /** SHA-256 of the certificate of that URL's server; empty for none. */
  readonly fingerprint: string;
  /** Claim with the permissions. */
  readonly claimKey: string;
  readonly exclude: readonly PermissionConfig[];
  readonly isInHttpQuery: boolean;
  /** Empty for any. */
  readonly issuer: string;
  /** Empty for any. */
  readonly audience: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The library, loaded for the first token: a server without tokens starts without it. */
const loadJose = () => import("jose");

/** What of it is used. */
type Jose = Awaited<ReturnType<typeof loadJose>>;

/** Lets in who brings a JSON Web Token that allows it. Spec: RFC 7519. */
export class JwtAuthenticator implements Authenticator {
  readonly #options: JwtOptions;
  readonly #exclude: readonly Permission[];
  readonly #keys: KeySet;

  /** Fetches nothing yet. @throws {RangeError} if an action of `exclude` is not known. */
  constructor(options: JwtOptions) {
    const { jwks: url, fingerprint, timeoutMs, clock } = options;
    this.#options = options;
    this.#exclude = options.exclude.map(compilePermission);
    this.#keys = new KeySet({ url, fingerprint, timeoutMs, clock });
  }

  /** Has the keys fetched anew for the next token. */
  refreshKeys(): void {
    this.#keys.refresh();
  }

  /** @throws {AuthenticationError} if there is no token, or it does not allow the request. */
  async authenticate(request: AccessRequest): Promise<Identity> {
    const { action, pathName, credentials } = request;
    if (isPermitted(this.#exclude, action, pathName)) return { user: "" };
    const token = tokenOf(request, this.#options.isInHttpQuery);
    if (token === "") {
      throw new AuthenticationError(
        "JWT not provided",
        credentials.kind === "none",
      );
    }
    const claims = await this.#verify(token);
    const { claimKey } = this.#options;
    if (!Object.hasOwn(claims, claimKey)) {
      throw refusal(`claim '${claimKey}' not found inside JWT`);
    }
    const permissions = parseJwtPermissions(claims[claimKey]);
    if (!isPermitted(permissions, action, pathName)) {
      throw refusal("user doesn't have permission to perform action");
    }
    const { sub, exp, jti } = claims;
    return {
      user: typeof sub === "string" ? sub : "",
      expiresAtMs: exp === undefined ? undefined : exp * 1_000,
      tokenId: typeof jti === "string" && jti !== "" ? jti : tokenIdOf(token),
    };
  }

  async #verify(token: string): Promise<JWTPayload> {
    if (token.length > MAX_TOKEN_CHARS) {
      throw refusal(`token has more than ${MAX_TOKEN_CHARS} characters`);
    }
    const jose = await loadJose();
    try {
      const header = jose.decodeProtectedHeader(token);
      const keys = await this.#keys.candidates(header);
      return await verifyWithOneOf(keys, token, this.#verifyOptions(), jose);
    } catch (error) {
      throw refusal(textOf(error, jose));
    }
  }

  #verifyOptions(): JWTVerifyOptions {
    const { issuer, audience, clock } = this.#options;
    return {
      currentDate: new Date(clock.wallMs()),
      ...issuer === "" ? {} : { issuer },
      ...audience === "" ? {} : { audience },
    };
  }
}

/** Only a key that did not sign the token leaves the question to the next one. */
async function verifyWithOneOf(
  keys: Awaited<ReturnType<KeySet["candidates"]>>,
  token: string,
  options: JWTVerifyOptions,
  { jwtVerify, errors }: Jose,
): Promise<JWTPayload> {
  let last: unknown;
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) {
        throw error;
      }
      last = error;
    }
  }
  throw last;
}

/** In the words that operators of such servers know. */
function textOf(error: unknown, { errors }: Jose): string {
  if (error instanceof errors.JWTExpired) return "token is expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "token signature is invalid";
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return "token is not valid yet";
    if (error.claim === "iss") return "token has invalid issuer";
    if (error.claim === "aud") return "token has invalid audience";
  }
  const isMalformed = error instanceof errors.JOSEError ||
    error instanceof TypeError;
  return isMalformed
    ? `token is malformed: ${errorText(error)}`
    : errorText(error);
}

function refusal(message: string): AuthenticationError {
  return new AuthenticationError(message, false);
}
