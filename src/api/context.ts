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

/** What is recorded, and the files there are. */
export interface RecorderAccess {
  readonly recordings: {
    /** Every path that has files: when each begins, microseconds since the epoch, the oldest first. */
    list(): Promise<ReadonlyMap<string, readonly number[]>>;
    /** Files of a path, the oldest first. @throws {PathError} if no entry of the configuration takes its name. */
    of(pathName: string): Promise<readonly { readonly startUs: number }[]>;
    /** Deletes the file of a path that begins then; answers why not. @throws {PathError} likewise. */
    removeAt(
      pathName: string,
      startUs: number,
    ): Promise<"not_found" | "open" | undefined>;
  };
  /** Has a path recorded, or not. Output: false if there is no such path. */
  order(pathName: string, isOn: boolean): boolean;
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
  readonly recorder: RecorderAccess;
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
