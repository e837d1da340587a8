import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import type { EventPort } from "#core/ports.ts";
import { putFile, removeEmptyFolders } from "#platform/disk.ts";
import { removeFile } from "#platform/files.ts";
import { openInputFile } from "#platform/input_file.ts";
import type { SegmentStore } from "#protocols/hls/engine/segment_store.ts";

/** A disk that takes longer for one thing hangs. */
const DISK_TIMEOUT_MS = 10_000;

/** Pause after a failure; each one in a row doubles it, up to the longest. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/** A playlist, for servers of files. */
export interface PlaylistFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What makes, removes and reads files: the system, or a test. */
export interface FolderDisk {
  /** Makes or replaces a whole file. @throws {PlatformError} */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, if it is there. @throws {PlatformError} */
  remove(path: string): Promise<void>;
  /** Reads a whole file. @throws {PlatformError} */
  read(path: string): Promise<Uint8Array>;
}

const SYSTEM_DISK: FolderDisk = {
  put: putFile,
  remove: removeFile,
  async read(path) {
    using file = await openInputFile(path);
    return await file.readAt(0, file.sizeBytes);
  },
};

/** What the folder of a path is given. */
export interface SegmentFolderOptions {
  /** Folder of all paths, absolute. */
  readonly top: string;
  readonly pathName: string;
  /** Nothing is done before: another folder of the path may have files left. */
  readonly after: Promise<void>;
  /** What is to lie beside the segments whenever all of them are there. */
  readonly playlists: () => readonly PlaylistFile[];
  readonly clock: Clock;
  /** Logger of the path's muxer. */
  readonly logger: Logger;
  readonly events: Pick<EventPort, "emit">;
  /** The files of this machine, if left out. */
  readonly disk?: FolderDisk;
}

interface WaitingFile {
  readonly bytes: Uint8Array;
  readonly onKept: () => void;
}

/**
 * Keeps the files of a muxer in a folder, one after the other, while the muxer goes on.
 *
 * What the disk does not take is tried again; until then it is the muxer's, which has no more than its window.
 */
export class SegmentFolder implements SegmentStore {
  #options: SegmentFolderOptions;
  #disk: FolderDisk;
  #folder: string;
  #waiting = new Map<string, WaitingFile>();
  #kept = new Set<string>();
  #dropped = new Set<string>();
  #playlists = new Set<string>();
  #areOld = false;
  #reads = new Map<string, Promise<Uint8Array | undefined>>();
  #isWorking = false;
  #running: Promise<void> | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #cancelPause: (() => void) | undefined;
  #isClosed = false;
  #unread: SampledWarning;
  #lastUnread = "";

  /** Makes nothing yet. Input: a valid name of a path. */
  constructor(options: SegmentFolderOptions) {
    this.#options = options;
    this.#disk = options.disk ?? SYSTEM_DISK;
    this.#folder = `${options.top}/${options.pathName}`;
    this.#unread = new SampledWarning(
      options.logger,
      options.clock,
      (count) =>
        `${count} file(s) could not be read, last: ${this.#lastUnread}`,
    );
  }

  keep(name: string, bytes: Uint8Array, onKept: () => void): void {
    this.#waiting.set(name, { bytes, onKept });
    this.#run();
  }

  read(name: string, then: (bytes: Uint8Array | undefined) => void): void {
    let reading = this.#reads.get(name);
    if (reading === undefined) {
      reading = this.#read(name).finally(() => this.#reads.delete(name));
      this.#reads.set(name, reading);
    }
    let isAnswered = false;
    const answer = (bytes: Uint8Array | undefined) => {
      if (isAnswered) return;
      isAnswered = true;
      cancel();
      then(bytes);
    };
    // Nobody waits for a disk that hangs.
    const cancel = this.#options.clock.after(
      DISK_TIMEOUT_MS,
      () => answer(undefined),
    );
    void reading.then(answer);
  }

  drop(name: string): void {
    this.#waiting.delete(name);
    this.#dropped.add(name);
    this.#run();
  }

  /** Removes all that it has made; a disk may hang. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#unread[Symbol.dispose]();
    for (const name of this.#kept) this.#dropped.add(name);
    this.#run();
    await this.#running;
  }

  #run(): void {
    if (this.#isClosed) this.#cancelPause?.();
    else if (this.#cancelPause) return;
    this.#cancelPause = undefined;
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#running = this.#work();
  }

  /** Does what there is to do, and ends. What is dropped goes first: a full disk has room again. */
  async #work(): Promise<void> {
    await this.#options.after;
    try {
      for (;;) {
        const [dropped] = this.#dropped;
        const [next] = this.#waiting;
        if (dropped !== undefined) await this.#remove(dropped);
        else if (next !== undefined) await this.#write(...next);
        else if (this.#areOld && !this.#isClosed) await this.#putPlaylists();
        else break;
      }
      if (this.#isClosed) await this.#removeFolder();
    } catch (error) {
      this.#fail(errorText(error));
    } finally {
      this.#isWorking = false;
    }
  }

  async #write(name: string, file: WaitingFile): Promise<void> {
    await this.#put(name, file.bytes);
    this.#areOld = true;
    if (this.#waiting.get(name) !== file) {
      this.#dropped.add(name); // while it was written
      return;
    }
    this.#waiting.delete(name);
    file.onKept();
  }

  async #putPlaylists(): Promise<void> {
    this.#areOld = false;
    const playlists = this.#options.playlists();
    for (const { name, bytes } of playlists) await this.#put(name, bytes);
    const names = new Set(playlists.map(({ name }) => name));
    for (const name of this.#playlists.difference(names)) {
      this.#dropped.add(name);
    }
    this.#playlists = names;
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#timed(this.#disk.put(this.#pathOf(name), bytes));
    this.#kept.add(name);
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  async #remove(name: string): Promise<void> {
    this.#dropped.delete(name);
    if (!this.#kept.delete(name)) return;
    try {
      await this.#timed(this.#disk.remove(this.#pathOf(name)));
    } catch (error) {
      this.#report(errorText(error)); // the others may go all the same
    }
  }

  #removeFolder(): Promise<void> {
    return removeEmptyFolders(this.#pathOf("file"), this.#options.top);
  }

  async #read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#timed(this.#disk.read(this.#pathOf(name)));
    } catch (error) {
      this.#lastUnread = errorText(error);
      this.#unread.add(1);
      return undefined;
    }
  }

  async #timed<T>(work: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const cancel = clock.after(
      DISK_TIMEOUT_MS,
      () =>
        this.#report(
          `the disk of hlsDirectory hangs: it has not answered for ${DISK_TIMEOUT_MS} ms`,
        ),
    );
    try {
      return await work;
    } finally {
      cancel();
    }
  }

  #fail(reason: string): void {
    const pauseMs = this.#pauseMs;
    this.#report(
      `${reason}; segments stay in memory, the disk is tried again in ${
        pauseMs / 1_000
      } s`,
    );
    this.#pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    if (this.#isClosed) return;
    this.#cancelPause = this.#options.clock.after(pauseMs, () => {
      this.#cancelPause = undefined;
      this.#run();
    });
  }

  #report(reason: string): void {
    const { logger, events, pathName } = this.#options;
    logger.error(reason);
    events.emit({ type: "failed", kind: "hls", subject: pathName, reason });
  }

  #pathOf(name: string): string {
    return `${this.#folder}/${name}`;
  }
}
