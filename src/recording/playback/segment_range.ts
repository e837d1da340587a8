import {
  describeSegment,
  isJoined,
  joinedOffsetUs,
  type PlayableFile,
  type RecordedSegment,
} from "./recorded_segment.ts";
import { errorText, ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { PlatformError } from "#platform/errors.ts";

/** Files whose headers are read at the same time. */
const MAX_OPEN_HEADERS = 16;

/** A stretch of wall clock, microseconds since the epoch; without end where one is left out. */
export interface WallRange {
  readonly startUs?: number | undefined;
  readonly endUs?: number | undefined;
}

/**
 * The files that may hold something of a range, by their names alone.
 *
 * Input and output: the oldest first. The first one may have ended before the range.
 */
export function filesInRange(
  files: readonly PlayableFile[],
  { startUs = -Infinity, endUs = Infinity }: WallRange,
): PlayableFile[] {
  const first = files.findLastIndex((one) => one.startUs <= startUs);
  return files.slice(Math.max(0, first)).filter((one) => one.startUs <= endUs);
}

/** Describes segments, in their order; those that cannot be read are named in the log, and left out. */
export async function describeSegments(
  files: readonly PlayableFile[],
  logger: Logger,
): Promise<RecordedSegment[]> {
  const found: RecordedSegment[] = [];
  for (let at = 0; at < files.length; at += MAX_OPEN_HEADERS) {
    const some = files.slice(at, at + MAX_OPEN_HEADERS);
    const described = await Promise.all(
      some.map((file) => describeOrWarn(file, logger)),
    );
    for (const one of described) if (one !== undefined) found.push(one);
  }
  return found;
}

async function describeOrWarn(
  file: PlayableFile,
  logger: Logger,
): Promise<RecordedSegment | undefined> {
  try {
    return await describeSegment(file);
  } catch (error) {
    if (error instanceof ParseError || error instanceof PlatformError) {
      logger.warn(`skipping segment ${file.file}: ${errorText(error)}`);
      return undefined;
    }
    throw error;
  }
}

/** What can be played without a break. */
export interface Recording {
  readonly startUs: number;
  readonly endUs: number;
}

/**
 * Joins segments that follow each other, and cuts off what is outside of the range.
 *
 * What was joined ends where the time line of its stream does: its wall clock may have been set in between.
 */
export function recordingsIn(
  segments: readonly RecordedSegment[],
  { startUs = -Infinity, endUs = Infinity }: WallRange,
): Recording[] {
  const recordings: Recording[] = [];
  let first: RecordedSegment | undefined;
  let before: RecordedSegment | undefined;
  for (const segment of segments) {
    if (first && before && isJoined(before, segment)) recordings.pop();
    else first = segment;
    before = segment;
    recordings.push({
      startUs: first.startUs,
      endUs: first.startUs + joinedOffsetUs(first, segment) +
        segment.durationUs,
    });
  }
  return recordings
    .map((one) => ({
      startUs: Math.max(one.startUs, startUs),
      endUs: Math.min(one.endUs, endUs),
    }))
    .filter((one) => one.endUs > one.startUs);
}
