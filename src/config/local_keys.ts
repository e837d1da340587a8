import type { ConfigProblem, KeyPath } from "./errors.ts";
import { type Config, GLOBAL_FIELDS, PATH_FIELDS } from "./root_schema.ts";

/** Keys that only files and environment set: they say what the API may do. */
const LOCAL_KEYS = ["apiAllowHooks", "apiPersist"] as const;

/** Keys that hold a command or a webhook. */
const commandKeys = (fields: typeof GLOBAL_FIELDS): readonly string[] =>
  [...fields].filter(([key, { type }]) =>
    key.startsWith("runOn") && type.name === "text"
  ).map(([key]) => key);

const GLOBAL_COMMANDS = commandKeys(GLOBAL_FIELDS);
const PATH_COMMANDS = commandKeys(PATH_FIELDS);

/**
 * What the API has changed that only files and environment may: who may set commands, and the commands unless
 * `apiAllowHooks` is set.
 *
 * A path may go on with the commands it had, or those of `pathDefaults`.
 */
export function localFault(
  before: Config,
  after: Config,
): ConfigProblem | undefined {
  for (const key of LOCAL_KEYS) {
    if (before[key] !== after[key]) {
      return faultAt([key], "set it in the configuration file");
    }
  }
  if (before.apiAllowHooks) return undefined;
  const remedy =
    "set it in the configuration file, or set 'apiAllowHooks: yes' there";
  for (const key of GLOBAL_COMMANDS) {
    if (valueOf(before, key) !== valueOf(after, key)) {
      return faultAt([key], remedy);
    }
  }
  for (const key of PATH_COMMANDS) {
    const inherited = valueOf(before.pathDefaults, key);
    if (valueOf(after.pathDefaults, key) !== inherited) {
      return faultAt(["pathDefaults", key], remedy);
    }
    for (const [name, path] of after.paths) {
      const value = valueOf(path, key);
      const old = before.paths.get(name);
      if (value === inherited || (old && value === valueOf(old, key))) continue;
      return faultAt(["paths", name, key], remedy);
    }
  }
  return undefined;
}

function valueOf(values: object, key: string): unknown {
  return values[key as never];
}

function faultAt(keyPath: KeyPath, remedy: string): ConfigProblem {
  return { keyPath, reason: `the API may not set it: ${remedy}` };
}
