import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import { PathError } from "#core/errors.ts";
import type { PathInfo } from "#core/path_info.ts";
import type { EventPort, Grant, PublishGrant, ReadGrant } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import {
  type GrantedAccess,
  PathPublishGrant,
  PathReadGrant,
} from "./grants.ts";
import type { PathMatch } from "./path_matcher.ts";
import {
  PathSource,
  type PathSourceSettings,
  type SourcePorts,
} from "./path_source.ts";

/** Keys of the configuration that a path reads. */
export interface PathSettings extends PathSourceSettings {
  readonly sourceRedirect: string;
  readonly fallback?: string | undefined;
  readonly overridePublisher: boolean;
  readonly rtspDemuxMpegts: boolean;
  readonly maxReaders: number;
  readonly gopCache: boolean;
  readonly gopCacheMaxSizeBytes: number;
  readonly gopCacheMaxDurationMs: number;
}

/** What a path is given. */
export interface PathOptions {
  readonly name: string;
  /** Its entry in the configuration, and what the groups of the pattern took. */
  readonly match: PathMatch<PathSettings>;
  readonly sourcePorts: SourcePorts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventPort;
  /** Units that may wait for one reader (`writeQueueSize`). */
  readonly maxQueuedUnits: number;
  /** Nobody publishes or reads any more. */
  readonly onIdle: (path: Path) => void;
}

/** One path: its stream, who publishes to it and who reads it. */
export class Path {
  /** What it was given. */
  readonly options: PathOptions;
  /** Its entry in the configuration as it is now. */
  match: PathMatch<PathSettings>;
  /** The stream, which outlives its publishers. */
  readonly stream: Stream;
  #publisher: PathPublishGrant | undefined;
  #candidates = new Set<PathPublishGrant>();
  #readers = new Set<PathReadGrant>();
  #source: PathSource;
  #logger: Logger;
  #isClosed = false;
  #availableAtMs: number | undefined;
  #bytesBefore = 0;
  #framesBefore = 0;
  /** What readers got that have left since the stream began. */
  #formerOutboundBytes = 0;

  /** Opens a path without a publisher. */
  constructor(options: PathOptions) {
    const { match, clock, logger, name } = options;
    const config = match.value;
    this.options = options;
    this.match = match;
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
    this.#source = this.#openSource();
  }

  /** Somebody publishes: the stream can be read. */
  get isAvailable(): boolean {
    return this.stream.publication !== undefined;
  }

  /** Nobody publishes, reads or is about to. */
  get isIdle(): boolean {
    return this.#candidates.size === 0 && this.#readers.size === 0 &&
      !this.#source.isActive;
  }

  /** Begins to pull the stream, if the path has a source of its own. */
  start(): void {
    this.#source.start();
  }

  /**
   * Waits for the stream where something brings it on demand.
   *
   * @throws {PathError} if there is none and none comes.
   */
  async awaitStream(query: string, signal: AbortSignal): Promise<void> {
    if (!this.isAvailable) await this.#source.request(query, signal);
    this.#requireStream();
  }

  /** Lets a reader in. @throws {PathError} */
  addReader(access: GrantedAccess): ReadGrant {
    const { name, events } = this.options;
    const { maxReaders } = this.match.value;
    this.#requireStream();
    if (maxReaders > 0 && this.#readers.size >= maxReaders) {
      throw new PathError(
        "too_many_readers",
        `maximum reader count reached (maxReaders of path '${name}' is ${maxReaders})`,
      );
    }
    const grant = new PathReadGrant(this, access);
    this.#readers.add(grant);
    this.#source.handleReaders(this.#readers.size);
    const session = access.owner.describe();
    events.emit({ type: "readerAdded", pathName: name, session });
    return grant;
  }

