import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
  type Identity,
} from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import { sha256 } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import { askHttp } from "#platform/http_client.ts";
import { AnswerCache } from "./answer_cache.ts";
import {
  compilePermission,
  isPermitted,
  type Permission,
  type PermissionConfig,
} from "./permission.ts";
import { bringsNothing, tokenOf } from "./token.ts";

/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 128 * 1_024;

/** Questions that may wait for their answers; each takes a connection. */
export const MAX_WAITING_QUESTIONS = 512;

/** Statuses from here on say that the server is in trouble, nothing about who asked. */
const FIRST_TROUBLE_STATUS = 500;

/** A session is not checked more often than this, whatever the configuration says. */
const MIN_RECHECK_MS = 1_000;

/** What {@linkcode HttpAuthenticator} is given. */
export interface HttpAuthOptions {
  readonly url: string;
  /** SHA-256 of the server's certificate; empty for none. */
  readonly fingerprint: string;
  readonly exclude: readonly PermissionConfig[];
  /** How long an answer holds; 0 for one question only. */
  readonly cacheTtlMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** A session goes on although the server could not be asked about it again. */
  readonly onUnchecked: (reason: string) => void;
}

/** What the server said: undefined for yes, else why not. */
interface Verdict {
  readonly refusal: string | undefined;
}

/** Asks an HTTP server, and holds on to its answers if it is told to. */
export class HttpAuthenticator implements Authenticator {
  readonly #options: HttpAuthOptions;
  readonly #exclude: readonly Permission[];
  readonly #cache = new AnswerCache<Verdict>();
  #waiting = 0;

  /** Asks nothing yet. @throws {RangeError} if an action of `exclude` is not known. */
  constructor(options: HttpAuthOptions) {
    this.#options = options;
    this.#exclude = options.exclude.map(compilePermission);
  }

  /** @throws {AuthenticationError} if the server refuses, or cannot be asked. */
  async authenticate(request: AccessRequest): Promise<Identity> {
    const { action, pathName } = request;
    if (isPermitted(this.#exclude, action, pathName)) return { user: "" };
    try {
      return await this.#identify(request);
    } catch (error) {
      if (!(error instanceof TroubleError)) throw error;
      throw new AuthenticationError(error.message, isChallenge(request));
    }
  }

  async #identify(request: AccessRequest): Promise<Identity> {
    const { cacheTtlMs, clock } = this.#options;
    const { verdict, expiresAtMs } = await this.#verdict(request);
    if (verdict.refusal !== undefined) {
      throw new AuthenticationError(verdict.refusal, isChallenge(request));
    }
    const { credentials } = request;
    const user = "user" in credentials ? credentials.user : "";
    if (cacheTtlMs === 0) return { user };
    const soonestMs = clock.wallMs() + MIN_RECHECK_MS;
    return {
      user,
      expiresAtMs: Math.max(expiresAtMs, soonestMs),
      renew: (signal) => this.#renew({ ...request, signal }, user),
    };
  }

  /** A server in trouble ends no session that it has let in. */
  async #renew(request: AccessRequest, user: string): Promise<Identity> {
    const { cacheTtlMs, clock, onUnchecked } = this.#options;
    try {
      return await this.#identify(request);
    } catch (error) {
      if (!(error instanceof TroubleError)) throw error;
      onUnchecked(error.message);
      return {
        user,
        expiresAtMs: clock.wallMs() + Math.max(cacheTtlMs, MIN_RECHECK_MS),
        renew: (signal) => this.#renew({ ...request, signal }, user),
      };
    }
  }

  async #verdict(
    request: AccessRequest,
  ): Promise<{ verdict: Verdict; expiresAtMs: number }> {
    const { cacheTtlMs, clock } = this.#options;
    const question = questionOf(request);
    const id = request.sessionId === "" ? null : request.sessionId;
    const body = JSON.stringify({ ...question, id });
    if (cacheTtlMs === 0) {
      const verdict = await this.#ask(body, request.signal);
      return { verdict, expiresAtMs: Infinity };
    }
    const key = sha256(new TextEncoder().encode(JSON.stringify(question)))
      .toHex();
    // Others may wait for the same answer: who goes away does not end the question.
    const { signal } = new AbortController();
    const { value, expiresAtMs } = await this.#cache.answerTo(key, {
      nowMs: () => clock.wallMs(),
      holdsMs: cacheTtlMs,
      ask: () => this.#ask(body, signal),
    });
    return { verdict: value, expiresAtMs };
  }

  /** @throws {TroubleError} if there is no answer that says anything about the request. */
  async #ask(body: string, signal: AbortSignal): Promise<Verdict> {
    if (this.#waiting >= MAX_WAITING_QUESTIONS) {
      throw new TroubleError(
        `HTTP request failed: ${MAX_WAITING_QUESTIONS} others wait for their answers, try again later`,
      );
    }
    this.#waiting++;
    try {
      return await this.#askNow(body, signal);
    } finally {
      this.#waiting--;
    }
  }

  async #askNow(body: string, signal: AbortSignal): Promise<Verdict> {
    const { url, fingerprint, timeoutMs, clock } = this.#options;
    const question = {
      method: "POST",
      url,
      headers: { "Content-Type": "application/json" },
      body,
      fingerprint,
      maxBodyBytes: MAX_ANSWER_BYTES,
      wantsBody: (status: number) => !isYes(status),
    } as const;
    const message = `no answer within ${timeoutMs / 1_000} s`;
    const answer = await askHttp(question, {
      clock,
      timeoutMs,
      message,
      signal,
    })
      .catch((cause) => {
        const reason = errorText(cause);
        throw new TroubleError(`HTTP request failed: ${reason}`, { cause });
      });
    const { status } = answer;
    if (isYes(status)) return { refusal: undefined };
    const text = new TextDecoder().decode(answer.body);
    const refusal = `server replied with code ${status}${text && `: ${text}`}`;
    if (status >= FIRST_TROUBLE_STATUS) throw new TroubleError(refusal);
    return { refusal };
  }
}

function isYes(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** The server could not be asked, or had no answer. */
class TroubleError extends Error {
  override readonly name = "TroubleError";
}

/** What the server is told, but for the id of the session. */
function questionOf(
  request: AccessRequest,
): Readonly<Record<string, string>> {
  const { credentials, ip, action, pathName, protocol, query } = request;
  return {
    ip,
    user: "user" in credentials ? credentials.user : "",
    password: credentials.kind === "password" ? credentials.password : "",
    token: tokenOf(request, false),
    action,
    path: pathName,
    protocol,
    query,
    userAgent: request.userAgent,
  };
}

function isChallenge(request: AccessRequest): boolean {
  return bringsNothing(request.credentials, tokenOf(request, false));
}
