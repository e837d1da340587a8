import { resolve } from "node:path";
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
