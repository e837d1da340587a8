import type {
  RawObject,
  RawValue,
  UnitSuffix,
  ValueType,
} from "#base/schema.ts";
import { REDACTED } from "#base/secret.ts";
import { copyRaw, isRawObject } from "./document.ts";
import { replaceOldKeys } from "./deprecated.ts";
import { ConfigError, type KeyPath, Origins } from "./errors.ts";
import { Findings } from "./read_fields.ts";
import {
  type AnyField,
  type GivenConfig,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "./root_schema.ts";

/** One change of the configuration; keys that are not among `values` stay as they are. */
export type ConfigEdit =
  | {
    readonly kind: "global" | "pathDefaults";
    readonly values: Readonly<RawObject>;
  }
  | {
    /** `replacePath`: keys that are not among `values` have what `pathDefaults` says, and the entry need not be there. */
    readonly kind: "addPath" | "patchPath" | "replacePath";
    readonly name: string;
    readonly values: Readonly<RawObject>;
  }
  | { readonly kind: "deletePath"; readonly name: string };

/** Why an edit is refused, beside wrong values; a stable word. */
export type ConfigEditErrorCode = "path_exists" | "path_not_found";

/** An edit that cannot be done, whatever its values. */
export class ConfigEditError extends RangeError {
  override readonly name = "ConfigEditError";
  /** What happened, for callers to branch on. */
  readonly code: ConfigEditErrorCode;

  /** `message` is the whole text. */
  constructor(message: string, code: ConfigEditErrorCode) {
    super(message);
    this.code = code;
  }
}

/** Lists and maps within each other. */
const MAX_EDIT_DEPTH = 32;

/** Keys of a file that are no global keys. */
const OTHER_TOP_KEYS = ["pathDefaults", "paths"];

/**
 * What an edit gives, as a file would hold it.
 *
 * Old keys become new ones, keys without value are left out, and {@linkcode REDACTED} becomes the secret that `before`
 * has there: of the list element of the same name, else of that at the same index.
 *
 * @throws {ConfigError} if a global edit has a key that only files have, values are nested too deep, or there is no
 * secret to put in the place of `<redacted>`.
 */
export function valuesOfEdit(
  edit: Exclude<ConfigEdit, { kind: "deletePath" }>,
  before: GivenConfig,
): RawObject {
  if (depthOf(edit.values, 0) > MAX_EDIT_DEPTH) {
    throw refusal([], `nested deeper than ${MAX_EDIT_DEPTH}`);
  }
  const values = copyRaw(edit.values) as RawObject;
  const raw: RawObject = Object.create(null);
  switch (edit.kind) {
    case "global": {
      const other = OTHER_TOP_KEYS.find((key) => Object.hasOwn(values, key));
      if (other !== undefined) throw refusal([other], "unknown");
      Object.assign(raw, values);
      break;
    }
    case "pathDefaults":
      raw["pathDefaults"] = values;
      break;
    default: {
      const paths: RawObject = Object.create(null);
      paths[edit.name] = values;
      raw["paths"] = paths;
    }
  }
  replaceOldKeys(raw, new Origins(), new Findings(new Origins()));
  restoreSecrets(raw, before);
  return raw;
}

function refusal(keyPath: KeyPath, reason: string): ConfigError {
  return new ConfigError([{ keyPath, reason }], undefined);
}

/** Stops a level below the limit: what is deeper may be too deep for any recursion. */
function depthOf(value: RawValue, depth: number): number {
  if (typeof value !== "object" || value === null || depth > MAX_EDIT_DEPTH) {
    return depth;
  }
  return Object.values(value).reduce(
    (deepest: number, part) => Math.max(deepest, depthOf(part, depth + 1)),
    depth + 1,
  );
}

function restoreSecrets(raw: RawObject, before: GivenConfig): void {
  const { pathDefaults, paths, ...global } = raw;
  for (const key of Object.keys(global)) {
    restoreKey(raw, { key, keyPath: [key], fields: GLOBAL_FIELDS }, [
      before.global,
    ]);
  }
  if (isRawObject(pathDefaults)) {
    for (const key of Object.keys(pathDefaults)) {
      const keyPath = ["pathDefaults", key];
      restoreKey(pathDefaults, { key, keyPath, fields: PATH_FIELDS }, [
        before.pathDefaults,
      ]);
    }
  }
  for (const [name, entry] of Object.entries(isRawObject(paths) ? paths : {})) {
    if (!isRawObject(entry)) continue;
    for (const key of Object.keys(entry)) {
      const keyPath = ["paths", name, key];
      restoreKey(entry, { key, keyPath, fields: PATH_FIELDS }, [
        before.paths.get(name) ?? {},
        before.pathDefaults,
      ]);
    }
  }
}

/** The value at `key`: nothing is left out, secrets are put back. */
function restoreKey(
  raw: RawObject,
  at: {
    readonly key: string;
    readonly keyPath: KeyPath;
    readonly fields: ReadonlyMap<string, AnyField>;
  },
  givenBefore: readonly Readonly<RawObject>[],
): void {
  const field = at.fields.get(at.key);
  if (!field) return; // refused with all else that is wrong
  if (raw[at.key] === null) {
    delete raw[at.key];
    return;
  }
  const before = givenBefore.map((given) => given[at.key] ?? undefined)
    .find((value) => value !== undefined) ?? field.default;
  raw[at.key] = restored(raw[at.key]!, field.type, {
    before,
    keyPath: at.keyPath,
  });
}

function restored(
  value: RawValue,
  type: ValueType<unknown, UnitSuffix>,
  at: { before: RawValue | undefined; keyPath: KeyPath },
): RawValue {
  const { before, keyPath } = at;
  if (type.isSecret && value === REDACTED) {
    if (typeof before === "string") return before;
    throw refusal(
      keyPath,
      `'${REDACTED}' stands for the value that is there, and there is none: give the value itself`,
    );
  }
  const { element, shape } = type;
  if (Array.isArray(value) && element) {
    const partners = Array.isArray(before) ? before : [];
    return value.map((one, i) =>
      restored(one, element, {
        before: partnerOf(value, i, { partners, element }),
        keyPath: [...keyPath, i],
      })
    );
  }
  if (!isRawObject(value) || !shape) return value;
  const own = isRawObject(before) ? before : {};
  for (const [key, part] of Object.entries(shape)) {
    if (!Object.hasOwn(value, key)) continue;
    value[key] = restored(value[key]!, part, {
      before: Object.hasOwn(own, key) || before === undefined
        ? own[key]
        : part.zero,
      keyPath: [...keyPath, key],
    });
  }
  return value;
}

/** The element of before that the one at `index` goes on with: of the same name, else at the same index. */
function partnerOf(
  list: readonly RawValue[],
  index: number,
  { partners, element }: {
    partners: readonly RawValue[];
    element: ValueType<unknown>;
  },
): RawValue | undefined {
  const [nameKey] = Object.keys(element.shape ?? {});
  const nameOf = (one: RawValue) =>
    isRawObject(one) && nameKey !== undefined ? one[nameKey] : undefined;
  const name = nameOf(list[index]!);
  const sameBefore = list.slice(0, index)
    .filter((one) => nameOf(one) === name).length;
  return partners.filter((one) => nameOf(one) === name)[sameBefore] ??
    partners[index];
}
