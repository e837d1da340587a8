import { ParseError } from "#base/errors.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import type { Mp4Movie } from "#formats/fmp4/movie_reader.ts";
import {
  parseRecordingBox,
  RECORDING_BOX_TYPE,
} from "#formats/fmp4/recording_box.ts";
import { findWholePart } from "#formats/mp4/file_fragments.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import type { SegmentFile } from "#recording/segment_files.ts";

const US_PER_SECOND = 1_000_000;
const NS_PER_US = 1_000n;

/** How far segments that do not say where they belong may be apart, or overlap, to be joined. */
const MAX_JOINT_US = US_PER_SECOND;

/** A segment that is open to be read. */
export interface SegmentInput extends RandomAccessInput, Disposable {}

/** A segment as its name describes it, wherever it is. */
export interface PlayableFile extends SegmentFile {
  /** It is not on this machine, and may be slow. */
  readonly isRemote?: boolean;
  /** @throws {PlatformError} if it is not there, or may not be read. */
  readonly open: () => Promise<SegmentInput>;
}

/** Where a segment says that it belongs. */
interface SegmentOrigin {
  /** Of the recording, as hex. */
  readonly streamId: string;
  readonly segmentNumber: bigint;
  readonly dtsNs: bigint;
}

/** What is known of a segment that can be played. Small: there may be many. */
export interface RecordedSegment extends PlayableFile {
  /** What is looked at: a file that is being recorded grows. */
  readonly sizeBytes: number;
  /** Over 0. */
  readonly durationUs: number;
  /** Numbers, clocks and codecs of its tracks: equal for segments that fit one header. */
  readonly layout: string;
  /** What decoders are told of its tracks: equal for segments whose headers are. */
  readonly header: string;
  /** Undefined if the file does not say. */
  readonly origin: SegmentOrigin | undefined;
}

/**
 * Reads what the header of a segment says; where it does not know the duration, what is whole of the rest.
 *
 * @throws {ParseError | PlatformError} if it cannot be read, or has nothing to play.
 */
export async function describeSegment(
  file: PlayableFile,
): Promise<RecordedSegment> {
  using input = await file.open();
  const { movie, headerEndBytes } = await openMp4File(input);
  if (!movie.isFragmented) throw segmentError("has no fragments", "mvex");
  let durationUs = Math.round(
    movie.durationTicks / movie.timescaleHz * US_PER_SECOND,
  );
  if (durationUs === 0) {
    const whole = await findWholePart(input, movie, headerEndBytes);
    durationUs = Math.round(whole.endSeconds * US_PER_SECOND);
  }
  if (durationUs === 0) throw segmentError("has no samples", "moof");
  return segmentOf(file, movie, { sizeBytes: input.sizeBytes, durationUs });
}

/** What a header says of a segment that is so long. */
export function segmentOf(
  file: PlayableFile,
  movie: Mp4Movie,
  size: Pick<RecordedSegment, "sizeBytes" | "durationUs">,
): RecordedSegment {
  const box = findBox(movie.userData, RECORDING_BOX_TYPE);
  return {
    ...file,
    ...size,
    layout: layoutOf(movie),
    header: headerOf(movie),
    origin: box && originOf(box),
  };
}

/** Whether `next` goes on where `segment` ends. */
export function isJoined(
  segment: RecordedSegment,
  next: RecordedSegment,
): boolean {
  const { origin } = segment;
  if (origin && next.origin) {
    return origin.streamId === next.origin.streamId &&
      origin.segmentNumber + 1n === next.origin.segmentNumber;
  }
  const gapUs = next.startUs - segment.startUs - segment.durationUs;
  return !origin && !next.origin && segment.layout === next.layout &&
    Math.abs(gapUs) <= MAX_JOINT_US;
}

/** From the start of `first` to that of a segment that was joined to it, on the time line of their stream. */
export function joinedOffsetUs(
  first: RecordedSegment,
  segment: RecordedSegment,
): number {
  if (first.origin && segment.origin) {
    return Number((segment.origin.dtsNs - first.origin.dtsNs) / NS_PER_US);
  }
  return segment.startUs - first.startUs;
}

function layoutOf({ tracks }: Mp4Movie): string {
  return tracks.map(({ number, timescaleHz, entry }) =>
    `${number} ${timescaleHz} ${entry?.format}`
  ).join(", ");
}

function headerOf(movie: Mp4Movie): string {
  const entries = movie.tracks.map(({ entry }) => {
    const { width, height, channelCount, sampleRateHz, boxes = [] } = entry ??
      {};
    const bodies = boxes.map(({ type, body }) => type + body.toHex());
    return [width, height, channelCount, sampleRateHz, ...bodies].join(" ");
  });
  return [layoutOf(movie), ...entries].join(", ");
}

function originOf(box: Uint8Array): SegmentOrigin {
  const { streamId, segmentNumber, dtsNs } = parseRecordingBox(box);
  return { streamId: streamId.toHex(), segmentNumber, dtsNs };
}

function segmentError(reason: string, field: string): ParseError {
  const format = "recorded segment";
  return new ParseError(reason, { format, field, offsetBytes: 0 });
}
