import type {
  RawObject,
  RawValue,
  UnitSuffix,
  ValueType,
} from "#base/schema.ts";
import { redactCredentials } from "#base/redact.ts";
import { REDACTED } from "#base/secret.ts";
import { isRawObject } from "./document.ts";
import { type Origins, originText } from "./errors.ts";
import {
  type AnyField,
  type Config,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "./root_schema.ts";
import { yamlText } from "./write_yaml.ts";

/**
 * What a configuration is made of, as a file would hold it: every value that something gives, with its origin as a
 * comment, by the names that keys have now and in their order; secrets and passwords of URLs are left out.
 */
export function printConfig({ given }: Config, origins: Origins): string {
  const paths: RawObject = Object.create(null);
  for (const [name, values] of given.paths) {
    paths[name] = shown(values, PATH_FIELDS);
  }
  const raw = shown(given.global, GLOBAL_FIELDS);
  const pathDefaults = shown(given.pathDefaults, PATH_FIELDS);
  if (Object.keys(pathDefaults).length > 0) raw["pathDefaults"] = pathDefaults;
  if (given.paths.size > 0) raw["paths"] = paths;
  return yamlText(raw, (keyPath) => originText(origins.find(keyPath)));
}

function shown(
  values: Readonly<RawObject>,
  fields: ReadonlyMap<string, AnyField>,
): RawObject {
  const raw: RawObject = Object.create(null);
  for (const [key, { type }] of fields) {
    const value = values[key];
    if (value !== undefined) raw[key] = shownValue(value, type);
  }
  return raw;
}

function shownValue(
  value: RawValue,
  type: ValueType<unknown, UnitSuffix>,
): RawValue {
  const { isSecret, element, shape } = type;
  if (isSecret) return value === "" || value === null ? value : REDACTED;
  if (typeof value === "string") return redactCredentials(value);
  if (Array.isArray(value) && element) {
    return value.map((one) => shownValue(one, element));
  }
  if (!isRawObject(value) || !shape) return value;
  const raw: RawObject = {};
  for (const [key, one] of Object.entries(value)) {
    raw[key] = shape[key] ? shownValue(one, shape[key]) : one;
  }
  return raw;
}
