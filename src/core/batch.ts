import type { EncodingCache } from "./encoding_cache.ts";
import type { Track } from "./track.ts";
import type { MediaUnit } from "./unit.ts";

/**
 * What one turn of the event loop brought to a stream: the step in which readers are served.
 *
 * Batches form a list from the oldest that anybody still needs to the newest. The late-joiner cache, a slow
 * reader's queue and a joiner's burst are cursors into this one list: nothing is copied for a reader, and what
 * no cursor reaches any more is gone.
 */
export interface Batch {
  readonly units: readonly MediaUnit[];
  /** Tracks in force for these units. */
  readonly tracks: readonly Track[];
  /** The tracks are not those of the batch before. */
  readonly tracksChanged: boolean;
  /** A reader may start here: it begins with a random access unit of the leading track. */
  readonly isRandomAccess: boolean;
  readonly sizeBytes: number;
  /** Units of the stream before this batch. */
  readonly unitsBefore: number;
  /** Bytes of the stream before this batch. */
  readonly bytesBefore: number;
  /** Monotonic milliseconds of its hand-over. */
  readonly publishedAtMs: number;
  /** What it looks like in other formats, while it is at the live edge. */
  readonly encodings: EncodingCache;
  /** The batch after this one, once there is one. */
  next: Batch | undefined;
}
