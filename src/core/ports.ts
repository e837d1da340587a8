import type { PathInfo } from "./path_info.ts";
import type { Publication } from "./publication.ts";
import type { SessionInfo } from "./session_info.ts";
import type { Stream } from "./stream.ts";
import type { BatchSink, Subscription } from "./subscription.ts";
import type { Track } from "./track.ts";
import type { AccessRequest, Authenticator, Identity } from "#base/access.ts";
import type { Clock } from "#base/clock.ts";
import type { DescriptionList } from "#base/description_list.ts";
import type { EventBus } from "#base/event_bus.ts";
import type { Logger } from "#base/log.ts";
import type { RatePort } from "#base/rates.ts";
import type { SegmentEvent } from "#base/segment_event.ts";

/** A permission that lasts until it is disposed of or taken back; a session ends with its grant. */
export interface Grant extends Disposable, Identity {
  readonly pathName: string;
  /** Revision of the configuration it was given under. */
  readonly revision: number;
  /** Aborts when the permission is taken back: kicked, expired, path removed; the reason is an Error. */
  readonly revoked: AbortSignal;
}

/** Permission to read a stream that is there. */
export interface ReadGrant extends Grant {
  readonly stream: Stream;
  /** Subscribes to the stream; units that are left out are counted, and one line a second says so. */
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

/** The paths, as sessions see them. All methods authenticate, may wait for a source, and reject with a `PathError`. */
export interface PathAccess {
  describe(request: AccessRequest): Promise<Description>;
  read(request: AccessRequest, owner: SessionOwner): Promise<ReadGrant>;
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
    /** A path is there from now on, under this entry of the configuration. */
    readonly type: "pathOpened";
    readonly pathName: string;
    readonly confName: string;
    /** What the groups of the entry's pattern took. */
    readonly groups: readonly string[];
  }
  | { readonly type: "pathClosed"; readonly pathName: string }
  | {
    readonly type: "pathAvailable" | "pathOnline";
    readonly pathName: string;
    readonly session: SessionInfo;
    readonly tracks: readonly Track[];
  }
  | {
    readonly type:
      | "pathUnavailable"
      | "pathOffline"
      | "readerAdded"
      | "readerRemoved"
      // Media flows to the reader: between its play and its pause or end.
      | "readingStarted"
      | "readingStopped";
    readonly pathName: string;
    readonly session: SessionInfo;
  }
  | {
    /** Something worked, or did not; `kind` is the label of its counter, e.g. `"webhook"`. */
    readonly type: "succeeded" | "failed";
    readonly kind: string;
    /** Whose it is: a path's, a key's, a peer's name. */
    readonly subject: string;
    readonly reason: string;
  }
  | SegmentEvent
  | { readonly type: "configApplied"; readonly revision: number };

/** Where events go, and who hears of them: a listener must not throw. */
export type EventPort = Pick<EventBus<ServerEvent>, "emit" | "listen">;

/** All sessions there are. */
export type SessionRegistry = DescriptionList<SessionInfo>;

/** All paths there are, as those see them who only look. */
export interface PathDirectory {
  list(): PathInfo[];
  find(name: string): PathInfo | undefined;
  /** Whether there is, or may be, a path with this name. */
  takes(name: string): boolean;
  /** What a path that can be read has, for those who are no readers to anybody: recorders, muxers. */
  streamOf(name: string): Stream | undefined;
  /** Takes permissions back, for `reason`; answers how many. */
  revoke(whose: (grant: Grant) => boolean, reason: string): number;
}

/** What every protocol module is given. */
export interface ModulePorts {
  readonly access: PathAccess;
  readonly paths: PathDirectory;
  readonly authenticator: Authenticator;
  readonly events: EventPort;
  readonly sessions: SessionRegistry;
  readonly rates: RatePort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A running server of one protocol. */
export interface RunningModule<C> extends AsyncDisposable {
  /** Whether it goes on as it is under a new configuration, or must be opened anew; asking changes nothing. */
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
