import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";

/** Files that are uploaded at the same time. */
const MAX_PARALLEL = 2;

/** Files that wait at most; those beyond are looked for again when there is room. */
export const MAX_WAITING_FILES = 10_000;

/** Pause after a failure; each one in a row doubles it, up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/** A file that is to be uploaded. */
export interface UploadJob {
  readonly pathName: string;
  /** Absolute. */
  readonly file: string;
  /** Where journals of its folder are kept. */
  readonly folder: string;
  /** Of the object. */
  readonly url: string;
}

/** What a lane is given. */
export interface UploadLaneOptions {
  readonly clock: Clock;
  /** Does one job; what it throws is a failure. */
  readonly upload: (job: UploadJob, signal: AbortSignal) => Promise<void>;
  /** A job has failed, and comes again. */
  readonly onFailure: (
    job: UploadJob,
    failure: { readonly reason: string; readonly pauseMs: number },
  ) => void;
  /** Jobs were not taken, and may be now. */
  readonly onRoom: () => void;
}

/**
 * Uploads to one bucket, a few files at a time and each until it is there.
 *
 * One that fails waits behind the others, so that none holds them up.
 */
export class UploadLane {
  /** Settles when it was stopped and nothing is under way. */
  readonly settled: Promise<void>;
  #options: UploadLaneOptions;
  #waiting: UploadJob[] = [];
  /** URLs of those that wait or are under way. */
  #known = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #hasRefused = false;
  #ending = new AbortController();

  /** Uploads nothing yet. */
  constructor(options: UploadLaneOptions) {
    this.#options = options;
    const workers = Array.from({ length: MAX_PARALLEL }, () => this.#run());
    this.settled = Promise.all(workers).then(() => {});
  }

  /** Files that are not there yet. */
  get size(): number {
    return this.#known.size;
  }

  /** Uploads a file in its turn; nothing happens if its URL has one already, or too many wait. */
  add(job: UploadJob): void {
    if (this.#known.has(job.url)) return;
    if (this.#known.size >= MAX_WAITING_FILES) {
      this.#hasRefused = true;
      return;
    }
    this.#known.add(job.url);
    this.#waiting.push(job);
    this.#wakeUp();
  }

  /** Cuts off what is under way, and begins nothing more. Idempotent. */
  stop(): void {
    this.#ending.abort(new Error("uploads have ended"));
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #checkRoom(): void {
    if (!this.#hasRefused || this.size > MAX_WAITING_FILES / 2) return;
    this.#hasRefused = false;
    this.#options.onRoom();
  }

  async #run(): Promise<void> {
    const { clock, upload, onFailure } = this.#options;
    const { signal } = this.#ending;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const job = this.#waiting.shift();
      if (job === undefined) {
        await this.#wake.promise;
        continue;
      }
      try {
        await upload(job, signal);
        this.#known.delete(job.url);
        pauseMs = FIRST_PAUSE_MS;
        this.#checkRoom();
      } catch (error) {
        if (signal.aborted) return;
        onFailure(job, { reason: errorText(error), pauseMs });
        this.#waiting.push(job);
        await pause(clock, pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }
}
