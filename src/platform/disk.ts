import { dirname } from "node:path";
import { toPlatformError } from "./errors.ts";

/** A file that is written from its start on. */
export interface OutputFile {
  /** Adds bytes to its end. @throws {PlatformError} */
  write(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were written. @throws {PlatformError} */
  replace(offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /** Cuts its end off. @throws {PlatformError} */
  truncate(sizeBytes: number): Promise<void>;
  /** Closes it, once the disk has everything. @throws {PlatformError} if it does not take it; it is closed then, too. */
  close(): Promise<void>;
}

/** What makes files: the system, or a test. */
export interface Disk {
  /**
   * Makes a file and the folders that it is in.
   *
   * Output: undefined if there is such a file already and `replacesOld` is not set.
   *
   * @throws {PlatformError} if it cannot be made.
   */
  create(
    path: string,
    options?: { readonly replacesOld?: boolean },
  ): Promise<OutputFile | undefined>;
  /** Removes a file. @throws {PlatformError} */
  remove(path: string): Promise<void>;
}

const MAX_CREATE_TRIES = 10;

/** A lock is a mark for those who ask; Windows would let nobody read the file. */
const HAS_MARKS = Deno.build.os !== "windows";

/** The files of this machine. */
export const systemDisk: Disk = {
  async create(path, { replacesOld = false } = {}) {
    for (let tries = 1;; tries++) {
      try {
        await Deno.mkdir(dirname(path), { recursive: true, mode: 0o755 });
        const file = await openNew(path, replacesOld);
        if (HAS_MARKS) await file?.tryLock(true).catch(() => {}); // not on every file system
        return file && new SystemFile(path, file);
      } catch (error) {
        // Whoever removes empty folders may have been faster than the file, or than the folder in it.
        const isGone = error instanceof Deno.errors.NotFound ||
          error instanceof Deno.errors.AlreadyExists;
        if (isGone && tries < MAX_CREATE_TRIES) continue;
        throw toPlatformError(error, `make ${path}`);
      }
    }
  },
  async remove(path) {
    try {
      await Deno.remove(path);
    } catch (error) {
      throw toPlatformError(error, `remove ${path}`);
    }
  },
};

/** Output: undefined if it is there, and is not to be replaced. */
async function openNew(
  path: string,
  replacesOld: boolean,
): Promise<Deno.FsFile | undefined> {
  if (replacesOld) {
    return await Deno.open(path, { write: true, create: true, truncate: true });
  }
  try {
    return await Deno.open(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

/**
 * Whether somebody, here or in another process, writes a file that {@linkcode Disk.create} has made; no, where
 * systems do not say so.
 *
 * @throws {PlatformError} if it may not be read.
 */
export async function isBeingWritten(path: string): Promise<boolean> {
  if (!HAS_MARKS) return false;
  try {
    using file = await Deno.open(path);
    return !await file.tryLock(false).catch(() => true); // not on every file system
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw toPlatformError(error, `read ${path}`);
  }
}

/**
 * Opens a file that is there to repair it.
 *
 * @throws {PlatformError} if it may not be written.
 */
export async function openOutputFile(path: string): Promise<OutputFile> {
  try {
    return new SystemFile(path, await Deno.open(path, { write: true }));
  } catch (error) {
    throw toPlatformError(error, `write ${path}`);
  }
}

/**
 * Puts a whole file into a folder that is made if it is not there; an old one is replaced. Whoever looks finds all of
 * it or nothing. Not for what must be there after the power has failed.
 *
 * @throws {PlatformError} if it cannot be written; nothing of it is left.
 */
export async function putFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // not made
    throw toPlatformError(error, `write ${path}`);
  }
}

/** Bytes that may still be written to the disk of a folder, which must be there. @throws {PlatformError} */
export async function freeDiskBytes(folder: string): Promise<number> {
  try {
    const { statfs } = await import("node:fs/promises");
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    throw toPlatformError(error, `ask for the free space of ${folder}`);
  }
}

/** Size of a file; 0 if it is not there any more. */
export async function fileSizeBytes(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0; // not there any more, or not for this process: nothing to count
  }
}

/** Removes the folders that a file was in as long as they are empty, up to `top`, which stays. */
export async function removeEmptyFolders(
  path: string,
  top: string,
): Promise<void> {
  const isBelow = (folder: string) =>
    folder.length > top.length && folder.startsWith(top);
  for (
    let folder = dirname(path);
    isBelow(folder);
    folder = dirname(folder)
  ) {
    try {
      await Deno.remove(folder);
    } catch {
      return; // not empty: something else is in it
    }
  }
}

class SystemFile implements OutputFile {
  #path: string;
  #file: Deno.FsFile;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#do(() => this.#writeAll(bytes));
  }

  replace(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    return this.#do(async () => {
      await this.#file.seek(offsetBytes, Deno.SeekMode.Start);
      await this.#writeAll(bytes);
      await this.#file.seek(0, Deno.SeekMode.End);
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#do(async () => {
      await this.#file.truncate(sizeBytes);
      await this.#file.seek(0, Deno.SeekMode.End);
    });
  }

  /** What the system does when a file is closed, it does at once: nothing must be left to write then. */
  async close(): Promise<void> {
    try {
      await this.#do(() => this.#file.syncData());
    } finally {
      this.#file.close();
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#file.write(at === 0 ? bytes : bytes.subarray(at));
    }
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw toPlatformError(error, `write ${this.#path}`);
    }
  }
}
