import { removeEmptyFolders } from "#platform/disk.ts";
import { filesBelow, folderOf, removeFile } from "#platform/files.ts";

/** Nobody else's files are called so: the random number is in all of them. */
const SEGMENT =
  /^[0-9a-f]{12}_[a-z]+\d*_(?:init|seg\d+)\.(?:mp4|ts)(?:\.tmp)?$/;

/** These are ours where one of those is. */
const PLAYLIST = /^(?:index|[a-z]+\d*_stream)\.m3u8(?:\.tmp)?$/;

/**
 * Removes what a program that was killed has left in a folder, and the folders that are empty then.
 *
 * Output: how many files.
 *
 * @throws {PlatformError} if it may not be read, or a file cannot be removed.
 */
export async function removeStaleFiles(top: string): Promise<number> {
  const folders = new Set<string>();
  const playlists: string[] = [];
  let count = 0;
  for await (const file of filesBelow(top)) {
    const folder = folderOf(file);
    const name = file.slice(folder.length + 1);
    if (PLAYLIST.test(name)) playlists.push(file);
    if (!SEGMENT.test(name)) continue;
    folders.add(folder);
    await removeFile(file);
    count++;
  }
  for (const file of playlists) {
    if (!folders.has(folderOf(file))) continue;
    await removeFile(file);
    count++;
  }
  for (const folder of folders) await removeEmptyFolders(`${folder}/file`, top);
  return count;
}
