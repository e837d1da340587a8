import { ChunkScan } from "./chunk_scan.ts";
import { PastChunk, type PastMedia } from "./past_chunk.ts";
import type { PathRecordings } from "./path_recordings.ts";
import {
  isJoined,
  joinedOffsetUs,
  type PlayableFile,
  type RecordedSegment,
  segmentOf,
} from "./recorded_segment.ts";
import { filesInRange } from "./segment_range.ts";
import type { Clock } from "#base/clock.ts";
import { errorText, ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { PlatformError } from "#platform/errors.ts";

const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** Files that are older than so many windows are of no interest, whatever clocks do. */
const MAX_WINDOWS = 2;

/** A file that is complete for so long is followed by none that is joined to it: its end is told. */
const SETTLED_MS = 3_000;

/** What a reader is given. */
export interface PastReaderOptions {
  readonly recordings: PathRecordings;
  readonly media: PastMedia;
  readonly pathName: string;
  /** How far to go back. */
  readonly windowUs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What has been recorded since somebody asked last. */
export interface PastUpdate {
  /** The oldest first. */
  readonly chunks: readonly PastChunk[];
  /** When the files begin that are there, microseconds since the epoch. */
  readonly files: ReadonlySet<number>;
  /** More may come soon. */
  readonly isGrowing: boolean;
}

/** A file that is followed. */
interface FollowedFile {
  readonly file: PlayableFile;
  readonly scan: ChunkScan;
  segment: RecordedSegment;
  /** Since when it is known to be complete. */
  completeAtMs: number | undefined;
  /** When it begins: what was joined has one clock, as names are only as exact as the arrival of their first picture. */
  startUs: number;
  /** Where it begins on the time line of all chunks, which goes on at a gap as that of a live stream does. */
  offsetUs: number;
  isBehindGap: boolean;
  /** Chunks that were told. */
  told: number;
  isEnded: boolean;
}

/** Reads what is recorded of one path, in the order in which it is, as it comes. One question at a time. */
export class PastReader {
  #options: PastReaderOptions;
  /** Chunks that end before are not wanted. */
  #sinceUs: number;
  /** Files that were looked at, or need not be: a clock that was set back makes new ones with earlier names. */
  #seen = new Set<number>();
  #isFirst = true;
  #current: FollowedFile | undefined;
  /** The first one since the last gap. */
  #first: RecordedSegment | undefined;
  #firstOffsetUs = 0;

  /** Looks at nothing yet. */
  constructor(options: PastReaderOptions) {
    this.#options = options;
    this.#sinceUs = options.clock.wallMs() * US_PER_MS - options.windowUs;
  }

  /**
   * What has come since the last time: chunks that stay as they are.
   *
   * @throws {HttpError | PlatformError} if the path is not recorded in a format that is played, or cannot be looked at.
   */
  async next(): Promise<PastUpdate> {
    const { recordings, pathName } = this.#options;
    const files = await recordings.files(pathName);
    const wanted = this.#wanted(files);
    const chunks: PastChunk[] = [];
    for (const [i, file] of wanted.entries()) {
      const isNewest = i === wanted.length - 1;
      const followed = await this.#look(file, isNewest);
      if (followed === undefined) {
        if (isNewest) this.#seen.delete(file.startUs);
        continue;
      }
      if (followed !== this.#current) this.#begin(followed, chunks);
      this.#tell(followed, followed.scan.wholeCount, chunks);
      if (isNewest && this.#isSettled(followed)) {
        this.#tellEnd(followed, undefined, chunks);
      }
    }
    this.#sinceUs = -Infinity;
    return {
      chunks,
      files: new Set(files.map(({ startUs }) => startUs)),
      isGrowing: recordings.isRecorded(pathName) ||
        this.#current?.isEnded === false,
    };
  }

  /** The file that is followed, if it is there, and those that are new. Input: the oldest first. */
  #wanted(files: readonly PlayableFile[]): PlayableFile[] {
    const seen = this.#seen;
    const { windowUs } = this.#options;
    const newestUs = files.at(-1)?.startUs ?? 0;
    const limitUs = newestUs - MAX_WINDOWS * windowUs;
    const isNew = ({ startUs }: PlayableFile) =>
      startUs >= limitUs && !seen.has(startUs);
    const current = this.#current?.file.startUs;
    const wanted = this.#isFirst
      ? filesInRange(files, { startUs: this.#sinceUs })
      : [
        ...files.filter(({ startUs }) => startUs === current),
        ...files.filter(isNew),
      ];
    this.#isFirst = false;
    for (const { startUs } of files) if (startUs >= limitUs) seen.add(startUs);
    for (const startUs of seen) if (startUs < limitUs) seen.delete(startUs);
    return wanted;
  }

  /** Output: undefined if it cannot be read; the newest one may just have been made. */
  async #look(
    file: PlayableFile,
    isNewest: boolean,
  ): Promise<FollowedFile | undefined> {
    const known = this.#current?.file.startUs === file.startUs
      ? this.#current
      : undefined;
    if (known?.isEnded) return known;
    const scan = known?.scan ?? new ChunkScan();
    try {
      using input = await file.open();
      const mp4 = await openMp4File(input);
      await scan.read(input, mp4);
      const { durationTicks, timescaleHz } = mp4.movie;
      const isComplete = durationTicks > 0;
      const seconds = isComplete
        ? durationTicks / timescaleHz
        : scan.endSeconds;
      const segment = segmentOf(file, mp4.movie, {
        sizeBytes: input.sizeBytes,
        durationUs: Math.round(seconds * US_PER_SECOND),
      });
      const followed = known ?? {
        ...{ file, scan, segment, completeAtMs: undefined },
        ...{ startUs: 0, offsetUs: 0, isBehindGap: false },
        ...{ told: 0, isEnded: false },
      };
      followed.segment = segment;
      if (isComplete) {
        followed.completeAtMs ??= this.#options.clock.monotonicMs();
      }
      return scan.endSeconds > 0 ? followed : undefined;
    } catch (error) {
      if (!(error instanceof ParseError || error instanceof PlatformError)) {
        throw error;
      }
      if (!isNewest) {
        const reason = errorText(error);
        this.#options.logger.warn(`skipping segment ${file.file}: ${reason}`);
      }
      return undefined;
    }
  }

  /** Goes on with the next file. */
  #begin(next: FollowedFile, chunks: PastChunk[]): void {
    const before = this.#current;
    if (before) this.#tellEnd(before, next.segment, chunks);
    const isJoint = before && isJoined(before.segment, next.segment);
    if (!isJoint) {
      this.#first = next.segment;
      this.#firstOffsetUs = before
        ? before.offsetUs + before.segment.durationUs
        : 0;
    }
    const first = this.#first!;
    const joinedUs = Math.max(0, joinedOffsetUs(first, next.segment));
    next.isBehindGap = before !== undefined && !isJoint;
    next.startUs = first.startUs + joinedUs;
    next.offsetUs = this.#firstOffsetUs + joinedUs;
    this.#current = next;
  }

  /** Sound may reach into the segment that is joined: there the last chunk ends all the same. */
  #tellEnd(
    followed: FollowedFile,
    next: RecordedSegment | undefined,
    chunks: PastChunk[],
  ): void {
    if (followed.isEnded) return;
    const { segment, scan } = followed;
    const endUs = next && isJoined(segment, next)
      ? joinedOffsetUs(segment, next)
      : segment.durationUs;
    this.#tell(followed, Infinity, chunks, endUs / US_PER_SECOND);
    followed.isEnded = true;
    followed.told = scan.chunks(0).length;
  }

  /** Tells chunks up to a number. */
  #tell(
    followed: FollowedFile,
    count: number,
    chunks: PastChunk[],
    endSeconds = followed.scan.endSeconds,
  ): void {
    const { segment, file, startUs, offsetUs } = followed;
    if (followed.told >= count || followed.isEnded) return;
    const all = followed.scan.chunks(endSeconds);
    for (const [number, chunk] of all.slice(0, count).entries()) {
      if (number < followed.told) continue;
      followed.told = number + 1;
      const { startSeconds, endSeconds } = chunk;
      const isOld = startUs + endSeconds * US_PER_SECOND <= this.#sinceUs;
      if (isOld || endSeconds <= startSeconds) continue;
      chunks.push(
        new PastChunk(this.#options.media, {
          ...{ file, chunk, offsetUs },
          startUs: startUs + startSeconds * US_PER_SECOND,
          headerKey: segment.header,
          isFirst: number === 0,
          isLast: number === all.length - 1,
          isBehindGap: followed.isBehindGap,
        }),
      );
      followed.isBehindGap = false;
    }
  }

  #isSettled({ completeAtMs }: FollowedFile): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return completeAtMs !== undefined && nowMs - completeAtMs >= SETTLED_MS;
  }
}
