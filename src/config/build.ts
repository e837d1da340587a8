import { propertyName, type RawObject, type RawValue } from "#base/schema.ts";
import { compareByteOrder } from "#paths/path_matcher.ts";
import { replaceOldKeys } from "./deprecated.ts";
import { ConfigError, type ConfigProblem, Origins } from "./errors.ts";
import { replaceLegacyCredentials } from "./legacy_credentials.ts";
import { defaultOf, Findings, readFields } from "./read_fields.ts";
import {
  type AnyField,
  type Config,
  GLOBAL_FIELDS,
  type GlobalConfig,
  PATH_FIELDS,
  type PathConfig,
  type PathValues,
} from "./root_schema.ts";
import { validateGlobal } from "./validate.ts";
import { validatePaths } from "./validate_path.ts";

/** Entries of `paths`; every one is merged and checked. */
const MAX_PATHS = 20_000;

/** A configuration and what there is to say about it. */
export interface BuiltConfig {
  readonly config: Config;
  /** Finished texts: old keys, features that are not there yet. */
  readonly warnings: readonly string[];
}

let builtDefaults: { global: GlobalConfig; path: PathValues } | undefined;

function defaults(): { global: GlobalConfig; path: PathValues } {
  builtDefaults ??= {
    global: defaultsOf(GLOBAL_FIELDS) as unknown as GlobalConfig,
    path: defaultsOf(PATH_FIELDS) as unknown as PathValues,
  };
  return builtDefaults;
}

function defaultsOf(
  fields: ReadonlyMap<string, AnyField>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, field] of fields) {
    values[propertyName(key, field.type)] = defaultOf(field);
  }
  return values;
}

/** What runs without a file: everybody may publish and read every path. */
export function defaultConfig(): Config {
  return buildConfig({ paths: { all_others: null } }).config;
}

/**
 * Makes the configuration of what a file, the environment and the API gave.
 *
 * Input: keys and values as in a file; changed: old keys are replaced by the new ones. `problems`: what is known to be
 * wrong already.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export function buildConfig(
  raw: RawObject,
  origins: Origins = new Origins(),
  problems: readonly ConfigProblem[] = [],
): BuiltConfig {
  const findings = new Findings(origins, problems);
  replaceOldKeys(raw, origins, findings);
  replaceLegacyCredentials(raw, origins, findings);
  const { paths: givenPaths, pathDefaults: givenDefaults, ...global } = raw;
  const globalValues = {
    ...defaults().global,
    ...readFields(global, { fields: GLOBAL_FIELDS, keyPath: [] }, findings),
  };
  if (findings.problems.length === 0) validateGlobal(globalValues, findings);
  const rawDefaults = asObject(givenDefaults, "pathDefaults", findings);
  const pathDefaults = {
    ...defaults().path,
    ...readFields(
      rawDefaults,
      { fields: PATH_FIELDS, keyPath: ["pathDefaults"] },
      findings,
    ),
  };
  const rawPaths = asObject(givenPaths, "paths", findings);
  const { paths, given } = readPaths(rawPaths, pathDefaults, findings);
  const config: Config = {
    ...globalValues,
    pathDefaults,
    paths,
    given: { global, pathDefaults: rawDefaults, paths: given },
  };
  validatePaths(config, findings);
  if (findings.problems.length > 0) {
    throw new ConfigError(findings.problems, origins.file);
  }
  return { config, warnings: findings.warnings };
}

function asObject(
  value: RawValue | undefined,
  key: string,
  findings: Findings,
): RawObject {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  findings.refuse([key], "must be keys and values");
  return {};
}

function readPaths(
  rawPaths: RawObject,
  pathDefaults: PathValues,
  findings: Findings,
): { paths: Map<string, PathConfig>; given: Map<string, RawObject> } {
  const paths = new Map<string, PathConfig>();
  const given = new Map<string, RawObject>();
  const names = Object.keys(rawPaths).sort(compareByteOrder);
  if (names.length > MAX_PATHS) {
    findings.refuse(
      ["paths"],
      `must be ${MAX_PATHS} at most, found ${names.length}`,
    );
    return { paths, given };
  }
  for (const name of names) {
    const value = rawPaths[name] ?? {};
    const keyPath = ["paths", name];
    if (typeof value !== "object" || Array.isArray(value)) {
      findings.refuse(keyPath, "must be keys and values");
      continue;
    }
    const problemsBefore = findings.problems.length;
    const own = readFields(
      value,
      { fields: PATH_FIELDS, keyPath, isNullUnset: true },
      findings,
    );
    if (findings.problems.length > problemsBefore) continue;
    paths.set(name, { ...pathDefaults, ...own, name });
    given.set(name, value);
  }
  return { paths, given };
}
