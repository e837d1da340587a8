import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { toPlatformError } from "./errors.ts";

/**
 * Reads a whole UTF-8 file.
 *
 * @throws {PlatformError} `not_found`, `permission` or another reason of the system.
 */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw toPlatformError(error, `read ${path}`);
  }
}

/** Whether there is a file (or folder) that this process may look at. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false; // not there, or not for this process: the same to the caller
  }
}

/** The path from the root of the file system, `.` and `..` resolved against the working folder. */
export function absolutePath(path: string): string {
  return resolve(path);
}

/** `name` as it is meant in `file`: beside it, unless it starts at the root. */
export function besideFile(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}

/** The folder that a file is in. */
export function folderOf(path: string): string {
  return dirname(path);
}

/** The path with every link followed; `undefined` if nothing is there. */
export async function realPath(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch {
    return undefined; // not there, or not for this process: the same to the caller
  }
}

/** Whether a path has `*` or `?`, which stand for any characters and for one. */
export function isFilePattern(path: string): boolean {
  return /[*?]/.test(path);
}

/**
 * The files that a pattern fits, sorted: `*` and `?` stand for characters of one name, but for a dot at its start.
 *
 * @throws {PlatformError} if a folder may not be read; one that is not there has no files.
 */
export async function matchingFiles(pattern: string): Promise<string[]> {
  if (!isFilePattern(pattern)) {
    return await fileExists(pattern) ? [pattern] : [];
  }
  const name = basename(pattern);
  const found: string[] = [];
  for (const folder of await matchingFiles(dirname(pattern))) {
    if (!isFilePattern(name)) {
      const path = join(folder, name);
      if (await fileExists(path)) found.push(path);
      continue;
    }
    for (const entry of await namesIn(folder)) {
      if (fitsPattern(entry, name)) found.push(join(folder, entry));
    }
  }
  return found.sort();
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!isGone) throw toPlatformError(error, `read ${folder}`);
  }
  return names;
}

/**
 * Every file in a folder and those below it, in no order; links to folders are not followed, devices and pipes are
 * left out.
 *
 * @throws {PlatformError} if the folder may not be read; one that is not there has no files.
 */
export async function* filesBelow(
  folder: string,
): AsyncGenerator<string, void> {
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    try {
      for await (const entry of Deno.readDir(next)) {
        const path = join(next, entry.name);
        if (entry.isDirectory) folders.push(path);
        else if (entry.isFile || entry.isSymlink) yield path;
      }
    } catch (error) {
      const isGone = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory;
      if (!isGone) throw toPlatformError(error, `read ${next}`);
    }
  }
}

/** Goes back to the last `*` only: linear for each `*`. */
function fitsPattern(name: string, pattern: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern++;
      starAt = at;
    } else if (wanted === "?" || wanted === name[at]) {
      at++;
      inPattern++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++starAt;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}

/** What may be done with a file, as in `chmod`; `undefined` where there is none, or systems do not say so. */
export async function fileMode(path: string): Promise<number | undefined> {
  try {
    const { mode } = await Deno.stat(path);
    return mode === null ? undefined : mode & 0o777;
  } catch {
    return undefined; // not there, or not for this process: the same to the caller
  }
}

/**
 * Writes a whole file: whoever reads it, or finds it after a crash, has all of the old or all of the new.
 *
 * @throws {PlatformError} if it cannot be written; the old one is still there.
 */
export async function replaceFile(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeDown(temporary, text, mode);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // not made, or renamed
    throw toPlatformError(error, `write ${path}`);
  }
}

async function writeDown(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
  await file.sync();
}

/**
 * Adds text to the end of a file, and makes it if it is not there; on the disk when this settles.
 *
 * @throws {PlatformError} if it cannot be written.
 */
export async function appendToFile(path: string, text: string): Promise<void> {
  try {
    using file = await Deno.open(path, { append: true, create: true });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.sync();
  } catch (error) {
    throw toPlatformError(error, `write ${path}`);
  }
}

/**
 * Removes a file; one that is not there is no error.
 *
 * @throws {PlatformError} if it cannot be removed.
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
 * Gives a file another name; a file that has it is replaced.
 *
 * @throws {PlatformError} if it cannot be renamed.
 */
export async function renameFile(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    throw toPlatformError(error, `rename ${from}`);
  }
}