  /** Part of a read grant's end. */
  removeReader(grant: PathReadGrant): void {
    if (!this.#readers.delete(grant)) return;
    const session = grant.owner.describe();
    this.#formerOutboundBytes += session.outboundBytes;
    const pathName = this.options.name;
    this.options.events.emit({ type: "readerRemoved", pathName, session });
    this.#source.handleReaders(this.#readers.size);
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
    const { name, events, clock } = this.options;
    if (this.#isClosed) {
      throw new PathError(
        "configuration_changed",
        `configuration has changed, path '${name}' was closed`,
      );
    }
    if (this.#publisher) {
      if (!this.match.value.overridePublisher) {
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
    this.#availableAtMs = clock.wallMs();
    this.#bytesBefore = this.stream.totalBytes;
    this.#framesBefore = this.stream.totalFrames;
    this.#formerOutboundBytes = 0;
    const session = grant.owner.describe();
    for (const type of ["pathAvailable", "pathOnline"] as const) {
      events.emit({ type, pathName: name, session, tracks });
    }
    const labels = tracks.map((track) => codecLabel(track.codec)).join(", ");
    this.#logger.info(
      `stream is available and online, ${tracks.length} ${
        tracks.length === 1 ? "track" : "tracks"
      } (${labels})`,
    );
    this.#source.handleStream();
    return publication;
  }

  /** Part of a publish grant: ends the publication, then its readers. */
  detachPublisher(grant: PathPublishGrant, publication: Publication): void {
    publication[Symbol.dispose]();
    if (this.#publisher !== grant) return;
    this.#publisher = undefined;
    this.#availableAtMs = undefined;
    const { events, name: pathName } = this.options;
    const session = grant.owner.describe();
    events.emit({ type: "pathOffline", pathName, session });
    this.#endReaders("terminated");
    this.#logger.info("stream is not available and offline");
    events.emit({ type: "pathUnavailable", pathName, session });
    this.#source.handleLoss();
  }

  /** @throws {PathError} unless somebody publishes and the path is open. */
  #requireStream(): void {
    if (this.#isClosed) throw new PathError("terminated", "terminated");
    if (this.isAvailable) return;
    throw new PathError(
      "no_stream",
      `no stream is available on path '${this.options.name}'`,
    );
  }

  /**
   * Ends every session of this path and its source; settles when the source has ended.
   *
   * Its stream is offline, and its readers have left, when this returns.
   */
  close(reason: string): Promise<void> {
    this.#isClosed = true;
    const error = new PathError("terminated", reason);
    const ended = this.#source.close();
    for (const grant of [...this.#candidates, ...this.#readers]) {
      grant.revoke(error);
    }
    this.#publisher?.detach();
    for (const reader of [...this.#readers]) this.removeReader(reader);
    return ended;
  }

  /** Takes permissions back, for `reason`; answers how many. */
  revoke(whose: (grant: Grant) => boolean, reason: string): number {
    const grants = [...this.#candidates, ...this.#readers].filter(whose);
    for (const grant of grants) {
      grant.revoke(new PathError("terminated", reason));
    }
    return grants.length;
  }

  /** This path as it is now; its readers are described if somebody looks at them: there may be thousands. */
  describe(): PathInfo {
    const { stream } = this;
    const publisher = this.#publisher?.owner.describe();
    const describeReaders = () =>
      [...this.#readers].map(({ owner }) => owner.describe());
    const formerOutboundBytes = this.#formerOutboundBytes;
    const errors = publisher?.details["inboundRTPPacketsInError"];
    return {
      name: this.options.name,
      confName: this.match.key,
      availableAtMs: this.#availableAtMs,
      source: publisher ?? this.#source.name,
      tracks: stream.tracks,
      get readers() {
        return describeReaders();
      },
      inboundBytes: publisher ? stream.totalBytes - this.#bytesBefore : 0,
      get outboundBytes() {
        if (!publisher) return 0;
        return describeReaders()
          .reduce((sum, one) => sum + one.outboundBytes, formerOutboundBytes);
      },
      inboundErrors: typeof errors === "number" ? errors : 0,
      lostPackets: publisher?.lostPackets ?? 0,
      frames: publisher ? stream.totalFrames - this.#framesBefore : 0,
      keyFrameAtMs: this.#wallMs(stream.lastRandomAccessAtMs),
      lastUnitAtMs: this.#wallMs(stream.lastBatchAtMs),
    };
  }

  /** Wall clock of a monotonic time of the current publication. */
  #wallMs(monotonicMs: number): number | undefined {
    const { clock } = this.options;
    const atMs = clock.wallMs() - (clock.monotonicMs() - monotonicMs);
    return atMs >= (this.#availableAtMs ?? Infinity) ? atMs : undefined;
  }

  #openSource(): PathSource {
    const { name, match, clock, sourcePorts } = this.options;
    return new PathSource({
      pathName: name,
      groups: match.groups,
      settings: match.value,
      ports: sourcePorts,
      clock,
      logger: this.#logger,
      publish: (owner) =>
        new PathPublishGrant(this, { user: "", revision: 0, owner }),
      onStopped: () => this.#checkIdle(),
    });
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
    if (this.match.value.source === "publisher") return;
    throw new PathError(
      "not_a_publisher_path",
      `can't publish to path '${this.options.name}' since 'source' is not 'publisher'`,
    );
  }

  #checkIdle(): void {
    if (this.isIdle) this.options.onIdle(this);
  }
}
