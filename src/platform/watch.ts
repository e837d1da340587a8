import { basename } from "node:path";
import { toPlatformError } from "./errors.ts";

/**
 * Calls `onChange` whenever a file of one of these folders (not below them) is made, renamed or removed, or one of these
 * files is written to, until disposed.
 *
 * Both are needed for a file: the folder shows when it is replaced, the file itself what is written where it is mounted
 * from elsewhere.
 *
 * @throws {PlatformError} if something is not there, or the system watches no more.
 */
export function watchPaths(
  paths: Iterable<string>,
  onChange: () => void,
): AsyncDisposable {
  const watched = [...paths];
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(watched, { recursive: false });
  } catch (error) {
    throw toPlatformError(error, `watch ${watched.join(", ")}`);
  }
  const ended = hear(
    watcher,
    new Set(watched.map((path) => basename(path))),
    onChange,
  );
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      watcher.close();
      await ended;
    },
  };
}

async function hear(
  watcher: Deno.FsWatcher,
  names: ReadonlySet<string>,
  onChange: () => void,
): Promise<void> {
  for await (const { kind, paths } of watcher) {
    if (kind === "access") continue;
    // Other files of the folder may be written to all the time, such as logs.
    const isElsewhere = kind === "modify" &&
      !paths.some((path) => names.has(basename(path)));
    if (!isElsewhere) onChange();
  }
}
