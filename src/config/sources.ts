import {
  absolutePath,
  fileExists,
  folderOf,
  isFilePattern,
  matchingFiles,
  readTextFile,
  realPath,
} from "#platform/files.ts";

/** What has become of the files of a configuration since they were read. */
export interface SourceChanges {
  /** Files with other content, new ones included, as they are named. */
  readonly changed: readonly string[];
  /** Files that are gone, or empty: both also while they are written anew. */
  readonly missing: readonly string[];
  /** Equal for two looks that found the same. */
  readonly fingerprint: string;
}

/** The files that a configuration was last read from, whether it could be used or not. */
export class ConfigSources {
  #texts: ReadonlyMap<string, string | undefined> = new Map();
  #patterns: ReadonlySet<string> = new Set();

  /** What was read: the text of each file, `undefined` if it could not be, and the patterns of other files. */
  replace(
    texts: ReadonlyMap<string, string | undefined>,
    patterns: ReadonlySet<string>,
  ): void {
    this.#texts = texts;
    this.#patterns = patterns;
  }

  /** Reads the files again, and looks for new ones. */
  async look(): Promise<SourceChanges> {
    const before = this.#texts;
    const files = new Set(before.keys());
    for (const pattern of this.#patterns) {
      for (const file of await filesOf(pattern)) files.add(file);
    }
    const changed: string[] = [];
    const missing: string[] = [];
    const texts: string[] = [];
    for (const file of files) {
      const text = await readTextFile(file).catch(() => undefined);
      const old = before.get(file);
      if (text === old) continue;
      const isMissing = !text?.trim() && old !== undefined;
      (isMissing ? missing : changed).push(file);
      texts.push(file, text ?? "");
    }
    return { changed, missing, fingerprint: texts.join("\0") };
  }

  /**
   * Where changes of these files show: the files, and the folders they and what links mean are in; of folders that are
   * not there, the nearest that is.
   */
  async watchedPaths(): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    for (const file of this.#texts.keys()) {
      const real = await realPath(file);
      paths.add(await nearestFolder(folderOf(absolutePath(file))));
      if (real !== undefined) paths.add(real).add(folderOf(real));
    }
    for (const pattern of this.#patterns) {
      let folder = folderOf(absolutePath(pattern));
      for (const one of await filesOf(folder)) paths.add(one);
      while (isFilePattern(folder)) folder = folderOf(folder);
      paths.add(await nearestFolder(folder));
    }
    return paths;
  }
}

/** A pattern whose folder may not be read has no files here; reading the configuration says why. */
async function filesOf(pattern: string): Promise<string[]> {
  return await matchingFiles(pattern).catch(() => []);
}

async function nearestFolder(path: string): Promise<string> {
  let folder = path;
  while (!(await fileExists(folder)) && folderOf(folder) !== folder) {
    folder = folderOf(folder);
  }
  return folder;
}
