import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type { AccessRequest, Authenticator, Identity } from "#base/access.ts";
import type { PathInfo } from "#core/path_info.ts";
import type {
  Description,
  EventPort,
  Grant,
  PathAccess,
  PathDirectory,
  PublishGrant,
  ReadGrant,
  SessionOwner,
} from "#core/ports.ts";
import type { Stream } from "#core/stream.ts";
import type { GrantedAccess } from "./grants.ts";
import type { PathMatch, PathMatcher } from "./path_matcher.ts";
import { Path, type PathSettings } from "./path.ts";
import { PathSource, type SourcePorts } from "./path_source.ts";

/** What of the configuration the paths read. */
export interface PathManagerSettings {
  /** Finds the configuration of a name. */
  readonly matcher: PathMatcher<PathSettings>;
  /** Units that may wait for one reader (`writeQueueSize`). */
  readonly maxQueuedUnits: number;
  readonly sourcePorts: SourcePorts;
  /** Revision of the configuration. */
  readonly revision: number;
}

/** What the path manager is given. */
export interface PathManagerOptions extends PathManagerSettings {
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventPort;
}

/** What a path must do to go from one entry to another: be made anew, take it as it is, or nothing. */
export type PathChangeOf = (
  before: PathSettings,
  after: PathSettings,
) => "path" | "pathHot" | undefined;

/** Finds paths by name, makes those that a pattern describes when they are first asked for, and guards them all. */
export class PathManager implements PathAccess, PathDirectory, AsyncDisposable {
  #options: PathManagerOptions;
  #paths = new Map<string, Path>();
  #isClosed = false;

  /** Opens the paths with plain names. */
  constructor(options: PathManagerOptions) {
    this.#options = options;
    for (const { name, value } of options.matcher.plainEntries()) {
      this.#open(name, { value, key: name, groups: [] });
    }
  }

  /** Answers a request to describe a stream. @throws {PathError | AuthenticationError} */
  async describe(request: AccessRequest): Promise<Description> {
    this.#match(request.pathName);
    await this.#authenticate(request);
    const match = this.#match(request.pathName);
    const { source, sourceRedirect, fallback } = match.value;
    if (source === "redirect") {
      return { kind: "redirect", target: sourceRedirect };
    }
    const isWaiting = PathSource.isOnDemand(match.value);
    const isThere = this.#paths.get(request.pathName)?.isAvailable ?? false;
    if (fallback && !isThere && !isWaiting) {
      return { kind: "redirect", target: fallback };
    }
    const { stream } = await this.#pathWithStream(match, request);
    return { kind: "stream", stream };
  }

  /** Lets a reader in. @throws {PathError | AuthenticationError} */
  async read(
    request: AccessRequest,
    owner: SessionOwner,
  ): Promise<ReadGrant> {
    this.#match(request.pathName);
    const access = await this.#grant(request, owner);
    const match = this.#match(request.pathName);
    const path = await this.#pathWithStream(match, request);
    return path.addReader(access);
  }

  /** Lets somebody in who is about to publish. @throws {PathError | AuthenticationError} */
  async publish(
    request: AccessRequest,
    owner: SessionOwner,
  ): Promise<PublishGrant> {
    this.#match(request.pathName);
    const access = await this.#grant(request, owner);
    const match = this.#match(request.pathName);
    const path = this.#paths.get(request.pathName) ??
      this.#open(request.pathName, match);
    try {
      return path.addPublisher(access);
    } catch (error) {
      this.#closeIfIdle(path);
      throw error;
    }
  }

