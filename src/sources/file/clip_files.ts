import { filePathOf } from "#base/file_url.ts";
import { besideFile, matchingFiles } from "#platform/files.ts";
import { openInputFile } from "#platform/input_file.ts";
import { ClipError } from "./clip.ts";
import type { ClipStore } from "./clip_units.ts";

/** Files of a list or a folder. */
export const MAX_CLIP_FILES = 10_000;

/** Bytes of a list. */
const MAX_LIST_BYTES = 1_024 * 1_024;

const LIST_NAME = /\.m3u8?$/i;

/** Files of a folder that are taken. */
const CLIP_NAME = /\.(?:mp4|m4v|m4a|mov|ts|mts|m2ts)$/i;

/**
 * What a URL stands for.
 *
 * @throws {ClipError} if it is not usable.
 */
export function fileStore(url: string): ClipStore {
  const path = filePathOf(url);
  if (path === undefined) {
    throw new ClipError(
      `Cannot play ${url}: it must be like file:///folder/clip.mp4, without '..'`,
    );
  }
  return { name: path, list: () => clipFiles(path), open: openInputFile };
}

/**
 * The files that a path stands for, in the order in which they are played.
 *
 * A path that ends with a slash is a folder, whose MP4 and MPEG-TS files are sorted by name; `.m3u` and `.m3u8` are lists;
 * any other is the file itself. Files are not looked at.
 *
 * Limits: {@linkcode MAX_CLIP_FILES}.
 *
 * @throws {ClipError} if there are none, or too many.
 * @throws {PlatformError} if a folder or a list cannot be read.
 */
export async function clipFiles(path: string): Promise<readonly string[]> {
  const isFolder = path.endsWith("/");
  if (!isFolder && !LIST_NAME.test(path)) return [path];
  const files = isFolder ? await folderFiles(path) : await listFiles(path);
  if (files.length === 0) {
    throw new ClipError(
      isFolder ? "the folder has no MP4 or MPEG-TS file" : "the list is empty",
    );
  }
  if (files.length > MAX_CLIP_FILES) {
    throw new ClipError(`it has over ${MAX_CLIP_FILES} files`);
  }
  return files;
}

async function folderFiles(path: string): Promise<string[]> {
  const files = await matchingFiles(`${path}*`);
  return files.filter((file) => CLIP_NAME.test(file));
}

async function listFiles(path: string): Promise<string[]> {
  using input = await openInputFile(path);
  if (input.sizeBytes > MAX_LIST_BYTES) {
    throw new ClipError(`it has over ${MAX_LIST_BYTES} bytes`);
  }
  const text = new TextDecoder().decode(await input.readAt(0, input.sizeBytes));
  return parsePlaylist(text).map((name) => besideFile(path, name));
}

/**
 * Parses a list of files: one a line, empty lines and those that begin with `#` left out.
 *
 * Output: paths as they stand there, `file:` URLs as paths.
 *
 * @throws {ClipError} if a line is a URL of something else.
 */
export function parsePlaylist(text: string): string[] {
  return text.split(/\r\n?|\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(line)) return line;
      const path = filePathOf(line);
      if (path !== undefined) return path;
      throw new ClipError(
        "the list has a URL, but only files can be played one after the other",
      );
    });
}
