import type { EventRecord } from "#events/event_history.ts";
import type { ModulePorts, PathDirectory } from "#core/ports.ts";
import type { ConfigControl } from "#config/control.ts";

/** Who can take permissions back and have keys fetched anew. */
export interface AccessControl {
  /** Has the keys of tokens fetched anew. */
  refreshKeys(): void;
  /** Ends the sessions of a user. Output: how many. */
  kickUser(user: string, paths: PathDirectory): number;
  /** Ends the sessions of a token, which is of no use any more. Output: how many. */
  kickToken(tokenId: string, paths: PathDirectory): number;
}

/** The latest events. */
export interface EventFeed {
  /** Events after the one that was seen last; `"gap"` if some may be missing. */
  since(lastId: string | undefined): readonly EventRecord[] | "gap";
  /** Calls `listener` for each event from now on until disposed of. */
  listen(listener: (record: EventRecord) => void): Disposable;
}

/** The configuration, as the API reads and changes it. */
export type ConfigAccess = Pick<
  ConfigControl,
  "config" | "change" | "reload" | "dropOverlay" | "origins"
>;

/** What the API needs beside the ports. */
export interface ApiOptions {
  readonly control: ConfigAccess;
  readonly access: AccessControl;
  readonly events: EventFeed;
  /** Start of the program, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Whether the program is in service. */
  readonly isReady: () => boolean;
}

/** What the routes work on. */
export interface ApiParts extends ApiOptions {
  readonly ports: ModulePorts;
  /** Aborts when the API ends. */
  readonly signal: AbortSignal;
}
