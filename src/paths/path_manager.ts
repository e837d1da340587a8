import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import { AuthenticationError, PathError } from "#core/errors.ts";
import type {
  AccessRequest,
  Authenticator,
  Description,
  EventPort,
  PathAccess,
  PublishGrant,
  ReadGrant,
  SessionOwner,
} from "#core/ports.ts";
import type { GrantedAccess } from "./grants.ts";
import type { PathMatch, PathMatcher } from "./path_matcher.ts";
import { Path, type PathSettings } from "./path.ts";
import { PathSource, type SourcePorts } from "./path_source.ts";

/** A refused login is answered after up to this: guessing passwords gets slow, nobody else does. */
const MAX_REFUSAL_DELAY_MS = 4_000;

/** What the path manager is given. */
export interface PathManagerOptions {
  /** Finds the configuration of a name. */
  readonly matcher: PathMatcher<PathSettings>;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventPort;
  /** Units that may wait for one reader (`writeQueueSize`). */
  readonly maxQueuedUnits: number;
  readonly sourcePorts: SourcePorts;
  /** Revision of the configuration. */
  readonly revision: number;
}

/** Finds paths by name, makes those that a pattern describes when they are first asked for, and guards them all. */
export class PathManager implements PathAccess, AsyncDisposable {
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
    const match = this.#match(request.pathName);
    await this.#authenticate(request);
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
    const match = this.#match(request.pathName);
    const access = await this.#grant(request, owner);
    const path = await this.#pathWithStream(match, request);
    return path.addReader(access);
  }

  /** Lets somebody in who is about to publish. @throws {PathError | AuthenticationError} */
  async publish(
    request: AccessRequest,
    owner: SessionOwner,
  ): Promise<PublishGrant> {
    const match = this.#match(request.pathName);
    const access = await this.#grant(request, owner);
    const path = this.#paths.get(request.pathName) ??
      this.#open(request.pathName, match);
    try {
      return path.addPublisher(access);
    } catch (error) {
      this.#closeIfIdle(path);
      throw error;
    }
  }

  /** Ends every session of every path and waits for the sources. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const paths = [...this.#paths.values()];
    this.#paths.clear();
    await Promise.all(paths.map((path) => path.close("terminated")));
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
      groups: match.groups,
      config: match.value,
      sourcePorts,
      clock,
      logger,
      events,
      maxQueuedUnits,
      onIdle: (idle) => this.#closeIfIdle(idle),
    });
    this.#paths.set(name, path);
    path.start();
    return path;
  }

  /** A path that a pattern describes lives as long as somebody uses it. */
  #closeIfIdle(path: Path): void {
    const { name } = path.options;
    if (!path.isIdle || this.#options.matcher.isPlain(name)) return;
    if (this.#paths.get(name) === path) this.#paths.delete(name);
  }

  async #grant(
    request: AccessRequest,
    owner: SessionOwner,
  ): Promise<GrantedAccess> {
    const { user } = await this.#authenticate(request);
    return { user, owner, revision: this.#options.revision };
  }

  async #authenticate(request: AccessRequest): Promise<{ user: string }> {
    const { authenticator, clock } = this.#options;
    try {
      const granted = await authenticator.authenticate(request);
      request.signal.throwIfAborted();
      if (this.#isClosed) throw new PathError("terminated", "terminated");
      return granted;
    } catch (error) {
      if (error instanceof AuthenticationError && !error.isChallenge) {
        const delayMs = Math.random() * MAX_REFUSAL_DELAY_MS;
        await pause(clock, delayMs, request.signal);
      }
      throw error;
    }
  }
}

function noStream(name: string): PathError {
  return new PathError(
    "no_stream",
    `no stream is available on path '${name}'`,
  );
}
