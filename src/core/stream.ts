import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import type { Batch } from "./batch.ts";
import { EncodingCache } from "./encoding_cache.ts";
import { Publication } from "./publication.ts";
import {
  type BatchSink,
  type BatchSource,
  type QueueLimits,
  Subscription,
} from "./subscription.ts";
import { EPOCH_LEAD_MS } from "./timeline.ts";
import type { Track } from "./track.ts";
import type { MediaUnit } from "./unit.ts";

/** Encodings of a batch are remembered this long: readers that are later encode for themselves. */
const LIVE_EDGE_MS = 250;

/** A publication without any random access unit for this long may be read from anywhere (intra refresh). */
const RANDOM_ACCESS_PATIENCE_MS = 5_000;
const NEXT_PATIENCE_MS = 30_000; // the same after one, if its group is not kept any more

/** What a unit takes beside its media: a million of one byte each are no small group. */
const UNIT_OVERHEAD_BYTES = 512;

/** Bounds of the cached group of pictures of one stream. */
export interface GroupCacheLimits {
  /** False: a reader waits for the next random access unit. */
  readonly isOn: boolean;
  readonly maxBytes: number;
  readonly maxDurationMs: number;
}

/** Settings of a stream. */
export interface StreamOptions {
  readonly clock: Clock;
  readonly groupCache: GroupCacheLimits;
  /** Logger of the path. */
  readonly logger: Logger;
}

/**
 * The media of one path: one publication after another goes in, any number of readers take it out.
 *
 * It outlives its publishers: its time line only grows. The publisher never waits for a reader.
 */
export class Stream implements BatchSource {
  readonly options: StreamOptions;
  /** Encoders that all readers of one format share, by the format's key. */
  readonly encoders = new EncodingCache();
  /** Units of all publications so far. */
  totalUnits = 0;
  /** Bytes of all publications so far. */
  totalBytes = 0;
  /** Units of leading tracks so far: pictures, where there are any. */
  totalFrames = 0;
  /** Monotonic time of the last batch, and of the last one at which readers may start; -Infinity before the first. */
  lastBatchAtMs = -Infinity;
  lastRandomAccessAtMs = -Infinity;
  /** Units that readers did not get because they were too slow, readers gone included. */
  droppedUnits = 0;
  /** Readers that are subscribed now. */
  readonly readers: Set<Subscription> = new Set();
  #tracks: readonly Track[] = [];
  #publication: Publication | undefined;
  #newest: Batch | undefined;
  #groupStart: Batch | undefined;
  #hasTracksChange = false;
  /** Oldest batch whose encodings are remembered. */
  #liveEdge: Batch | undefined;
  #openedAtMs: number;
  #lastStreamMs = 0;
  #startableAtMs = Infinity;

  /** Opens an empty stream. */
  constructor(options: StreamOptions) {
    this.options = options;
    this.#openedAtMs = options.clock.monotonicMs();
  }

  /** Tracks of the current publication; empty without one. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** What feeds the stream now. */
  get publication(): Publication | undefined {
    return this.#publication;
  }

  /** The latest batch at which a reader may start, if it is kept. */
  get groupStart(): Batch | undefined {
    return this.#groupStart;
  }

  /** Lets a publisher in; the one before must have left. */
  attach(tracks: readonly Track[]): Publication {
    const nowMs = this.options.clock.monotonicMs();
    const startMs = Math.max(
      EPOCH_LEAD_MS + nowMs - this.#openedAtMs,
      this.#lastStreamMs + 1,
    );
    this.#startableAtMs = nowMs + RANDOM_ACCESS_PATIENCE_MS;
    this.#publication = new Publication(this, tracks, startMs);
    this.setTracks(tracks);
    return this.#publication;
  }

  /** Subscribes a reader; batches come once it has called `resume()`. */
  subscribe(sink: BatchSink, limits: QueueLimits): Subscription {
    const subscription = new Subscription(sink, this, limits);
    this.readers.add(subscription);
    return subscription;
  }

