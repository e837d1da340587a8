import type { Batch } from "#core/batch.ts";

/** A segment has lost its relation to the wall clock when the two have moved apart by so much. */
const MAX_DRIFT_MS = 5_000;

/** Line of the log when that has happened. */
export const DRIFT_MESSAGE =
  "detected drift between recording duration and absolute time, resetting";

/** Where no key frame comes for so long, and as long as a segment should be, segments end at any picture. */
const KEY_FRAME_PATIENCE_MS = 60_000;

/** Line of the log when that has happened. */
export const NO_KEY_FRAME_MESSAGE =
  "no key frame comes: the segment ends at another picture, which players may take a while to show";

/** A sample of what segments are cut at: pictures, where there are any. */
export interface CuttingSample {
  readonly isSync: boolean;
  /** What the segment has up to it. */
  readonly lengthMs: number;
}

/** Whether a segment ends before a sample: a key frame or, where none comes (intra refresh), any. Hot path. */
export function isSegmentEnd(
  { isSync, lengthMs }: CuttingSample,
  { recordSegmentDurationMs: wantedMs }: SegmenterSettings,
): boolean {
  if (lengthMs < wantedMs) return false;
  return isSync ||
    lengthMs - wantedMs >= Math.max(wantedMs, KEY_FRAME_PATIENCE_MS);
}

/** Bytes that take the place of others, once a segment is complete. */
export interface SegmentPatch {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/** Where the bytes of segments go, one segment after the other. */
export interface SegmentOutput {
  /** A segment begins; `startWallMs` is the wall clock of its first sample. */
  begin(startWallMs: number): void;
  /** Whole parts: a file that ends here can be read. Owned. */
  write(bytes: Uint8Array): void;
  /** The segment is complete. */
  end(durationMs: number, patch?: SegmentPatch): void;
}

/** Keys that say how a recording is cut. */
export interface SegmenterSettings {
  readonly recordPartDurationMs: number;
  readonly recordMaxPartSizeBytes: number;
  readonly recordSegmentDurationMs: number;
}

/** What a segmenter is given. */
export interface SegmenterOptions {
  readonly settings: SegmenterSettings;
  readonly output: SegmentOutput;
  /** Something was left out, or begins anew. */
  readonly onWarning: (message: string) => void;
}

/** Makes the segments of one recording of what a stream brings. */
export interface Segmenter {
  /** Takes what one turn brought; the first one must be a batch at which readers may start. Hot path. */
  push(batch: Batch): void;
  /** Nothing comes any more: what is held back is written, and the segment ends. */
  end(): void;
}

/** Watches how far the time line of one track and the wall clock move apart. */
export class DriftWatch {
  #offsetMs: number | undefined;

  /** Whether they are too far apart at a sample; the first one says how they belong together. Hot path. */
  hasDrifted(decodeMs: number, wallMs: number): boolean {
    const offsetMs = wallMs - decodeMs;
    this.#offsetMs ??= offsetMs;
    return Math.abs(offsetMs - this.#offsetMs) > MAX_DRIFT_MS;
  }
}
