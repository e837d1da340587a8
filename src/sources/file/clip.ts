import { ParseError } from "#base/errors.ts";
import type { PublishedUnit } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { MpegTsError } from "#formats/mpegts/errors.ts";
import { PlatformError } from "#platform/errors.ts";

/** A unit of a file, in the file's own time. */
export interface ClipUnit extends PublishedUnit {
  /** One of `tracks`. */
  readonly track: Track;
  /** All that the clip has now; another array when they change. */
  readonly tracks: readonly Track[];
  /** In the track's ticks; undefined if the file does not tell. */
  readonly durationTicks: number | undefined;
}

/** A file of pictures, sound or both, that is read from its start to its end. */
export interface Clip {
  /**
   * The units, in the order of the file; to be called once.
   *
   * @throws {Error} of {@linkcode isClipFault} where the file cannot be read on.
   */
  units(): AsyncGenerator<ClipUnit, void>;
}

/** Nothing can be played. */
export class ClipError extends Error {
  override readonly name = "ClipError";
}

/** Whether an error says what is wrong with a file, and is no bug of this program. */
export function isClipFault(error: unknown): error is Error {
  return error instanceof ClipError || error instanceof ParseError ||
    error instanceof MpegTsError || error instanceof PlatformError;
}
