import type { RawObject } from "#base/schema.ts";
import {
  type ConfigDocument,
  copyDocument,
  copyRaw,
  isRawObject,
  mergeDocument,
} from "./document.ts";
import type { ConfigEdit } from "./edit.ts";
import { buildConfig, type BuiltConfig } from "./build.ts";
import { ConfigError, type ConfigProblem, Origins } from "./errors.ts";
import { yamlText } from "./write_yaml.ts";
import { parseYamlConfig } from "./yaml.ts";

/** What the API has changed: it lies over files and environment. */
export interface Overlay {
  /** What is said of its values when somebody asks where they are from. */
  readonly source: string;
  /** Entries of `paths` below it that are gone, or replaced by its own. */
  readonly removedPaths: ReadonlySet<string>;
  /** As a file would hold it. */
  readonly raw: Readonly<RawObject>;
}

/** Key of an overlay file beside those of any file. */
const REMOVED_PATHS = "removedPaths";

const HEAD = `\
# What the API has changed, laid over the configuration files and the environment.
# weir writes this file anew at each change of the API (apiPersist); comments here are lost.
# To drop it all, remove this file and reload.
`;

/** An overlay that changes nothing. */
export function emptyOverlay(source: string): Overlay {
  return { source, removedPaths: new Set(), raw: Object.create(null) };
}

/** Whether an overlay changes nothing. */
export function isEmptyOverlay({ raw, removedPaths }: Overlay): boolean {
  return removedPaths.size === 0 && Object.keys(raw).length === 0;
}

/**
 * Makes the configuration of `base` with the overlay over it; both stay as they are.
 *
 * Input: `problems`: what is known to be wrong already.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export function buildOver(
  base: ConfigDocument,
  overlay: Overlay,
  problems: readonly ConfigProblem[] = [],
): BuiltConfig & { readonly origins: Origins } {
  const { raw, origins } = layOver(base, overlay);
  return { ...buildConfig(raw, origins, problems), origins };
}

function layOver(base: ConfigDocument, overlay: Overlay): ConfigDocument {
  const merged = copyDocument(base);
  const { paths } = merged.raw;
  if (isRawObject(paths)) {
    for (const name of overlay.removedPaths) delete paths[name];
  }
  mergeDocument(merged, documentOf(overlay));
  return merged;
}

/** An overlay with one more edit; `values` is what the edit gives, as a file would hold it. */
export function editOverlay(
  overlay: Overlay,
  edit: ConfigEdit,
  { values, base }: {
    readonly values: RawObject;
    readonly base: ConfigDocument;
  },
): Overlay {
  const { source } = overlay;
  const removedPaths = new Set(overlay.removedPaths);
  const raw = copyRaw(overlay.raw) as RawObject;
  if (edit.kind === "deletePath" || edit.kind === "replacePath") {
    if (isRawObject(raw["paths"])) delete raw["paths"][edit.name];
    const { paths } = base.raw;
    if (isRawObject(paths) && Object.hasOwn(paths, edit.name)) {
      removedPaths.add(edit.name);
    }
  }
  const edited = documentOf({ source, removedPaths, raw });
  mergeDocument(edited, { raw: values, origins: new Origins() });
  return { source, removedPaths, raw: edited.raw };
}

function documentOf({ raw, source }: Overlay): ConfigDocument {
  const origins = new Origins();
  for (const key of Object.keys(raw)) origins.set([key], { file: source });
  return { raw, origins };
}

/** Text of an overlay's file. */
export function overlayText({ raw, removedPaths }: Overlay): string {
  const removed = removedPaths.size > 0
    ? { [REMOVED_PATHS]: [...removedPaths] }
    : {};
  return `${HEAD}\n${yamlText({ ...removed, ...raw })}`;
}

/**
 * Reads an overlay's file.
 *
 * @throws {ConfigError} if it is no YAML, or the names of removed paths are no list.
 */
export async function parseOverlay(
  text: string,
  source: string,
): Promise<Overlay> {
  const { raw, origins } = await parseYamlConfig(text, source);
  const { [REMOVED_PATHS]: removed = [], ...rest } = raw;
  if (!isListOfText(removed)) {
    throw new ConfigError(
      [origins.problem([REMOVED_PATHS], "must be a list of text")],
      source,
    );
  }
  return {
    source,
    removedPaths: new Set(removed),
    raw: copyRaw(rest) as RawObject,
  };
}

function isListOfText(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
