import { randomBytes } from "#base/crypto.ts";
import type { ModulePorts } from "#core/ports.ts";
import { DvrPlaylist } from "./dvr_playlist.ts";
import type { PastReader, RecordedPast } from "./recorded_past.ts";

const PREFIX_BYTES = 6;

/** How often the disk is looked at, at most; the next look is due then. */
export const REFRESH_MS = 2_000;

/** What the past of a path is made of. */
export interface PathPastOptions {
  readonly past: RecordedPast;
  readonly pathName: string;
  readonly windowMs: number;
  readonly ports: ModulePorts;
}

/** What was recorded of one path, as its viewers see it. */
export class PathPast {
  readonly playlist: DvrPlaylist;
  #options: PathPastOptions;
  #reader: PastReader;
  #refreshedAtMs = -Infinity;
  #refreshing: Promise<void> | undefined;
  #isGrowing = false;

  /** Looks at nothing yet. */
  constructor(options: PathPastOptions) {
    const { past, pathName, windowMs } = options;
    this.#options = options;
    this.#reader = past.reader(pathName, windowMs);
    this.playlist = new DvrPlaylist(
      randomBytes(PREFIX_BYTES).toHex(),
      windowMs,
    );
  }

  /** Whether more may come soon. */
  get isGrowing(): boolean {
    return this.#isGrowing;
  }

  /** Takes what has come, unless that was looked for just now. @throws {HttpError | PlatformError} */
  async refresh(): Promise<void> {
    const { clock } = this.#options.ports;
    if (clock.monotonicMs() - this.#refreshedAtMs < REFRESH_MS) return;
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #read(): Promise<void> {
    const { chunks, files, isGrowing } = await this.#reader.next();
    this.#refreshedAtMs = this.#options.ports.clock.monotonicMs();
    this.#isGrowing = isGrowing;
    this.playlist.add(chunks, files);
  }
}
