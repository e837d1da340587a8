import { ConfigError, problemText } from "#config/errors.ts";
import { loadConfig, type LoadedConfig } from "#config/load.ts";

/**
 * Checks a configuration and tells the result line by line; nothing is started.
 *
 * Output: exit code, 0 if the configuration can be used, else 1.
 */
export async function checkCommand(
  file: string | undefined,
  write: (line: string) => void,
): Promise<number> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) {
      write(problemText(problem, error.file));
    }
    return 1;
  }
  for (const warning of loaded.warnings) write(`Warning: ${warning}`);
  const { size } = loaded.config.paths;
  const paths = size === 1 ? "1 path" : `${size} paths`;
  write(`OK: ${loaded.file ?? "no file, defaults"}, ${paths}`);
  return 0;
}
