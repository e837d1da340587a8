import type { Clock } from "#base/clock.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import { PathError } from "#core/errors.ts";
import type {
  EventPort,
  Grant,
  PublishGrant,
  ReadGrant,
  SessionOwner,
} from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import { Stream } from "#core/stream.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";

/** Bytes that may wait for one reader, whatever its units are. */
const MAX_READER_QUEUE_BYTES = 32 * 1_024 * 1_024;

/** A unit that waited longer than this is of no use to a reader of live media. */
const MAX_READER_QUEUE_AGE_MS = 10_000;

/** Keys of the configuration that a path reads. */
export interface PathSettings {
  readonly source: string;
  readonly sourceRedirect: string;
  readonly fallback?: string | undefined;
  readonly overridePublisher: boolean;
  readonly maxReaders: number;
  readonly gopCache: boolean;
  readonly gopCacheMaxSizeBytes: number;
  readonly gopCacheMaxDurationMs: number;
}

/** What a path is given. */
export interface PathOptions {
  readonly name: string;
  readonly config: PathSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventPort;
  /** Units that may wait for one reader (`writeQueueSize`). */
  readonly maxQueuedUnits: number;
  /** Nobody publishes or reads any more. */
  readonly onIdle: (path: Path) => void;
}

/** What a path lets a session do; disposed of by the session or revoked by the path. */
class PathGrant implements Grant {
  readonly pathName: string;
  readonly user: string;
  readonly expiresAtMs: number | undefined = undefined;
  readonly revision: number;
  readonly owner: SessionOwner;
  #revocation = new AbortController();

  constructor(path: Path, access: GrantedAccess) {
    this.pathName = path.options.name;
    this.user = access.user;
    this.revision = access.revision;
    this.owner = access.owner;
  }

  get revoked(): AbortSignal {
    return this.#revocation.signal;
  }

  revoke(reason: PathError): void {
    this.#revocation.abort(reason);
  }

  [Symbol.dispose](): void {}
}

/** Who was let in, under which configuration. */
export interface GrantedAccess {
  readonly user: string;
  readonly revision: number;
  readonly owner: SessionOwner;
}

class PathReadGrant extends PathGrant implements ReadGrant {
  readonly stream: Stream;
  #path: Path;
  #drops: SampledWarning;
  #subscription: Subscription | undefined;

  constructor(path: Path, access: GrantedAccess) {
    super(path, access);
    this.#path = path;
    this.stream = path.stream;
    this.#drops = new SampledWarning(
      access.owner.logger,
      path.options.clock,
      (count) => `reader is too slow, discarding ${count} frame(s)`,
    );
  }

  /** The stream tells this reader of its end by itself. */
  get isSubscribed(): boolean {
    return this.#subscription !== undefined && !this.#subscription.isClosed;
  }

  subscribe(sink: BatchSink): Subscription {
    this.#subscription = this.stream.subscribe(sink, {
      maxUnits: this.#path.options.maxQueuedUnits,
      maxBytes: MAX_READER_QUEUE_BYTES,
      maxAgeMs: MAX_READER_QUEUE_AGE_MS,
      onDrop: (count) => this.#drops.add(count),
    });
    return this.#subscription;
  }

  override [Symbol.dispose](): void {
    this.#drops[Symbol.dispose]();
    this.#path.removeReader(this);
  }
}

class PathPublishGrant extends PathGrant implements PublishGrant {
  #path: Path;
  #publication: Publication | undefined;

  constructor(path: Path, access: GrantedAccess) {
    super(path, access);
    this.#path = path;
  }

  attach(tracks: readonly Track[]): Publication {
    this.#publication = this.#path.attachPublisher(this, tracks);
    return this.#publication;
  }

  detach(): void {
    if (this.#publication) {
      this.#path.detachPublisher(this, this.#publication);
    }
    this.#publication = undefined;
  }

  override [Symbol.dispose](): void {
    this.detach();
    this.#path.removePublisher(this);
  }
}

/** One path: its stream, who publishes to it and who reads it. */
export class Path {
  /** What it was given. */
  readonly options: PathOptions;
  /** The stream, which outlives its publishers. */
  readonly stream: Stream;
  #publisher: PathPublishGrant | undefined;
  #candidates = new Set<PathPublishGrant>();
  #readers = new Set<PathReadGrant>();
  #logger: Logger;
  #isClosed = false;

  /** Opens a path without a publisher. */
  constructor(options: PathOptions) {
    const { config, clock, logger, name } = options;
    this.options = options;
    this.#logger = logger.child(`path ${name}`);
    this.stream = new Stream({
      clock,
      groupCache: {
        isOn: config.gopCache,
        maxBytes: config.gopCacheMaxSizeBytes,
        maxDurationMs: config.gopCacheMaxDurationMs,
      },
      logger: this.#logger,
    });
  }