  /** All paths there are, in the order in which they came. */
  list(): PathInfo[] {
    return Array.from(this.#paths.values(), (path) => path.describe());
  }

  /** The path with this name, if there is one. */
  find(name: string): PathInfo | undefined {
    return this.#paths.get(name)?.describe();
  }

  /** Whether there is, or may be, a path with this name: some entry of the configuration takes it. */
  takes(name: string): boolean {
    return this.#options.matcher.takes(name);
  }

  /** The stream of a path that can be read. */
  streamOf(name: string): Stream | undefined {
    const path = this.#paths.get(name);
    return path?.isAvailable ? path.stream : undefined;
  }

  /** Takes permissions back, for `reason`; answers how many. */
  revoke(whose: (grant: Grant) => boolean, reason: string): number {
    let count = 0;
    for (const path of [...this.#paths.values()]) {
      count += path.revoke(whose, reason);
    }
    return count;
  }

  /** Names of the paths that end when `matcher` is in force. */
  pathsCutBy(
    matcher: PathMatcher<PathSettings>,
    changeOf: PathChangeOf,
  ): string[] {
    return [...this.#paths.values()]
      .filter((path) => this.#nextMatch(path, matcher, changeOf) === undefined)
      .map((path) => path.options.name);
  }

  /**
   * Takes a new configuration: paths whose entry has changed are closed and made anew, all others stay as they are.
   *
   * Settles when what was closed has ended.
   */
  async apply(
    settings: PathManagerSettings,
    changeOf: PathChangeOf,
  ): Promise<void> {
    this.#options = { ...this.#options, ...settings };
    const { matcher } = settings;
    const closing = [...this.#paths.values()].map((path) => {
      const match = this.#nextMatch(path, matcher, changeOf);
      if (match) path.match = match;
      return match ? undefined : this.#close(path, "configuration has changed");
    });
    await Promise.all(closing);
    for (const { name, value } of matcher.plainEntries()) {
      if (this.#paths.has(name) || this.#isClosed) continue;
      this.#open(name, { value, key: name, groups: [] });
    }
  }

  /** Ends every session of every path and waits for the sources. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const paths = [...this.#paths.values()];
    await Promise.all(paths.map((path) => this.#close(path, "terminated")));
  }

  /** The entry that a path goes on with under another configuration; undefined if it cannot. */
  #nextMatch(
    path: Path,
    matcher: PathMatcher<PathSettings>,
    changeOf: PathChangeOf,
  ): PathMatch<PathSettings> | undefined {
    const { name } = path.options;
    if (!matcher.takes(name)) return undefined;
    const match = matcher.match(name);
    const { value, groups } = path.match;
    const isSame = changeOf(value, match.value) !== "path" &&
      JSON.stringify(groups) === JSON.stringify(match.groups);
    return isSame ? match : undefined;
  }

  #close(path: Path, reason: string): Promise<void> {
    const { name } = path.options;
    this.#paths.delete(name);
    const ended = path.close(reason);
    this.#options.events.emit({ type: "pathClosed", pathName: name });
    return ended;
  }

  #match(name: string): PathMatch<PathSettings> {
    return this.#options.matcher.match(name);
  }

  /** The path of a name, its stream there; it is made if something brings its stream on demand. */
  async #pathWithStream(
    match: PathMatch<PathSettings>,
    { pathName, query, signal }: AccessRequest,
  ): Promise<Path> {
    let path = this.#paths.get(pathName);
    if (!path) {
      if (!PathSource.isOnDemand(match.value)) throw noStream(pathName);
      path = this.#open(pathName, match);
    }
    try {
      await path.awaitStream(query, signal);
    } catch (error) {
      this.#closeIfIdle(path);
      throw error;
    }
    return path;
  }

  #open(name: string, match: PathMatch<PathSettings>): Path {
    const { clock, logger, events, maxQueuedUnits, sourcePorts } =
      this.#options;
    const path = new Path({
      name,
      match,
      sourcePorts,
      clock,
      logger,
      events,
      maxQueuedUnits,
      onIdle: (idle) => this.#closeIfIdle(idle),
    });
    this.#paths.set(name, path);
    const { key: confName, groups } = match;
    events.emit({ type: "pathOpened", pathName: name, confName, groups });
    path.start();
    return path;
  }

  /** A path that a pattern describes lives as long as somebody uses it. */
  #closeIfIdle(path: Path): void {
    const { name } = path.options;
    if (!path.isIdle || this.#options.matcher.isPlain(name)) return;
    if (this.#paths.get(name) !== path) return;
    this.#paths.delete(name);
    this.#options.events.emit({ type: "pathClosed", pathName: name });
  }

  async #grant(
    request: AccessRequest,
    owner: SessionOwner,
  ): Promise<GrantedAccess> {
    const identity = await this.#authenticate(request);
    return { ...identity, owner, revision: this.#options.revision };
  }

  async #authenticate(request: AccessRequest): Promise<Identity> {
    const identity = request.credentials.kind === "trusted"
      ? { user: "" }
      : await this.#options.authenticator.authenticate(request);
    request.signal.throwIfAborted();
    if (this.#isClosed) throw new PathError("terminated", "terminated");
    return identity;
  }
}

function noStream(name: string): PathError {
  return new PathError(
    "no_stream",
    `no stream is available on path '${name}'`,
  );
}
