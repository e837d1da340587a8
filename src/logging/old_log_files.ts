import type { Clock } from "#base/clock.ts";
import { PlatformError } from "#platform/errors.ts";
import {
  compressFile,
  removeFile,
  renameFile,
  suffixesBeside,
} from "#platform/log_output.ts";

/** What becomes of old files. */
export interface OldLogFileRules {
  /** How many stay; 0 for all. */
  readonly keep: number;
  readonly compress: boolean;
}

/** What stands behind the name of the log file. */
const OLD = /^\.\d{8}T\d{6}\.\d{3}Z(\.gz)?$/;

/** What was being compressed when a program ended. */
const UNFINISHED = /^\.\d{8}T\d{6}\.\d{3}Z\.gz\.tmp$/;

/**
 * The files that a log file was renamed to: `mediamtx.log.20260105T070809.123Z`, with `.gz` behind it when compressed.
 *
 * In UTC, so that the order of the names is that of time also when clocks are set back in autumn.
 */
export class OldLogFiles {
  #path: string;
  #clock: Clock;
  #onError: (error: unknown) => void;
  #abort = new AbortController();
  #tidying: Promise<void> = Promise.resolve();
  #lastAtMs = 0;

  /** Those of the log file `path`; `onError` is told what went wrong in the background. */
  constructor(path: string, clock: Clock, onError: (error: unknown) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#onError = onError;
  }

  /**
   * Renames the log file, which nobody writes to now, to an old one; if somebody else just did so, that is as good.
   *
   * @throws {PlatformError} if that cannot be done; it keeps its name then.
   */
  async add(): Promise<void> {
    const atMs = Math.max(this.#clock.wallMs(), this.#lastAtMs + 1);
    this.#lastAtMs = atMs;
    const stamp = new Date(atMs).toISOString().replace(/-|:/g, "");
    try {
      await renameFile(this.#path, `${this.#path}.${stamp}`);
    } catch (error) {
      const isGone = error instanceof PlatformError &&
        error.code === "not_found";
      if (!isGone) throw error;
    }
  }

  /** Begins to remove and to compress what is to be, in the background. */
  tidy(rules: OldLogFileRules): void {
    this.#tidying = this.#tidying.then(() => this.#tidy(rules)).catch(
      (error) => {
        if (!this.#abort.signal.aborted) this.#onError(error);
      },
    );
  }

  /** Stops what goes on in the background; the next tidying does the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error("the log is closed"));
    await this.#tidying;
  }

  async #tidy({ keep, compress }: OldLogFileRules): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const suffixes = await suffixesBeside(this.#path);
    for (const suffix of suffixes.filter((one) => UNFINISHED.test(one))) {
      await removeFile(this.#path + suffix);
    }
    const old = suffixes.filter((one) => OLD.test(one)).sort().reverse();
    const kept = keep === 0 ? old : old.slice(0, keep);
    for (const suffix of old.slice(kept.length)) {
      await removeFile(this.#path + suffix);
    }
    if (!compress) return;
    for (const suffix of kept.filter((one) => !one.endsWith(".gz"))) {
      await this.#compress(this.#path + suffix);
    }
  }

  async #compress(path: string): Promise<void> {
    const unfinished = `${path}.gz.tmp`;
    try {
      await compressFile(path, unfinished, this.#abort.signal);
      await renameFile(unfinished, `${path}.gz`);
    } catch (error) {
      await removeFile(unfinished);
      throw error;
    }
    await removeFile(path);
  }
}
