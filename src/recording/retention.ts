import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { freeDiskBytes, isBeingWritten } from "#platform/disk.ts";
import type { RecordingConfig } from "./config.ts";
import type { KeptSegment, Recordings } from "./recordings.ts";
import { segmentNames } from "./segment_files.ts";

/** Longest time between two looks at the files. */
const MAX_INTERVAL_MS = 1_800_000;

/** Longest time between two looks where space is limited. */
const SPACE_INTERVAL_MS = 30_000;

/** Shortest time between two looks; and each rests so many times as long as it took: many files are a lot of work. */
const MIN_INTERVAL_MS = 1_000;
const REST_FACTOR = 9;

const US_PER_MS = 1_000;

/** What keeps files in order is given. */
export interface RetentionOptions {
  readonly recordings: Recordings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a file is to be uploaded first; none is, if left out. */
  readonly isWaiting?: (segment: KeptSegment) => Promise<boolean>;
  /** A file that was to be uploaded is gone: there was no space to wait. */
  readonly onLost?: (segment: KeptSegment) => void;
  /** Asks the disk of a folder, if left out. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Files that a limit is for: those of the entries that have the same one, in the same folder. */
interface Share {
  readonly folder: string;
  readonly limitBytes: number;
  /** Those that may go first. */
  readonly segments: readonly AgedSegment[];
}

/** A file, and whether it is to be uploaded first: only a disk that is full takes it before. */
interface AgedSegment extends KeptSegment {
  readonly isWaiting: boolean;
}

type LimitKey = "recordMaxTotalSizeBytes" | "recordMinFreeSpaceBytes";

/**
 * Repairs files that were not closed, then deletes those that are too old or too many, for ever.
 *
 * What is written now is never touched; what waits for its upload goes last, and only where space is limited.
 */
export class Retention implements AsyncDisposable {
  #options: RetentionOptions;
  #ending = new AbortController();
  #pausing = new AbortController();
  #isWanted = false;
  /** Files that could not be removed, of one look. */
  #failures: string[] = [];
  #working: Promise<void>;

  #onError = (error: unknown): void =>
    this.#options.logger.error(errorText(error));

  /** Begins at once. */
  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#working = this.#run();
  }

  /** Looks at the files soon: at once, unless it has just looked. */
  check(): void {
    this.#isWanted = true;
    this.#pausing.abort();
  }

