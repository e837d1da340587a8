import type { RawObject, RawValue } from "#base/schema.ts";
import { HttpError } from "#http/http_error.ts";

const REDACTED = "<redacted>";

/** `user:password@` of every URL in a text. */
const URL_PASSWORD = /(:\/\/[^\s/?#@:]*):[^\s/?#@]+@/g;

/** Puts `<redacted>` in the place of every password of a URL. */
export function redactUrlPasswords(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${REDACTED}@`);
}

/**
 * Puts passwords back into URLs that come back as {@linkcode redactUrlPasswords} made them.
 *
 * Input: `values` is not changed; `before` has the same keys, as files hold them.
 *
 * @throws {HttpError} 400 if a password is redacted in a URL that was not there before.
 */
export function restoreUrlPasswords(
  values: Readonly<RawObject>,
  before: (key: string) => unknown,
): RawObject {
  const restored: RawObject = Object.create(null);
  for (const [key, value] of Object.entries(values)) {
    restored[key] = restoreValue(value, key, textsOf(before(key)));
  }
  return restored;
}

function restoreValue(
  value: RawValue,
  key: string,
  before: readonly string[],
): RawValue {
  if (typeof value === "string") {
    if (!value.includes(`:${REDACTED}@`)) return value;
    const same = before.find((one) => redactUrlPasswords(one) === value);
    if (same !== undefined) return same;
    throw new HttpError(
      400,
      `Cannot use config key ${key}: '${REDACTED}' stands for a password of the same URL, and that is not there: give the password itself`,
    );
  }
  if (Array.isArray(value)) {
    return value.map((one) => restoreValue(one, key, before));
  }
  if (typeof value !== "object" || value === null) return value;
  const restored: RawObject = Object.create(null);
  for (const [name, one] of Object.entries(value)) {
    restored[name] = restoreValue(one, key, before);
  }
  return restored;
}

/** Every text within a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
