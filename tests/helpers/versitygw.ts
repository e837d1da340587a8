import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Versity's S3 gateway, as a Go module: it checks signatures, checksums and session tokens as Amazon does. */
const VERSION = "v1.8.0";
const MODULE = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;

const CACHE_FOLDER = fileURLToPath(
  new URL("../../.cache/versitygw", import.meta.url),
);

const EXECUTABLE = join(CACHE_FOLDER, VERSION, "versitygw");

/**
 * Path of Versity's S3 gateway. It is made once with Go and kept in a cache; `undefined` where that is not possible.
 *
 * `go`: path of Go's own program, if it is there.
 */
export function versitygw(go: string | undefined): string | undefined {
  if (isFile(EXECUTABLE)) return EXECUTABLE;
  if (go === undefined) return undefined;
  Deno.mkdirSync(CACHE_FOLDER, { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: CACHE_FOLDER });
  try {
    const { success } = new Deno.Command(go, {
      args: ["install", MODULE],
      env: { GOBIN: folder },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).outputSync();
    if (!success) return undefined;
    Deno.mkdirSync(join(CACHE_FOLDER, VERSION), { recursive: true });
    Deno.renameSync(join(folder, "versitygw"), EXECUTABLE);
    return EXECUTABLE;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