  /** There is one file more, or no space for one: looks at the files where space is limited. */
  handleSegment(): void {
    if (this.#options.recordings.settings.some(hasSpaceLimit)) this.check();
  }

  /** Ends after the file that it is at. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#pausing.abort();
    await this.#working;
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    await this.#attempt(() => this.#repairAll());
    while (!this.#isEnding) {
      this.#isWanted = false;
      const startMs = clock.monotonicMs();
      await this.#attempt(() => this.#checkAll());
      this.#tellFailures();
      const tookMs = clock.monotonicMs() - startMs;
      const restMs = Math.max(MIN_INTERVAL_MS, REST_FACTOR * tookMs);
      await pause(clock, restMs, this.#ending.signal);
      this.#pausing = new AbortController();
      if (this.#isWanted || this.#isEnding) continue;
      const leftMs = Math.max(0, this.#intervalMs() - restMs);
      await pause(clock, leftMs, this.#pausing.signal);
    }
  }

  /** One line for all: a folder that may not be changed has many files. */
  #tellFailures(): void {
    const [first, ...others] = this.#failures;
    this.#failures = [];
    if (first === undefined) return;
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    this.#options.logger.error(first + more);
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.logger.error(errorText(error));
    }
  }

  async #repairAll(): Promise<void> {
    const { recordings, logger } = this.#options;
    let count = 0;
    for await (const segment of recordings.all(this.#onError)) {
      if (this.#isEnding) return;
      if (recordings.isOpen(segment)) continue;
      count++;
      // Loaded only where there are recordings.
      const { repairSegment } = await import("./repair.ts");
      await this.#attempt(async () => {
        const { file } = segment;
        const outcome = await repairSegment(file);
        if (outcome.kind === "removed") {
          logger.warn(`removed ${file}: no whole part is in it`);
        } else if (outcome.kind === "cut") {
          logger.warn(
            `repaired ${file}, which was not closed: ${outcome.bytes} bytes cut off`,
          );
        }
      });
    }
    logger.debug(`${count} files of recordings are in order`);
  }

  #intervalMs(): number {
    const { settings } = this.#options.recordings;
    let intervalMs = MAX_INTERVAL_MS;
    for (const one of settings) {
      if (hasSpaceLimit(one)) {
        intervalMs = Math.min(intervalMs, SPACE_INTERVAL_MS);
      }
      if (one.recordDeleteAfterMs > 0) {
        intervalMs = Math.min(intervalMs, one.recordDeleteAfterMs / 2);
      }
    }
    return intervalMs;
  }

  async #checkAll(): Promise<void> {
    const { recordings, clock, isWaiting } = this.#options;
    const isLimited = recordings.settings.some((one) =>
      one.recordDeleteAfterMs > 0 || hasSpaceLimit(one)
    );
    if (!isLimited) return;
    const nowMs = clock.wallMs();
    const kept: AgedSegment[] = [];
    for await (const one of recordings.all(this.#onError)) {
      if (this.#isEnding) return;
      const segment = { ...one, isWaiting: await isWaiting?.(one) ?? false };
      const { recordDeleteAfterMs } = segment.settings;
      const ageMs = nowMs - segment.startUs / US_PER_MS;
      const isOld = recordDeleteAfterMs > 0 && ageMs >= recordDeleteAfterMs &&
        !segment.isWaiting;
      if (!isOld || !await this.#remove(segment)) kept.push(segment);
    }
    // What seems to come from the future was recorded before the clock was set back.
    const ageOf = ({ startUs }: AgedSegment) =>
      startUs > nowMs * US_PER_MS ? startUs - Number.MAX_SAFE_INTEGER : startUs;
    kept.sort((a, b) =>
      Number(a.isWaiting) - Number(b.isWaiting) || ageOf(a) - ageOf(b)
    );
    for (const share of sharesOf(kept, "recordMaxTotalSizeBytes")) {
      await this.#limitTotal(share);
    }
    for (const share of sharesOf(kept, "recordMinFreeSpaceBytes")) {
      await this.#keepFree(share);
    }
  }

  async #limitTotal({ segments, limitBytes }: Share): Promise<void> {
    const { recordings } = this.#options;
    const sizes: number[] = [];
    for (const one of segments) sizes.push(await recordings.sizeBytes(one));
    let totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
    for (const [i, segment] of segments.entries()) {
      if (totalBytes <= limitBytes || this.#isEnding) return;
      if (await this.#remove(segment)) totalBytes -= sizes[i]!;
    }
  }

  async #keepFree({ segments, limitBytes, folder }: Share): Promise<void> {
    const { freeBytes = freeDiskBytes } = this.#options;
    for (const segment of segments) {
      if (await freeBytes(folder) >= limitBytes || this.#isEnding) return;
      await this.#remove(segment);
    }
  }

  /** Whether it is gone. */
  async #remove(segment: AgedSegment): Promise<boolean> {
    const { recordings, logger, onLost } = this.#options;
    const { file, isWaiting } = segment;
    if (recordings.isOpen(segment)) return false;
    if (await isBeingWritten(file).catch(() => false)) return false;
    if (isWaiting) logger.error(`removing ${file}, which was not uploaded`);
    else logger.debug(`removing ${file}`);
    try {
      await recordings.remove(segment);
      if (isWaiting) onLost?.(segment);
      return true;
    } catch (error) {
      this.#failures.push(errorText(error));
      return false;
    }
  }
}

function hasSpaceLimit(settings: RecordingConfig): boolean {
  const { recordMaxTotalSizeBytes, recordMinFreeSpaceBytes } = settings;
  return recordMaxTotalSizeBytes + recordMinFreeSpaceBytes > 0;
}

/** What a limit is for, by what it allows and where. */
function sharesOf(
  segments: readonly AgedSegment[],
  key: LimitKey,
): Iterable<Share> {
  const shares = new Map<
    string,
    Share & { readonly segments: AgedSegment[] }
  >();
  for (const segment of segments) {
    const limitBytes = segment.settings[key];
    if (limitBytes === 0) continue;
    const { folder } = segmentNames(segment.settings);
    const id = `${limitBytes} ${folder}`;
    const share = shares.get(id) ?? { folder, limitBytes, segments: [] };
    share.segments.push(segment);
    shares.set(id, share);
  }
  return shares.values();
}