  /** Part of {@linkcode Subscription}: asks the publisher for a key frame. */
  wantRandomAccess(): void {
    this.#publication?.onKeyFrameWanted?.();
  }

  /** Part of {@linkcode Subscription}'s end. */
  unsubscribe(subscription: Subscription): void {
    if (!this.readers.delete(subscription)) return;
    this.droppedUnits += subscription.droppedUnits;
  }

  /** Part of {@linkcode Publication}: other tracks from the next batch on. */
  setTracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#hasTracksChange = true;
  }

  /** Part of {@linkcode Publication}: hands units to every reader. Hot path. */
  push(units: readonly MediaUnit[], isRandomAccess: boolean): void {
    const nowMs = this.options.clock.monotonicMs();
    const isLate = nowMs > this.#startableAtMs && !this.#groupStart;
    if (isRandomAccess) this.#startableAtMs = nowMs + NEXT_PATIENCE_MS;
    if (isRandomAccess) this.lastRandomAccessAtMs = nowMs;
    this.lastBatchAtMs = nowMs;
    let sizeBytes = 0;
    for (const unit of units) sizeBytes += unit.sizeBytes;
    const batch: Batch = {
      units,
      tracks: this.#tracks,
      tracksChanged: this.#hasTracksChange,
      isRandomAccess: isRandomAccess || isLate,
      sizeBytes,
      unitsBefore: this.totalUnits,
      bytesBefore: this.totalBytes,
      publishedAtMs: nowMs,
      encodings: new EncodingCache(),
      next: undefined,
    };
    this.#hasTracksChange = false;
    this.totalUnits += units.length;
    this.totalBytes += sizeBytes;
    if (this.#newest) this.#newest.next = batch;
    this.#newest = batch;
    this.#liveEdge ??= batch;
    this.#keepGroup(batch, nowMs);
    for (const reader of this.readers) reader.offer(batch);
    this.#releaseEncodings(nowMs);
  }

  /** Part of {@linkcode Publication}: the publisher is gone, and with it the cached group. */
  detach(publication: Publication): void {
    if (this.#publication !== publication) return;
    this.#lastStreamMs = publication.timeline.lastStreamMs;
    this.#publication = undefined;
    this.#tracks = [];
    this.#groupStart = undefined;
    this.#newest = undefined;
    this.#liveEdge = undefined;
  }

  /** Ends every reader, once it has what was published. */
  endReaders(reason: string): void {
    for (const reader of this.readers) reader.end(reason);
  }

  #keepGroup(batch: Batch, nowMs: number): void {
    const { isOn, maxBytes, maxDurationMs } = this.options.groupCache;
    if (batch.isRandomAccess) {
      const isKept = isOn && nowMs <= this.#startableAtMs;
      this.#groupStart = isKept ? batch : undefined;
    }
    const start = this.#groupStart;
    if (start === undefined || start === batch) return;
    const keptUnits = this.totalUnits - start.unitsBefore;
    const keptBytes = this.totalBytes - start.bytesBefore;
    const heldBytes = keptBytes + keptUnits * UNIT_OVERHEAD_BYTES;
    const keptMs = Math.round(nowMs - start.publishedAtMs);
    if (heldBytes <= maxBytes && keptMs <= maxDurationMs) return;
    this.#groupStart = undefined;
    this.options.logger.warn(
      `Cannot keep the group of pictures for new readers: it has ${keptBytes} bytes in ${keptUnits} units and ${keptMs} ms, gopCacheMaxSize is ${maxBytes} bytes and gopCacheMaxDuration ${maxDurationMs} ms`,
    );
  }

  #releaseEncodings(nowMs: number): void {
    let edge = this.#liveEdge;
    while (edge?.next && nowMs - edge.publishedAtMs > LIVE_EDGE_MS) {
      edge.encodings.release();
      edge = edge.next;
    }
    this.#liveEdge = edge;
  }
}
