import { environment } from "#platform/env.ts";
import { absolutePath, fileExists, readTextFile } from "#platform/files.ts";
import type { RawObject } from "#base/schema.ts";
import { errorText } from "#base/errors.ts";
import { isCatchAllEntry } from "#paths/path_matcher.ts";
import { buildConfig } from "./build.ts";
import { decryptConfig } from "./encryption.ts";
import { applyEnvironment, VARIABLE_PREFIXES } from "./environment.ts";
import { ConfigError, Origins } from "./errors.ts";
import type { Config } from "./root_schema.ts";
import { parseYamlConfig } from "./yaml.ts";

/** Files that are looked for, in this order, when none is named. */
export const CONFIG_FILES: readonly string[] = [
  "weir.yml",
  "rtsp-simple-server.yml",
  "mediamtx.yml",
  "/usr/local/etc/weir.yml",
  "/usr/local/etc/mediamtx.yml",
  "/usr/etc/weir.yml",
  "/usr/etc/mediamtx.yml",
  "/etc/weir/weir.yml",
  "/etc/mediamtx/mediamtx.yml",
];

/** Files of the working folder among {@linkcode CONFIG_FILES}. */
const NEAR_FILES = CONFIG_FILES.filter((file) => !file.startsWith("/"));

/** Variable, after its prefix, with the key of an encrypted file. */
const KEY_VARIABLE = "CONFKEY";

/** A configuration, where it is from and what there is to say about it. */
export interface LoadedConfig {
  readonly config: Config;
  /** For the log, one line each. */
  readonly warnings: readonly string[];
  /** As it was named or found; `undefined`: none was found. */
  readonly file: string | undefined;
}

/** What {@linkcode loadConfig} takes from the outside. */
export interface LoadOptions {
  /** The environment of this process unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Files to look for; {@linkcode CONFIG_FILES} unless given. */
  readonly candidates?: readonly string[];
}

/**
 * Loads the configuration: `file`, or the first of the usual files, then the environment.
 *
 * Without any file everybody may publish and read every path, and a warning says so.
 * Spec: MediaMTX's configuration file.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export async function loadConfig(
  file?: string,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const variables = options.environment ?? environment();
  const candidates = options.candidates ?? CONFIG_FILES;
  const found = file ?? await firstExisting(candidates);
  const { raw, origins } = found === undefined
    ? { raw: {}, origins: new Origins() }
    : await parseYamlConfig(await readConfigText(found, variables), found);
  const problems = applyEnvironment(raw, variables, origins);
  if (found === undefined) letEverybodyIn(raw);
  const { config, warnings } = buildConfig(raw, origins, problems);
  return {
    config,
    warnings: found === undefined ? [noFileWarning(), ...warnings] : warnings,
    file: found,
  };
}

function letEverybodyIn(raw: RawObject): void {
  const paths = raw["paths"] as RawObject | undefined ?? {};
  const hasCatchAll = Object.keys(paths).some(isCatchAllEntry);
  raw["paths"] = hasCatchAll ? paths : { ...paths, all_others: null };
}

function noFileWarning(): string {
  const files = NEAR_FILES.map((file) => absolutePath(file)).join(", ");
  return `configuration file not found (looked in ${files}), everybody may publish and read every path`;
}

async function firstExisting(
  files: readonly string[],
): Promise<string | undefined> {
  for (const file of files) if (await fileExists(file)) return file;
  return undefined;
}

async function readConfigText(
  file: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  let text: string;
  try {
    text = await readTextFile(file);
  } catch (cause) {
    throw new ConfigError(
      [{ keyPath: [], reason: errorText(cause) }],
      file,
      { cause },
    );
  }
  for (const prefix of VARIABLE_PREFIXES) {
    const key = variables[prefix + KEY_VARIABLE];
    if (key) text = await decryptConfig(text, key, file);
  }
  return text;
}
