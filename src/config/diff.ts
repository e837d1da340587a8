import { propertyName } from "#base/schema.ts";
import type { ModuleName } from "#base/schema.ts";
import {
  type AnyField,
  type Config,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "./root_schema.ts";
import { sameValue } from "./same_value.ts";

/** What a new configuration must reach. */
export interface ConfigEffects {
  /** Modules that must take it. */
  readonly modules: ReadonlySet<ModuleName>;
  /** Whether something changed that only sessions opened from then on see. */
  readonly newSessions: boolean;
  /** Whether something changed that is read at each use. */
  readonly live: boolean;
  /** Entries of `paths` that changed; all others are the same. */
  readonly paths: ReadonlyMap<string, PathChange>;
}

/** `path`: its paths are closed and made anew; `pathHot`: they take it, publisher and readers stay. */
export type PathChange = "added" | "removed" | "path" | "pathHot";

/** What must happen so that the program runs on `after` instead of `before`. */
export function effectsOf(before: Config, after: Config): ConfigEffects {
  const modules = new Set<ModuleName>();
  let newSessions = false;
  let live = false;
  for (const { effect } of changedFields(GLOBAL_FIELDS, before, after)) {
    if (effect === "newSessions") newSessions = true;
    else if (effect === "live") live = true;
    else if (typeof effect === "string") modules.add("paths");
    else for (const name of effect) modules.add(name);
  }
  return { modules, newSessions, live, paths: pathChanges(before, after) };
}

function pathChanges(before: Config, after: Config): Map<string, PathChange> {
  const changes = new Map<string, PathChange>();
  for (const [name, path] of after.paths) {
    const old = before.paths.get(name);
    const change = old ? pathChangeOf(old, path) : "added";
    if (change) changes.set(name, change);
  }
  for (const name of before.paths.keys()) {
    if (!after.paths.has(name)) changes.set(name, "removed");
  }
  return changes;
}

/** What a path must do to go from one entry to another, `undefined` if nothing; their names do not count. */
export function pathChangeOf(
  before: object,
  after: object,
): "path" | "pathHot" | undefined {
  const changed = changedFields(PATH_FIELDS, before, after);
  if (changed.length === 0) return undefined;
  return changed.every(({ effect }) => effect === "pathHot")
    ? "pathHot"
    : "path";
}

function changedFields(
  fields: ReadonlyMap<string, AnyField>,
  before: object,
  after: object,
): AnyField[] {
  const changed: AnyField[] = [];
  for (const [key, field] of fields) {
    const property = propertyName(key, field.type) as never;
    if (!sameValue(before[property], after[property])) changed.push(field);
  }
  return changed;
}