  /** Somebody publishes: the stream can be read. */
  get isAvailable(): boolean {
    return this.stream.publication !== undefined;
  }

  /** Nobody publishes, reads or is about to. */
  get isIdle(): boolean {
    return this.#candidates.size === 0 && this.#readers.size === 0;
  }

  /** Lets a reader in. @throws {PathError} */
  addReader(access: GrantedAccess): ReadGrant {
    const { config, name, events } = this.options;
    this.requireStream();
    if (config.maxReaders > 0 && this.#readers.size >= config.maxReaders) {
      throw new PathError(
        "too_many_readers",
        `maximum reader count reached (maxReaders of path '${name}' is ${config.maxReaders})`,
      );
    }
    const grant = new PathReadGrant(this, access);
    this.#readers.add(grant);
    const session = access.owner.describe();
    events.emit({ type: "readerAdded", pathName: name, session });
    return grant;
  }

  /** Part of a read grant's end. */
  removeReader(grant: PathReadGrant): void {
    if (!this.#readers.delete(grant)) return;
    this.options.events.emit({
      type: "readerRemoved",
      pathName: this.options.name,
      session: grant.owner.describe(),
    });
    this.#checkIdle();
  }

  /** Lets somebody in who is about to publish. @throws {PathError} */
  addPublisher(access: GrantedAccess): PublishGrant {
    this.#requirePublisherPath();
    const grant = new PathPublishGrant(this, access);
    this.#candidates.add(grant);
    return grant;
  }

  /** Part of a publish grant's end. */
  removePublisher(grant: PathPublishGrant): void {
    if (this.#candidates.delete(grant)) this.#checkIdle();
  }

  /** Part of a publish grant: makes the path available. @throws {PathError} */
  attachPublisher(
    grant: PathPublishGrant,
    tracks: readonly Track[],
  ): Publication {
    const { name, config, events } = this.options;
    if (this.#isClosed) {
      throw new PathError(
        "configuration_changed",
        `configuration has changed, path '${name}' was closed`,
      );
    }
    if (this.#publisher) {
      if (!config.overridePublisher) {
        throw new PathError(
          "publisher_exists",
          `someone is already publishing to path '${name}'`,
        );
      }
      this.#logger.info("closing existing publisher");
      const previous = this.#publisher;
      const replaced = `replaced by another publisher of path '${name}'`;
      previous.revoke(new PathError("terminated", replaced));
      previous[Symbol.dispose]();
    }
    this.#publisher = grant;
    const publication = this.stream.attach(tracks);
    const labels = tracks.map((track) => codecLabel(track.codec)).join(", ");
    this.#logger.info(
      `stream is available and online, ${tracks.length} ${
        tracks.length === 1 ? "track" : "tracks"
      } (${labels})`,
    );
    const session = grant.owner.describe();
    for (const type of ["pathAvailable", "pathOnline"] as const) {
      events.emit({ type, pathName: name, session, tracks });
    }
    return publication;
  }

  /** Part of a publish grant: ends the publication, then its readers. */
  detachPublisher(grant: PathPublishGrant, publication: Publication): void {
    publication[Symbol.dispose]();
    if (this.#publisher !== grant) return;
    this.#publisher = undefined;
    this.#endReaders("terminated");
    this.#logger.info("stream is not available and offline");
    const session = grant.owner.describe();
    const pathName = this.options.name;
    for (const type of ["pathOffline", "pathUnavailable"] as const) {
      this.options.events.emit({ type, pathName, session });
    }
  }

  /** @throws {PathError} unless somebody publishes. */
  requireStream(): void {
    if (this.isAvailable) return;
    throw new PathError(
      "no_stream",
      `no stream is available on path '${this.options.name}'`,
    );
  }

  /** Ends every session of this path. */
  close(reason: string): void {
    this.#isClosed = true;
    const error = new PathError("terminated", reason);
    for (const grant of [...this.#candidates, ...this.#readers]) {
      grant.revoke(error);
    }
  }

  /** Readers that are subscribed get what was published; those that wait or pause have nothing to wait for. */
  #endReaders(reason: string): void {
    const waiting = [...this.#readers].filter((one) => !one.isSubscribed);
    this.stream.endReaders(reason);
    for (const reader of waiting) {
      reader.revoke(new PathError("terminated", reason));
    }
  }

  #requirePublisherPath(): void {
    const { name, config } = this.options;
    if (config.source === "publisher") return;
    throw new PathError(
      "not_a_publisher_path",
      `can't publish to path '${name}' since 'source' is not 'publisher'`,
    );
  }

  #checkIdle(): void {
    if (this.isIdle) this.options.onIdle(this);
  }
}
