/** What somebody may be allowed to do. */
export type Action =
  | "publish"
  | "read"
  | "playback"
  | "api"
  | "metrics"
  | "pprof";

/** What a peer offers to prove who it is. */
export type Credentials =
  | { readonly kind: "none" }
  /** It has proved to its protocol who it is: nobody needs to be asked. */
  | { readonly kind: "trusted" }
  | {
    readonly kind: "password";
    readonly user: string;
    readonly password: string;
  }
  | {
    readonly kind: "digest";
    readonly user: string;
    /** Answers whether the peer knows `password`, without having been told it. */
    readonly verify: (password: string) => boolean;
  }
  | {
    readonly kind: "token";
    /** What stood behind `Bearer`. */
    readonly token: string;
  };

/** Who asks for what: the input of every access decision. */
export interface AccessRequest {
  readonly action: Action;
  /** Empty where there is no path, as for the API. */
  readonly pathName: string;
  /** Query of the peer's URL, without the question mark. */
  readonly query: string;
  /** Protocol as authentication servers name it, e.g. `"rtsp"`. */
  readonly protocol: string;
  /** UUID of the connection or session. */
  readonly sessionId: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly credentials: Credentials;
  /** Ends a wait for an on-demand source. */
  readonly signal: AbortSignal;
  /** A refusal has no consequences. Who asks about many things so, and is refused all of them, asks again without. */
  readonly isTentative?: boolean;
}

/** Who was let in. */
export interface Identity {
  /** Name of the user, empty for anonymous. */
  readonly user: string;
  /** End of the permission, milliseconds since the epoch; left out if it has none. */
  readonly expiresAtMs?: number | undefined;
  /** What names the token that let it in; left out without one. */
  readonly tokenId?: string | undefined;
  /**
   * Asks again at the end of the permission: it goes on as the answer says; left out if it just ends.
   *
   * @throws {AuthenticationError} if the permission is refused by now.
   */
  readonly renew?: ((signal: AbortSignal) => Promise<Identity>) | undefined;
}

/** Answers who may do what. */
export interface Authenticator {
  /** @throws {AuthenticationError} if the request is not let through. */
  authenticate(request: AccessRequest): Promise<Identity>;
}

/** Why somebody was not let in; where a protocol has words for it, its answer says which. */
export type RefusalCode = "unauthorized" | "forbidden" | "expired";

/** The peer may not do what it asked for. */
export class AuthenticationError extends Error {
  override readonly name = "AuthenticationError";
  /** Nothing was offered: a protocol that can ask for credentials should, without delay and without a log line. */
  readonly isChallenge: boolean;
  /** What an answer may tell the peer. */
  readonly code: RefusalCode;

  /** `isChallenge`: the peer offered no credentials at all. */
  constructor(
    message: string,
    isChallenge: boolean,
    code: RefusalCode = "unauthorized",
  ) {
    super(message);
    this.isChallenge = isChallenge;
    this.code = code;
  }
}
