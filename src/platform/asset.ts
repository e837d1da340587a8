import { toPlatformError } from "./errors.ts";

/**
 * Reads a file that belongs to the program: out of its sources, or out of the executable.
 *
 * @throws {PlatformError} if it is not there.
 */
export async function loadAsset(url: URL): Promise<Uint8Array> {
  try {
    return await Deno.readFile(url);
  } catch (error) {
    throw toPlatformError(error, `read ${url.pathname}`);
  }
}
