import { toPlatformError } from "./errors.ts";

/** A file that is read where it is needed. */
export class InputFile implements Disposable {
  /** Bytes that it had when it was opened; it may have grown. */
  readonly sizeBytes: number;
  #path: string;
  #file: Deno.FsFile;
  #isClosed = false;
  /** Reads follow each other: the place to read from is the file's. */
  #last: Promise<unknown> = Promise.resolve();

  /** Use {@linkcode openInputFile}. */
  constructor(path: string, file: Deno.FsFile, sizeBytes: number) {
    this.#path = path;
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Reads a range. Output: owned; shorter if the file ends before.
   *
   * @throws {PlatformError} if it cannot be read.
   */
  readAt(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const reading = this.#last.then(() => this.#read(offsetBytes, lengthBytes));
    this.#last = reading.catch(() => {}); // whoever asked is told
    return reading;
  }

  async #read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(lengthBytes);
    try {
      await this.#file.seek(offsetBytes, Deno.SeekMode.Start);
      for (let at = 0; at < lengthBytes;) {
        const count = await this.#file.read(bytes.subarray(at));
        if (count === null) return bytes.subarray(0, at);
        at += count;
      }
      return bytes;
    } catch (error) {
      throw toPlatformError(error, `read ${this.#path}`);
    }
  }

  /** Closes the file. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }
}

/**
 * Opens a file to read from it.
 *
 * @throws {PlatformError} if it is not there, is a folder, or may not be read.
 */
export async function openInputFile(path: string): Promise<InputFile> {
  try {
    // To open what is none, such as a named pipe, might take for ever.
    const { isFile } = await Deno.stat(path);
    if (!isFile) throw new Error("it is no file");
    const file = await Deno.open(path);
    try {
      const { size } = await file.stat();
      return new InputFile(path, file, size);
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw toPlatformError(error, `read ${path}`);
  }
}
