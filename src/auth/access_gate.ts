import { pause } from "#base/abort.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
  type Identity,
} from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import type { EventPort, Grant, PathDirectory } from "#core/ports.ts";
import { InternalAuthenticator } from "./authenticator.ts";
import type { AuthConfig } from "./config.ts";
import { HttpAuthenticator } from "./http_hook.ts";
import { JwtAuthenticator } from "./jwt.ts";
import { RevokedTokens } from "./revoked_tokens.ts";
import { SignedUrlAuthenticator } from "./signed_urls.ts";

/** A refused login is answered after up to this: guessing passwords gets slow, nobody else does. */
const MAX_REFUSAL_DELAY_MS = 4_000;

/** Refused logins of one address that may wait for their answer; further ones are refused unseen. */
export const MAX_WAITING_REFUSALS = 1_024;

/** Keys of the configuration that the gate reads. */
export interface AccessConfig extends AuthConfig {
  readonly readTimeoutMs: number;
}

/** What {@linkcode AccessGate} is given. */
export interface AccessGateOptions {
  readonly config: AccessConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventPort;
}

/** Takes permissions back; the part of the paths that ends sessions. */
type Revoker = Pick<PathDirectory, "revoke">;

/** Decides who may do what, as the configuration in force says; every access of every protocol goes through it. */
export class AccessGate implements Authenticator, Disposable {
  readonly #clock: Clock;
  readonly #events: EventPort;
  readonly #unchecked: SampledWarning;
  readonly #revoked: RevokedTokens;
  /** Refused logins that wait for their answer, by address. */
  readonly #waiting = new Map<string, number>();
  #lastUnchecked = "";
  #jwt: JwtAuthenticator | undefined;
  #authenticator: Authenticator;

