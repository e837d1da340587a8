import type { Identity } from "#base/access.ts";
import { SampledWarning } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type {
  Grant,
  PublishGrant,
  ReadGrant,
  SessionOwner,
} from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import type { Stream } from "#core/stream.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import { GrantExpiry } from "./grant_expiry.ts";
import type { Path } from "./path.ts";

/** Bytes that may wait for one reader, whatever its units are. */
const MAX_READER_QUEUE_BYTES = 32 * 1_024 * 1_024;

/** A unit that waited longer than this is of no use to a reader of live media. */
const MAX_READER_QUEUE_AGE_MS = 10_000;

/** What a path lets a session do; disposed of by the session or revoked by the path. */
class PathGrant implements Grant {
  readonly pathName: string;
  readonly user: string;
  readonly expiresAtMs: number | undefined;
  readonly tokenId: string | undefined;
  readonly revision: number;
  readonly owner: SessionOwner;
  #revocation = new AbortController();
  #expiry: GrantExpiry;

  constructor(path: Path, access: GrantedAccess) {
    this.pathName = path.options.name;
    this.user = access.user;
    this.expiresAtMs = access.expiresAtMs;
    this.tokenId = access.tokenId;
    this.revision = access.revision;
    this.owner = access.owner;
    this.#expiry = new GrantExpiry({
      identity: access,
      clock: path.options.clock,
      onEnd: (reason) => this.revoke(new PathError("terminated", reason)),
    });
    this.#expiry.start();
  }

  get revoked(): AbortSignal {
    return this.#revocation.signal;
  }

  revoke(reason: PathError): void {
    this.#revocation.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#expiry[Symbol.dispose]();
  }
}

/** Who was let in, under which configuration. */
export interface GrantedAccess extends Identity {
  readonly revision: number;
  readonly owner: SessionOwner;
}

/** Permission to read a path; counts as one of its readers until disposed of. */
export class PathReadGrant extends PathGrant implements ReadGrant {
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
      onClosed: () => this.#emit("readingStopped"),
    });
    this.#emit("readingStarted");
    return this.#subscription;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#subscription?.[Symbol.dispose]();
    this.#drops[Symbol.dispose]();
    this.#path.removeReader(this);
  }

  /** A session begins to read before it knows itself that it was let in. */
  #emit(type: "readingStarted" | "readingStopped"): void {
    const { pathName, user, owner } = this;
    const session = {
      ...owner.describe(),
      state: "read",
      pathName,
      user,
    } as const;
    this.#path.options.events.emit({ type, pathName, session });
  }
}

/** Permission to publish to a path, of a session or of the path's own source. */
export class PathPublishGrant extends PathGrant implements PublishGrant {
  readonly useAbsoluteTimestamp: boolean;
  readonly demuxMpegts: boolean;
  #path: Path;
  #publication: Publication | undefined;

  constructor(path: Path, access: GrantedAccess) {
    super(path, access);
    this.#path = path;
    this.useAbsoluteTimestamp = path.match.value.useAbsoluteTimestamp;
    this.demuxMpegts = path.match.value.rtspDemuxMpegts;
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
    super[Symbol.dispose]();
    this.detach();
    this.#path.removePublisher(this);
  }
}
