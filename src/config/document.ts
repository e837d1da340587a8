import type { RawObject, RawValue } from "#base/schema.ts";
import type { KeyPath, Origins } from "./errors.ts";

/** Keys and values, and where each was given. */
export interface ConfigDocument {
  readonly raw: RawObject;
  readonly origins: Origins;
}

/** A copy of a document, to be changed apart. */
export function copyDocument(
  { raw, origins }: ConfigDocument,
): ConfigDocument {
  return { raw: copyRaw(raw) as RawObject, origins: origins.copy() };
}

/** A copy in all parts; its objects have no prototype, so that every key may be set. */
export function copyRaw(value: RawValue): RawValue {
  if (Array.isArray(value)) return value.map(copyRaw);
  if (!isRawObject(value)) return value;
  const copy: RawObject = Object.create(null);
  for (const [key, one] of Object.entries(value)) copy[key] = copyRaw(one);
  return copy;
}

/**
 * Puts the values of `source` over those of `target`.
 *
 * Keys and values are merged key by key, lists are replaced as a whole; a key without value changes nothing where there
 * is one.
 *
 * Input: `target` is changed, `source` is not.
 */
export function mergeDocument(
  target: ConfigDocument,
  source: ConfigDocument,
): void {
  mergeObject(target, source, {
    into: target.raw,
    from: source.raw,
    keyPath: [],
  });
}

function mergeObject(
  target: ConfigDocument,
  source: ConfigDocument,
  at: { into: RawObject; from: RawObject; keyPath: KeyPath },
): void {
  for (const [key, value] of Object.entries(at.from)) {
    const keyPath = [...at.keyPath, key];
    const before = at.into[key] ?? null;
    if (value === null && before !== null) continue;
    if (isRawObject(value) && isRawObject(before)) {
      target.origins.set(keyPath, source.origins.find(keyPath));
      mergeObject(target, source, { into: before, from: value, keyPath });
      continue;
    }
    at.into[key] = copyRaw(value);
    takeOrigins(target, source, value, keyPath);
  }
}

/** Says of every part of `value` where it was given: what was said of another value there does not count any more. */
function takeOrigins(
  target: ConfigDocument,
  source: ConfigDocument,
  value: RawValue,
  keyPath: KeyPath,
): void {
  target.origins.set(keyPath, source.origins.find(keyPath));
  if (typeof value !== "object" || value === null) return;
  const parts: [string | number, RawValue][] = Array.isArray(value)
    ? value.map((part, i) => [i, part])
    : Object.entries(value);
  for (const [key, part] of parts) {
    takeOrigins(target, source, part, [...keyPath, key]);
  }
}

/** Whether a value is keys and values. */
export function isRawObject(value: RawValue | undefined): value is RawObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
