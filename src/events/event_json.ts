import { redactCredentials } from "#base/redact.ts";
import { codecLabel } from "#codecs/codec.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";

/** A session as clients outside of the program are told of it: without secrets. */
export interface SessionJson {
  /** Kind, as the API names it. */
  readonly type: string;
  /** UUID; empty for what a path pulls by itself. */
  readonly id: string;
  readonly remoteAddr: string;
  readonly user: string;
}

/** What an event says beside its type; credentials are redacted. */
export interface EventJson {
  /** Name of the path. */
  readonly path?: string;
  /** Key of the path's entry in the configuration. */
  readonly confName?: string;
  /** What the groups of the entry's pattern took. */
  readonly groups?: readonly string[];
  readonly session?: SessionJson;
  /** Query of the session's URL. */
  readonly query?: string;
  /** Codecs. */
  readonly tracks?: readonly string[];
  readonly kind?: string;
  readonly subject?: string;
  readonly reason?: string;
  readonly revision?: number;
  /** File of a recording. */
  readonly file?: string;
  /** How long it lasts, seconds; 0 until it is complete. */
  readonly duration?: number;
}

/** A session, for clients outside of the program. */
export function sessionJson(
  { type, id, remoteAddress, user }: SessionInfo,
): SessionJson {
  const isPulled = type.endsWith("Source");
  return { type, id: isPulled ? "" : id, remoteAddr: remoteAddress, user };
}

/** Name of an event's type: `pathAvailable` becomes `path.available`. */
export function eventName(type: ServerEvent["type"]): string {
  return type.replace(/[A-Z]/, (letter) => `.${letter.toLowerCase()}`);
}

/** What an event says, for clients outside of the program. */
export function eventJson(event: ServerEvent): EventJson {
  switch (event.type) {
    case "connectionOpened":
    case "connectionClosed":
    case "sessionOpened":
      return { session: sessionJson(event.session) };
    case "sessionClosed":
      return {
        session: sessionJson(event.session),
        reason: redactCredentials(event.reason),
      };
    case "pathOpened": {
      const { pathName, confName, groups } = event;
      return { path: pathName, confName, groups };
    }
    case "pathClosed":
      return { path: event.pathName };
    case "pathAvailable":
    case "pathOnline":
      return {
        ...ofPath(event),
        tracks: event.tracks.map((track) => codecLabel(track.codec)),
      };
    case "pathUnavailable":
    case "pathOffline":
    case "readerAdded":
    case "readerRemoved":
    case "readingStarted":
    case "readingStopped":
      return ofPath(event);
    case "succeeded":
    case "failed": {
      const { kind, subject } = event;
      return { kind, subject, reason: redactCredentials(event.reason) };
    }
    case "segmentCreated":
    case "segmentCompleted": {
      const { pathName: path, confName, groups, file, durationMs } = event;
      return { path, confName, groups, file, duration: durationMs / 1_000 };
    }
    case "configApplied":
      return { revision: event.revision };
  }
}

function ofPath(
  { pathName, session }: {
    readonly pathName: string;
    readonly session: SessionInfo;
  },
): EventJson {
  const query = redactCredentials(session.query);
  return { path: pathName, session: sessionJson(session), query };
}
