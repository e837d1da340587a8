import { ConfigError, problemText } from "#config/errors.ts";
import { loadConfig, type LoadedConfig } from "#config/load.ts";
import { printConfig } from "#config/print.ts";

/** What {@linkcode checkCommand} is told. */
export interface CheckOptions {
  /** As they are named; none: the usual ones. */
  readonly files: readonly string[];
  /** Write the configuration itself instead of a summary. */
  readonly isPrinted: boolean;
  readonly write: (line: string) => void;
}

/**
 * Checks a configuration and tells the result line by line; nothing is started.
 *
 * Output: exit code, 0 if the configuration can be used, else 1.
 */
export async function checkCommand(
  { files, isPrinted, write }: CheckOptions,
): Promise<number> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(files);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) {
      write(problemText(problem, error.file));
    }
    return 1;
  }
  const { config, origins } = loaded;
  const names = loaded.files.length > 0
    ? loaded.files.join(", ")
    : "no file, defaults";
  if (isPrinted) {
    for (const warning of loaded.warnings) write(`# Warning: ${warning}`);
    write(`# ${names}; keys that are not here have their defaults`);
    write(printConfig(config, origins).trimEnd());
    return 0;
  }
  for (const warning of loaded.warnings) write(`Warning: ${warning}`);
  const { size } = config.paths;
  write(`OK: ${names}, ${size === 1 ? "1 path" : `${size} paths`}`);
  return 0;
}
