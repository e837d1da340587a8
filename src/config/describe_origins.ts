import type { RawObject, RawValue } from "#base/schema.ts";
import { isRawObject } from "./document.ts";
import {
  type KeyPath,
  keyPathText,
  type Origins,
  originText,
} from "./errors.ts";
import {
  type AnyField,
  type Config,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "./root_schema.ts";

/** What is said of a value that nothing gives. */
const DEFAULT = "default";

/**
 * Where each value is from, by the text of its key path.
 *
 * Of global keys and `pathDefaults` all are told, of the entries of `paths` those that are given: the others are those of
 * `pathDefaults`.
 */
export function describeOrigins(
  { given }: Config,
  origins: Origins,
): ReadonlyMap<string, string> {
  const described = new Map<string, string>();
  const describe = (value: RawValue, keyPath: KeyPath) => {
    for (const leaf of leavesOf(value, keyPath)) {
      described.set(
        keyPathText(leaf),
        originText(origins.find(leaf)) ?? DEFAULT,
      );
    }
  };
  const describeAll = (
    fields: ReadonlyMap<string, AnyField>,
    values: Readonly<RawObject>,
    keyPath: KeyPath,
  ) => {
    for (const key of fields.keys()) {
      describe(values[key] ?? null, [...keyPath, key]);
    }
  };
  describeAll(GLOBAL_FIELDS, given.global, []);
  describeAll(PATH_FIELDS, given.pathDefaults, ["pathDefaults"]);
  for (const [name, values] of given.paths) describe(values, ["paths", name]);
  return described;
}

/** Ways to the values that have no values in them, but for lists of such. */
function leavesOf(value: RawValue, keyPath: KeyPath): KeyPath[] {
  const isList = Array.isArray(value) && value.some(isRawObject);
  const isObject = isRawObject(value) && Object.keys(value).length > 0;
  if (!isList && !isObject) return [keyPath];
  const parts: [string | number, RawValue][] = isList
    ? value.map((part, i) => [i, part])
    : Object.entries(value as RawObject);
  return parts.flatMap(([key, part]) => leavesOf(part, [...keyPath, key]));
}
