import type { RawObject } from "#base/schema.ts";
import { errorText } from "#base/errors.ts";
import { isCatchAllEntry } from "#paths/path_matcher.ts";
import { environment } from "#platform/env.ts";
import { absolutePath, fileExists } from "#platform/files.ts";
import { replaceOldKeys } from "./deprecated.ts";
import { type ConfigDocument, mergeDocument } from "./document.ts";
import { applyEnvironment, VARIABLE_PREFIXES } from "./environment.ts";
import { ConfigError, Origins } from "./errors.ts";
import { localFault } from "./local_keys.ts";
import { buildOver, emptyOverlay, type Overlay } from "./overlay.ts";
import { OverlayFile } from "./overlay_file.ts";
import { Findings } from "./read_fields.ts";
import { readConfigFiles } from "./read_files.ts";
import type { Config } from "./root_schema.ts";
import { ConfigSources } from "./sources.ts";

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

/** A configuration, what it is made of and what there is to say about it. */
export interface LoadedConfig {
  readonly config: Config;
  /** Where each value was given, by the names that keys have now. */
  readonly origins: Origins;
  /** What files and environment gave. */
  readonly base: ConfigDocument;
  /** What the API has changed. */
  readonly overlay: Overlay;
  /** Keeps what the API changes; `undefined`: nothing does. */
  readonly overlayFile: OverlayFile | undefined;
  /** As they were named or found. */
  readonly files: readonly string[];
  /** For the log, one line each. */
  readonly warnings: readonly string[];
  /** What was left out because it cannot be used; for the log, one line each. */
  readonly errors: readonly string[];
}

/** What {@linkcode loadConfig} takes from the outside. */
export interface LoadOptions {
  /** The environment of this process unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Files to look for if none is named; {@linkcode CONFIG_FILES} unless given. */
  readonly candidates?: readonly string[];
  /** Takes what was read, to see later whether it has changed. */
  readonly sources?: ConfigSources;
  /**
   * Leave out what the API has changed if it cannot be used any more, and put its file aside; otherwise that is an
   * error as any.
   */
  readonly rejectsOverlay?: boolean;
}

/** What the values are said to be from that the API has set and nothing keeps. */
const API = "API";

/** What the overlay is beside if there is no file. */
const DEFAULT_FILE = "weir.yml";

/**
 * Loads the configuration: the files, or the first of the usual ones, one over the other, then the environment, then what
 * the API has changed, if that is kept.
 *
 * Without any file everybody may publish and read every path, and a warning says so.
 * Spec: MediaMTX's configuration file.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export async function loadConfig(
  named: readonly string[] = [],
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const variables = options.environment ?? environment();
  const keys = VARIABLE_PREFIXES.map((prefix) =>
    variables[prefix + KEY_VARIABLE]
  )
    .filter((key) => key !== undefined && key !== "") as string[];
  const files = named.length > 0
    ? named
    : await firstExisting(options.candidates ?? CONFIG_FILES);
  const { sources = new ConfigSources() } = options;
  const documents = await readConfigFiles(files, { keys, sources });
  const { base, warnings } = mergeFiles(documents, files.at(-1));
  const problems = applyEnvironment(base.raw, variables, base.origins);
  if (files.length === 0) {
    letEverybodyIn(base.raw);
    warnings.unshift(noFileWarning(options.candidates ?? CONFIG_FILES));
  }
  const overlay = emptyOverlay(API);
  const built = buildOver(base, overlay, problems);
  const loaded: LoadedConfig = {
    ...built,
    base,
    overlay,
    overlayFile: undefined,
    files,
    warnings: [...warnings, ...built.warnings],
    errors: [],
  };
  if (!built.config.apiPersist) return loaded;
  return await withOverlay(
    loaded,
    new OverlayFile(files.at(-1) ?? DEFAULT_FILE, keys),
    options.rejectsOverlay ?? false,
  );
}

function letEverybodyIn(raw: RawObject): void {
  const paths = raw["paths"] as RawObject | undefined ?? {};
  const hasCatchAll = Object.keys(paths).some(isCatchAllEntry);
  raw["paths"] = hasCatchAll ? paths : { ...paths, all_others: null };
}

function noFileWarning(candidates: readonly string[]): string {
  if (candidates.length === 0) {
    return "everybody may publish and read every path";
  }
  const files = NEAR_FILES.map((file) => absolutePath(file)).join(", ");
  return `configuration file not found (looked in ${files}), everybody may publish and read every path`;
}

async function firstExisting(files: readonly string[]): Promise<string[]> {
  for (const file of files) if (await fileExists(file)) return [file];
  return [];
}

/** All files in one; each with the new names of old keys, so that a later file's value counts by any name. */
function mergeFiles(
  documents: readonly ConfigDocument[],
  file: string | undefined,
): { base: ConfigDocument; warnings: string[] } {
  const raw: RawObject = Object.create(null);
  const base = { raw, origins: new Origins(file) };
  const warnings: string[] = [];
  for (const document of documents) {
    const findings = new Findings(document.origins);
    replaceOldKeys(document.raw, document.origins, findings);
    warnings.push(...findings.warnings);
    mergeDocument(base, document);
  }
  return { base, warnings };
}

/** Puts over `loaded` what the API has changed, as far as it is kept. */
async function withOverlay(
  loaded: LoadedConfig,
  overlayFile: OverlayFile,
  rejectsOverlay: boolean,
): Promise<LoadedConfig> {
  const { path } = overlayFile;
  try {
    const overlay = await overlayFile.read();
    const built = buildOver(loaded.base, overlay);
    const fault = localFault(loaded.config, built.config);
    if (fault) throw new ConfigError([fault], path);
    const { config, origins } = built;
    return { ...loaded, config, origins, overlay, overlayFile };
  } catch (error) {
    if (!(error instanceof ConfigError) || !rejectsOverlay) throw error;
    const aside = await overlayFile.reject().then(
      (newPath) => `it is ${newPath} now`,
      errorText,
    );
    const reasons = error.message.replaceAll("\n", "; ");
    const text =
      `Cannot use what the API has changed (${path}): ${reasons}; ${aside}`;
    const overlay = emptyOverlay(path);
    return { ...loaded, overlay, overlayFile, errors: [text] };
  }
}
