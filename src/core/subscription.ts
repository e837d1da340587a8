import { errorText } from "#base/errors.ts";
import type { Batch } from "./batch.ts";

/** A reader's way out: a session's egress. */
export interface BatchSink {
  /**
   * Takes one batch. Hot path, never throws.
   *
   * Output: false if a write is in flight; the sink then calls `resume()` of its subscription when it has left.
   */
  deliver(batch: Batch): boolean;
  /** Nothing comes any more: everything before was delivered. */
  end(reason: string): void;
}

/** Bounds of what may wait for one reader. */
export interface QueueLimits {
  readonly maxUnits: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** `count` units were left out because this reader is too slow. */
  readonly onDrop: (count: number) => void;
  readonly onClosed?: () => void;
}

/** What a subscription asks of its stream. */
export interface BatchSource {
  readonly totalUnits: number;
  readonly totalBytes: number;
  /** The latest batch at which a reader may start, if it is kept. */
  readonly groupStart: Batch | undefined;
  /** A reader has nowhere to start. */
  wantRandomAccess(): void;
  unsubscribe(subscription: Subscription): void;
}

/**
 * One reader of a stream: a cursor into the list of batches, and the rule of what a slow reader loses.
 *
 * While the sink has nothing in flight, batches go straight through. While it has, the cursor stays; when it
 * falls further behind than the limits, it moves on to a random access point, so that a decoder never sees a
 * hole inside a group of pictures. What a joiner is fed from the cached group does not count.
 */
export class Subscription implements Disposable {
  /** Units this reader did not get because it was too slow. */
  droppedUnits = 0;
  #sink: BatchSink;
  #source: BatchSource;
  #limits: QueueLimits;
  /** Next batch to deliver; undefined when everything was. */
  #cursor: Batch | undefined;
  #awaitsRandomAccess: boolean;
  #isBlocked = true;
  #isPumping = false;
  #endReason: string | undefined;
  #isClosed = false;
  /** Units and bytes of the stream when the reader came: what is older does not count as waiting. */
  #joinUnits: number;
  #joinBytes: number;

  /** Use `Stream.subscribe()`. Nothing is delivered before the first `resume()`. */
  constructor(sink: BatchSink, source: BatchSource, limits: QueueLimits) {
    this.#sink = sink;
    this.#source = source;
    this.#limits = limits;
    this.#cursor = source.groupStart;
    this.#awaitsRandomAccess = this.#cursor === undefined;
    this.#joinUnits = source.totalUnits;
    this.#joinBytes = source.totalBytes;
    if (this.#awaitsRandomAccess) source.wantRandomAccess();
  }

  /** The next batch that will be delivered, if it is there already. */
  get next(): Batch | undefined {
    return this.#cursor;
  }

  /** It has left the stream: nothing more comes. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The sink can take batches (again). */
  resume(): void {
    this.#isBlocked = false;
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#cursor !== undefined && !this.#isBlocked && !this.#isClosed) {
      const batch: Batch = this.#cursor;
      this.#cursor = batch.next;
      this.#deliver(batch);
    }
    this.#isPumping = false;
    this.#finish();
  }

  /** The stream has a new batch. Hot path. */
  offer(batch: Batch): void {
    if (this.#endReason !== undefined) return;
    if (this.#awaitsRandomAccess && !batch.isRandomAccess) {
      // A reader that never dropped is a joiner: it has lost nothing.
      if (this.droppedUnits > 0) this.#drop(batch.units.length);
      return;
    }
    this.#awaitsRandomAccess = false;
    if (this.#cursor !== undefined) this.#limit(batch);
    else if (this.#isBlocked) this.#cursor = batch;
    else this.#deliver(batch);
  }

  /** The stream ends: the sink is told once it has everything. */
  end(reason: string): void {
    this.#endReason ??= reason;
    this.#finish();
  }

  /** Leaves the stream; the sink hears nothing more. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cursor = undefined;
    this.#source.unsubscribe(this);
    this.#limits.onClosed?.();
  }

  /** A reader that fails costs only itself. */
  #deliver(batch: Batch): void {
    try {
      if (!this.#sink.deliver(batch)) this.#isBlocked = true;
    } catch (error) {
      this.#cursor = undefined;
      this.end(`a reader failed: ${errorText(error)}`);
    }
  }

  #finish(): void {
    if (this.#endReason === undefined || this.#isClosed || this.#cursor) return;
    this[Symbol.dispose]();
    this.#sink.end(this.#endReason);
  }

  /** Moves a cursor that is too far behind `newest` to the next random access point. */
  #limit(newest: Batch): void {
    const cursor = this.#cursor!;
    const { totalUnits, totalBytes, groupStart } = this.#source;
    const { maxUnits, maxBytes, maxAgeMs } = this.#limits;
    const waitingUnits = totalUnits -
      Math.max(cursor.unitsBefore, this.#joinUnits);
    const waitingBytes = totalBytes -
      Math.max(cursor.bytesBefore, this.#joinBytes);
    const isInBurst = cursor.unitsBefore < this.#joinUnits;
    const ageMs = isInBurst ? 0 : newest.publishedAtMs - cursor.publishedAtMs;
    if (
      waitingUnits <= maxUnits && waitingBytes <= maxBytes && ageMs <= maxAgeMs
    ) return;
    const start = newest.isRandomAccess ? newest : groupStart;
    const isStartNear = start !== undefined &&
      start.unitsBefore > cursor.unitsBefore &&
      totalUnits - start.unitsBefore <= maxUnits &&
      totalBytes - start.bytesBefore <= maxBytes;
    this.#cursor = isStartNear ? start : undefined;
    this.#awaitsRandomAccess = !isStartNear;
    if (!isStartNear) this.#source.wantRandomAccess();
    const resumeUnits = isStartNear ? start.unitsBefore : totalUnits;
    this.#drop(resumeUnits - cursor.unitsBefore);
  }

  #drop(count: number): void {
    this.droppedUnits += count;
    this.#limits.onDrop(count);
  }
}
