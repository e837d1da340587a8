import {
  type AccessRequest,
  type Action,
  AuthenticationError,
  type Authenticator,
  type Identity,
} from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import { checkSignature, signatureIn, type SignRules } from "./signature.ts";
import { tokenIdOf } from "./token.ts";

/** Actions that are done at a URL that can be signed. */
const URL_ACTIONS: ReadonlySet<Action> = new Set([
  "publish",
  "read",
  "playback",
]);

/** What {@linkcode SignedUrlAuthenticator} is given. */
export interface SignedUrlOptions {
  readonly rules: SignRules;
  /** A URL must be signed for what `rules` name. */
  readonly isRequired: boolean;
  /** Decides about everything else. */
  readonly others: Authenticator;
  readonly clock: Clock;
}

/**
 * Lets in whose URL is signed.
 *
 * A URL with a signature is judged by it alone. The signature says when a session may begin; one that has begun goes on.
 */
export class SignedUrlAuthenticator implements Authenticator {
  readonly #options: SignedUrlOptions;

  /** Decides by `options`. */
  constructor(options: SignedUrlOptions) {
    this.#options = options;
  }

  /** @throws {AuthenticationError} if the signature is not right, or the one it is left to refuses. */
  async authenticate(request: AccessRequest): Promise<Identity> {
    const { rules, isRequired, others, clock } = this.#options;
    const { action, query } = request;
    const signature = URL_ACTIONS.has(action) ? signatureIn(query) : undefined;
    if (signature !== undefined) {
      checkSignature(request, rules, clock.wallMs());
      return { user: "", tokenId: tokenIdOf(signature) };
    }
    if (isRequired && rules.actions.includes(action)) {
      throw new AuthenticationError("the URL is not signed", false);
    }
    return await others.authenticate(request);
  }
}
