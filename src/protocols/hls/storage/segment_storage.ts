import { pause } from "#base/abort.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { absolutePath } from "#platform/files.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import { type PlaylistFile, SegmentFolder } from "./segment_folder.ts";
import { removeStaleFiles } from "./stale_files.ts";

/** How long the end waits for a disk that may hang. */
const END_TIMEOUT_MS = 5_000;

/** The folders of all muxers, each named as its path. */
export class SegmentStorage implements AsyncDisposable {
  #context: HlsContext;
  /** Absolute. */
  #top: string;
  #cleaned: Promise<void>;
  /** Folders whose files are being removed, by path. */
  #closing = new Map<string, Promise<void>>();

  /** Begins to remove what an earlier program has left. */
  constructor(context: HlsContext) {
    this.#context = context;
    this.#top = absolutePath(context.config.hlsDirectory);
    this.#cleaned = this.#clean();
  }

  /** The folder of a muxer, with what lies beside its segments. */
  open(
    pathName: string,
    logger: Logger,
    playlists: () => readonly PlaylistFile[],
  ): SegmentFolder {
    const { clock, events } = this.#context.ports;
    return new SegmentFolder({
      ...{ top: this.#top, pathName, playlists, clock, events, logger },
      after: this.#closing.get(pathName) ?? this.#cleaned,
    });
  }

  /** The muxer has ended: its files go. */
  close(pathName: string, folder: SegmentFolder): void {
    const closing: Promise<void> = folder.close().finally(() => {
      if (this.#closing.get(pathName) === closing) {
        this.#closing.delete(pathName);
      }
    });
    this.#closing.set(pathName, closing);
  }

  /** Waits until the files of all folders that were closed are gone, but not for long. */
  async [Symbol.asyncDispose](): Promise<void> {
    const done = new AbortController();
    const all = Promise.all([this.#cleaned, ...this.#closing.values()]);
    const { clock } = this.#context.ports;
    await Promise.race([all, pause(clock, END_TIMEOUT_MS, done.signal)]);
    done.abort();
  }

  async #clean(): Promise<void> {
    const { logger } = this.#context.ports;
    try {
      const count = await removeStaleFiles(this.#top);
      if (count > 0) {
        logger.info(
          `removed ${count} file(s) that an earlier run had left in ${this.#top} (hlsDirectory)`,
        );
      }
    } catch (error) {
      logger.warn(`Cannot clean hlsDirectory: ${errorText(error)}`);
    }
  }
}
