import {
  appendToFile,
  fileExists,
  readTextFile,
  replaceFile,
} from "#platform/files.ts";

/** Name of the file in a folder of recordings. */
const JOURNAL_NAME = ".uploaded";

const JOURNAL_MODE = 0o644;

/**
 * Remembers what of a folder of recordings was uploaded and checked: a file with the URL of one object a line.
 *
 * A line that a crash has torn is none: the object is looked for again.
 */
export class UploadJournal {
  #file: string;
  #urls: Set<string>;
  /** Changes follow each other. */
  #last: Promise<void> = Promise.resolve();

  /** Use {@linkcode openUploadJournal}. */
  constructor(file: string, urls: Set<string>) {
    this.#file = file;
    this.#urls = urls;
  }

  /** Objects that are there. */
  get urls(): ReadonlySet<string> {
    return this.#urls;
  }

  /** An object is there. @throws {PlatformError} if that cannot be written down. */
  add(url: string): Promise<void> {
    return this.#then(async () => {
      if (this.#urls.has(url)) return;
      // A line feed in front ends a line that a crash has torn.
      await appendToFile(this.#file, `\n${url}\n`);
      this.#urls.add(url);
    });
  }

  /** Forgets objects, whose files are gone. @throws {PlatformError} if that cannot be written down. */
  forget(urls: ReadonlySet<string>): Promise<void> {
    return this.#then(async () => {
      const left = this.#urls.difference(urls);
      const text = Array.from(left, (url) => `${url}\n`).join("");
      await replaceFile(this.#file, text, JOURNAL_MODE);
      this.#urls = left;
    });
  }

  #then(change: () => Promise<void>): Promise<void> {
    const changing = this.#last.then(change);
    this.#last = changing.catch(() => {}); // whoever asked is told
    return changing;
  }
}

/** Reads what was uploaded of a folder. @throws {PlatformError} if that cannot be read. */
export async function openUploadJournal(
  folder: string,
): Promise<UploadJournal> {
  const file = `${folder}/${JOURNAL_NAME}`;
  const text = await fileExists(file) ? await readTextFile(file) : "";
  // What stands behind the last line feed is not whole.
  const lines = text.split("\n").slice(0, -1);
  return new UploadJournal(file, new Set(lines.filter((line) => line !== "")));
}
