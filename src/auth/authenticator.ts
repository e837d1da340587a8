import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
} from "#base/access.ts";
import {
  authenticateInternal,
  type InternalUser,
  type InternalUserConfig,
  internalUserFrom,
} from "./internal_users.ts";

/** Lets in whom the configuration names. */
export class InternalAuthenticator implements Authenticator {
  #users: readonly InternalUser[];

  /** Prepares the users once. @throws {RangeError} if a credential is invalid. */
  constructor(users: readonly InternalUserConfig[]) {
    this.#users = users.map(internalUserFrom);
  }

  /** @throws {AuthenticationError} if no user fits. */
  async authenticate(request: AccessRequest): Promise<{ user: string }> {
    const found = await authenticateInternal(this.#users, request);
    if (found) return found;
    throw new AuthenticationError(
      "authentication failed",
      request.credentials.kind === "none",
    );
  }
}
