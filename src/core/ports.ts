import type { Publication } from "./publication.ts";
import type { SessionInfo } from "./session_info.ts";
import type { Stream } from "./stream.ts";
import type { BatchSink, Subscription } from "./subscription.ts";
import type { Track } from "./track.ts";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";

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
  };

/** Who asks for what: the input of every access decision. */
export interface AccessRequest {
  readonly action: Action;
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
}

/** Answers who may do what. */
export interface Authenticator {
  /**
   * Lets the request through.
   *
   * Output: the name of the user, empty for anonymous.
   * @throws {AuthenticationError} if it may not.
   */
  authenticate(request: AccessRequest): Promise<{ readonly user: string }>;
}

/** A permission that lasts until it is disposed of or taken back; a session ends with its grant. */
export interface Grant extends Disposable {
  readonly pathName: string;
  /** Name of the user, empty for anonymous. */
  readonly user: string;
  /** End of the permission, milliseconds since the epoch; undefined if it has none. */
  readonly expiresAtMs: number | undefined;
  /** Revision of the configuration it was given under. */
  readonly revision: number;
  /** Aborts when the permission is taken back: kicked, expired, path removed; the reason is an Error. */
  readonly revoked: AbortSignal;
}

/** Permission to read a stream that is there. */
export interface ReadGrant extends Grant {
  readonly stream: Stream;
  /**
   * Subscribes to the stream under this permission.
   *
   * Units that are left out are counted, and one line a second says so.
   */
  subscribe(sink: BatchSink): Subscription;
}

/** Permission to publish to a path. */
export interface PublishGrant extends Grant {
  /** The publisher's own wall clock is wanted, and nothing before it is known. */
  readonly useAbsoluteTimestamp: boolean;
  /** A transport stream that comes as one track is to be taken apart into its own. */
  readonly demuxMpegts: boolean;
  /**
   * Attaches the publisher: the path becomes available.
   *
   * @throws {PathError} if someone else publishes and may not be replaced, or the path has changed.
   */
  attach(tracks: readonly Track[]): Publication;
  /** Detaches the publisher, keeps the permission: it may attach again. */
  detach(): void;
}

/** A stream that can be described, or where to look instead. */
export type Description =
  | { readonly kind: "stream"; readonly stream: Stream }
  | { readonly kind: "redirect"; readonly target: string };

/** The paths, as sessions see them. All methods authenticate and may wait for an on-demand source. */
export interface PathAccess {
  /** @throws {PathError | AuthenticationError} */
  describe(request: AccessRequest): Promise<Description>;
  /** @throws {PathError | AuthenticationError} */
  read(request: AccessRequest, owner: SessionOwner): Promise<ReadGrant>;
  /** @throws {PathError | AuthenticationError} */
  publish(request: AccessRequest, owner: SessionOwner): Promise<PublishGrant>;
}

/** The session behind a grant. */
export interface SessionOwner {
  readonly logger: Logger;
  readonly describe: () => SessionInfo;
}

/** What happened, for logs, hooks, metrics and the API. */
export type ServerEvent =
  | {
    readonly type: "connectionOpened" | "connectionClosed" | "sessionOpened";
    readonly session: SessionInfo;
  }
  | {
    readonly type: "sessionClosed";
    readonly session: SessionInfo;
    readonly reason: string;
  }
  | {
    readonly type: "pathAvailable" | "pathOnline";
    readonly pathName: string;
    readonly session: SessionInfo;
    readonly tracks: readonly Track[];
  }
  | {
    readonly type: "pathUnavailable" | "pathOffline";
    readonly pathName: string;
    readonly session: SessionInfo;
  }
  | {
    readonly type: "readerAdded" | "readerRemoved";
    readonly pathName: string;
    readonly session: SessionInfo;
  };

/** Where events go. */
export interface EventPort {
  emit(event: ServerEvent): void;
  /** Calls `listener` for each event until disposed of. A listener must not throw. */
  listen(listener: (event: ServerEvent) => void): Disposable;
}

/** All sessions there are. */
export interface SessionRegistry {
  /** Adds a session until disposed of. */
  register(describe: () => SessionInfo): Disposable;
  list(): SessionInfo[];
}

/** What every protocol module is given. */
export interface ModulePorts {
  readonly access: PathAccess;
  readonly events: EventPort;
  readonly sessions: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A running server of one protocol. */
export interface RunningModule<C> extends AsyncDisposable {
  /** Takes a new configuration: `"restart"` if it must be opened anew for that. */
  apply(next: C): "done" | "restart";
  /** Settles when it has ended; rejects if it ended by itself. */
  readonly closed: Promise<void>;
}

/** One protocol: a row of the table in `server.ts`. */
export interface ProtocolModule<C> {
  readonly name: string;
  /** Opens its listeners; undefined if the configuration switches it off. */
  open(
    config: C,
    ports: ModulePorts,
  ): Promise<RunningModule<C> | undefined> | RunningModule<C> | undefined;
}
