import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { watchPaths } from "#platform/watch.ts";
import type { ConfigSources, SourceChanges } from "./sources.ts";

/** Between two looks at files that change: they are read when both found the same. */
const SETTLE_MS = 100;

/** How long a file may be missing or empty while it is written anew. */
const MISSING_MS = 1_000;

/** What a {@linkcode ConfigWatcher} is given. */
export interface ConfigWatcherOptions {
  /** The files, as they were read last. */
  readonly sources: ConfigSources;
  /** Reads them again, for this reason; a failure has been reported when it rejects. */
  readonly reload: (reason: string) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Watches the files of the configuration from now on, and reads them again when their content has changed. */
export async function openConfigWatcher(
  options: ConfigWatcherOptions,
): Promise<ConfigWatcher> {
  const watcher = new ConfigWatcher(options);
  await watcher.watch();
  watcher.look(); // what has changed since they were read
  return watcher;
}

/** Sees to it that changed files are read again. */
export class ConfigWatcher implements AsyncDisposable {
  readonly #options: ConfigWatcherOptions;
  readonly #ended = new AbortController();
  #watch: AsyncDisposable | undefined;
  #watched: ReadonlySet<string> = new Set();
  #following: Promise<void> | undefined;
  #isAsked = false;

  /** Watches nothing yet; use {@linkcode openConfigWatcher}. */
  constructor(options: ConfigWatcherOptions) {
    this.#options = options;
  }

  /** Stops. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#following;
    await this.#watch?.[Symbol.asyncDispose]();
    this.#watch = undefined;
  }

  /** Watches the files that there are now. */
  async watch(): Promise<void> {
    this.#watched = await this.#options.sources.watchedPaths();
    await this.#watch?.[Symbol.asyncDispose]();
    this.#watch = undefined;
    if (this.#watched.size === 0) return;
    try {
      this.#watch = watchPaths(this.#watched, () => this.look());
    } catch (error) {
      this.#options.logger.warn(
        `${errorText(error)}: changes of the configuration may not be seen`,
      );
    }
  }

  /** Looks at the files soon. */
  look(): void {
    this.#isAsked = true;
    this.#following ??= this.#follow()
      .finally(() => this.#following = undefined);
  }

  async #follow(): Promise<void> {
    while (this.#isAsked && !this.#ended.signal.aborted) {
      this.#isAsked = false;
      const changes = await this.#settledChanges();
      if (changes) {
        const names = [...changes.changed, ...changes.missing].join(", ");
        await this.#options.reload(`${names} changed`).catch(() => {}); // in the log already
      }
      const paths = await this.#options.sources.watchedPaths();
      const isWatched = paths.symmetricDifference(this.#watched).size === 0;
      if (isWatched && !changes) continue;
      await this.watch();
      this.#isAsked = true; // for what has changed meanwhile
    }
  }

  /** What has changed, once it stays so; `undefined`: nothing. */
  async #settledChanges(): Promise<SourceChanges | undefined> {
    const { sources, clock } = this.#options;
    const { signal } = this.#ended;
    const giveUpAtMs = clock.monotonicMs() + MISSING_MS;
    let before: SourceChanges | undefined;
    for (;;) {
      await pause(clock, SETTLE_MS, signal);
      if (signal.aborted) return undefined;
      const now = await sources.look();
      if (now.changed.length + now.missing.length === 0) return undefined;
      const isSettled = now.fingerprint === before?.fingerprint &&
        (now.missing.length === 0 || clock.monotonicMs() >= giveUpAtMs);
      if (isSettled) return now;
      before = now;
    }
  }
}
