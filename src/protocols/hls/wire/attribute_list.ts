import { assert } from "#base/errors.ts";

/** Attributes of a tag: `NAME=value,NAME=value`. Spec: RFC 8216 §4.2. */
export function attributeList(
  attributes: Readonly<Record<string, string>>,
): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** A value in quotes; it must have none in it, and no line break. */
export function quoted(value: string): string {
  assert(!/["\r\n]/.test(value), "a quoted value has no quotes or line breaks");
  return `"${value}"`;
}
