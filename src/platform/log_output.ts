import { basename, dirname } from "node:path";
import { toPlatformError } from "./errors.ts";

/** Takes bytes, all of them, without holding anybody up. */
export interface ByteOutput {
  /** Writes all; a reader that has gone away is no error. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Standard output, for what must not wait for who reads it. */
export const backgroundOutput: ByteOutput = {
  write: (bytes) => writeToReader(Deno.stdout, bytes),
};

/** Standard error, likewise. */
export const backgroundErrors: ByteOutput = {
  write: (bytes) => writeToReader(Deno.stderr, bytes),
};

async function writeToReader(
  output: Pick<Deno.FsFile, "write">,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await writeAll(output, bytes, () => {});
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

async function writeAll(
  output: Pick<Deno.FsFile, "write">,
  bytes: Uint8Array,
  onWritten: (sizeBytes: number) => void,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const sizeBytes = await output.write(bytes.subarray(at));
    onWritten(sizeBytes);
    at += sizeBytes;
  }
}

/** A file that is written at its end, whoever else writes to it. */
export interface AppendFile extends ByteOutput, Disposable {
  /** How much it holds. */
  readonly sizeBytes: number;
  /** When it was written to last before it was opened, milliseconds since the epoch; 0 if that is not known. */
  readonly modifiedAtMs: number;
}

/**
 * Opens a file at its end; makes it, readable by everybody, where there is none.
 *
 * @throws {PlatformError} if this process may not write it or it cannot be made.
 */
export async function openAppendFile(path: string): Promise<AppendFile> {
  try {
    const file = await Deno.open(path, {
      append: true,
      create: true,
      mode: 0o644,
    });
    try {
      const { size, mtime } = await file.stat();
      return appendFile(path, file, size, mtime?.getTime() ?? 0);
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw toPlatformError(error, `write ${path}`);
  }
}

function appendFile(
  path: string,
  file: Deno.FsFile,
  startBytes: number,
  modifiedAtMs: number,
): AppendFile {
  let sizeBytes = startBytes;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    modifiedAtMs,
    async write(bytes) {
      try {
        await writeAll(file, bytes, (count) => sizeBytes += count);
      } catch (error) {
        throw toPlatformError(error, `write ${path}`);
      }
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/**
 * Gives a file another name in its folder; one that has the name already stays as it is.
 *
 * @throws {PlatformError} if that cannot be done, or there is a file of that name.
 */
export async function renameFile(from: string, to: string): Promise<void> {
  try {
    if (await hasFile(to)) throw new Error(`${to} is there already`);
    await Deno.rename(from, to);
  } catch (error) {
    throw toPlatformError(error, `rename ${from}`);
  }
}

async function hasFile(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Removes a file; one that is not there is no error.
 *
 * @throws {PlatformError} if that cannot be done.
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw toPlatformError(error, `remove ${path}`);
  }
}

/**
 * What stands behind the name of `path` in the names of the files beside it that begin with it: `.old` of `a.log.old`.
 *
 * @throws {PlatformError} if the folder cannot be read.
 */
export async function suffixesBeside(path: string): Promise<string[]> {
  const folder = dirname(path);
  const name = basename(path);
  const suffixes: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isFile && entry.name.startsWith(name)) {
        suffixes.push(entry.name.slice(name.length));
      }
    }
  } catch (error) {
    throw toPlatformError(error, `read ${folder}`);
  }
  return suffixes;
}

/** Bytes compressed at a time: small, because each part holds everything else up for as long as it takes. */
const COMPRESSED_AT_ONCE_BYTES = 16 * 1_024;

/**
 * Writes a file's content, compressed with gzip, to another one that is made anew.
 *
 * @throws {PlatformError} if that cannot be done; `signal`'s reason if it aborts. What was written is there then.
 */
export async function compressFile(
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    using input = await Deno.open(from);
    const output = await Deno.open(to, {
      write: true,
      create: true,
      truncate: true,
      mode: 0o644,
    });
    await partsOf(input).pipeThrough(new CompressionStream("gzip"))
      .pipeTo(output.writable, { signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw toPlatformError(error, `compress ${from}`);
  }
}

function partsOf(file: Deno.FsFile): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const part = new Uint8Array(COMPRESSED_AT_ONCE_BYTES);
      const sizeBytes = await file.read(part);
      if (sizeBytes === null) controller.close();
      else controller.enqueue(part.subarray(0, sizeBytes));
    },
  });
}