  /** @throws {RangeError} if the configuration names credentials or actions that cannot be used. */
  constructor({ config, clock, logger, events }: AccessGateOptions) {
    this.#clock = clock;
    this.#events = events;
    this.#revoked = new RevokedTokens(clock);
    this.#unchecked = new SampledWarning(
      logger,
      clock,
      (count) =>
        `${count} permission(s) could not be checked again and hold on, last: ${this.#lastUnchecked}`,
    );
    this.#authenticator = this.#authenticatorOf(config);
  }

  /**
   * Goes on with another configuration; whoever was let in stays.
   *
   * @throws {RangeError} if it names credentials or actions that cannot be used: nothing has changed then.
   */
  replace(config: AccessConfig): void {
    const previous = this.#jwt;
    this.#jwt = undefined;
    try {
      this.#authenticator = this.#authenticatorOf(config);
    } catch (error) {
      this.#jwt = previous;
      throw error;
    }
  }

  /** Has the keys of JSON Web Tokens fetched anew. */
  refreshKeys(): void {
    this.#jwt?.refreshKeys();
  }

  /** Ends the sessions of a user; the tokens that they came with are of no use any more. Output: how many. */
  kickUser(user: string, paths: Revoker): number {
    return this.#kick(
      paths,
      (grant) => grant.user === user,
      `user '${user}' was kicked`,
    );
  }

  /** Ends the sessions of a token, which is of no use any more. Output: how many. */
  kickToken(tokenId: string, paths: Revoker): number {
    this.#revoked.add(tokenId, undefined);
    return this.#kick(
      paths,
      (grant) => grant.tokenId === tokenId,
      "the token was kicked",
    );
  }

  /**
   * Answers who it is that asks.
   *
   * A refusal that asks for nothing and is not tentative comes late, at random, and is an event.
   *
   * @throws {AuthenticationError} if the request is not let through.
   */
  async authenticate(request: AccessRequest): Promise<Identity> {
    try {
      if (this.#waitingOf(request.ip) >= MAX_WAITING_REFUSALS) {
        throw new AuthenticationError(
          `${MAX_WAITING_REFUSALS} logins of this address were refused within seconds, try again later`,
          false,
        );
      }
      return await this.#identify(request);
    } catch (error) {
      const isPunished = error instanceof AuthenticationError &&
        !error.isChallenge && !request.isTentative;
      if (isPunished) {
        await this.#punish(request, error.message);
      }
      throw error;
    }
  }

  /** Tells what was not told yet. */
  [Symbol.dispose](): void {
    this.#unchecked[Symbol.dispose]();
  }

  async #identify(request: AccessRequest): Promise<Identity> {
    const authenticator = this.#authenticator;
    const identity = await authenticator.authenticate(request);
    return this.#admitted(identity, request, authenticator);
  }

  /** A renewal asks whoever decides by then. */
  #admitted(
    identity: Identity,
    request: AccessRequest,
    authenticator: Authenticator,
  ): Identity {
    const { tokenId, renew } = identity;
    if (tokenId !== undefined && this.#revoked.has(tokenId)) {
      throw new AuthenticationError("the token was kicked", false, "forbidden");
    }
    if (!renew) return identity;
    return {
      ...identity,
      renew: async (signal) =>
        authenticator === this.#authenticator
          ? this.#admitted(await renew(signal), request, authenticator)
          : this.#identify({ ...request, signal }),
    };
  }

  async #punish(
    { ip, signal }: AccessRequest,
    reason: string,
  ): Promise<void> {
    if (signal.aborted) return;
    const kind = "authentication";
    this.#events.emit({ type: "failed", kind, subject: ip, reason });
    const waiting = this.#waitingOf(ip);
    if (waiting >= MAX_WAITING_REFUSALS) return;
    this.#waiting.set(ip, waiting + 1);
    try {
      const delayMs = Math.random() * MAX_REFUSAL_DELAY_MS;
      await pause(this.#clock, delayMs, signal);
    } finally {
      const left = this.#waitingOf(ip) - 1;
      if (left > 0) this.#waiting.set(ip, left);
      else this.#waiting.delete(ip);
    }
  }

  #waitingOf(ip: string): number {
    return this.#waiting.get(ip) ?? 0;
  }

  #kick(
    paths: Revoker,
    whose: (grant: Grant) => boolean,
    reason: string,
  ): number {
    return paths.revoke((grant) => {
      if (!whose(grant)) return false;
      const { tokenId, expiresAtMs } = grant;
      if (tokenId !== undefined) this.#revoked.add(tokenId, expiresAtMs);
      return true;
    }, reason);
  }

  #authenticatorOf(config: AccessConfig): Authenticator {
    const others = this.#methodOf(config);
    const { authSignSecret: secret, authSignAlgorithm: algorithm } = config;
    if (secret.reveal() === "") return others;
    return new SignedUrlAuthenticator({
      rules: {
        secret,
        algorithm,
        windowMs: config.authSignWindowMs,
        actions: config.authSignActions,
      },
      isRequired: config.authMethod === "signed",
      others,
      clock: this.#clock,
    });
  }

  #methodOf(config: AccessConfig): Authenticator {
    const { readTimeoutMs: timeoutMs } = config;
    const clock = this.#clock;
    switch (config.authMethod) {
      case "internal":
      case "signed":
        return new InternalAuthenticator(config.authInternalUsers);
      case "http":
        return new HttpAuthenticator({
          url: config.authHTTPAddress,
          fingerprint: config.authHTTPFingerprint,
          exclude: config.authHTTPExclude,
          cacheTtlMs: config.authHTTPCacheTTLMs,
          timeoutMs,
          clock,
          onUnchecked: (reason) => {
            this.#lastUnchecked = reason;
            this.#unchecked.add(1);
          },
        });
      case "jwt":
        return this.#jwt = new JwtAuthenticator({
          jwks: config.authJWTJWKS,
          fingerprint: config.authJWTJWKSFingerprint,
          claimKey: config.authJWTClaimKey,
          exclude: config.authJWTExclude,
          isInHttpQuery: config.authJWTInHTTPQuery,
          issuer: config.authJWTIssuer,
          audience: config.authJWTAudience,
          timeoutMs,
          clock,
        });
    }
  }
}
