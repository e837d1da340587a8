import { z } from "zod";
import { printByteSize } from "#base/byte_size.ts";
import { printGoDuration } from "#base/go_duration.ts";
import { IpNetwork } from "#base/ip.ts";
import {
  propertyName,
  type RawObject,
  type UnitSuffix,
  type ValueType,
} from "#base/schema.ts";
import { Secret } from "#base/secret.ts";
import type { AnyField } from "#config/root_schema.ts";
import { redactUrlPasswords } from "./url_passwords.ts";

/** Keys whose list has one order in answers, whatever the file says. */
const SORTED_KEYS: readonly string[] = ["rtspTransports"];

type Fields = ReadonlyMap<string, AnyField>;

/**
 * Values of keys as the API shows them: in the words of files, secrets redacted.
 *
 * Input: `given`, what the configuration's author wrote; old keys show only if they stand there.
 */
export function printFields(
  fields: Fields,
  values: object,
  given: readonly Readonly<RawObject>[],
): Record<string, unknown> {
  const printed: Record<string, unknown> = {};
  for (const [key, { type, deprecation }] of fields) {
    const isGiven = given.some((one) => Object.hasOwn(one, key));
    if (deprecation !== undefined && !isGiven) continue;
    const value = Reflect.get(values, propertyName(key, type));
    const text = printValue(type, value);
    printed[key] = SORTED_KEYS.includes(key)
      ? [...text as readonly string[]].sort()
      : text;
  }
  return printed;
}

function printValue(
  type: ValueType<unknown, UnitSuffix>,
  value: unknown,
): unknown {
  if (value instanceof Secret) return value.reveal() === "" ? "" : `${value}`;
  if (value instanceof IpNetwork) return `${value}`;
  const { suffix, element, shape } = type;
  if (suffix === "Ms") return printGoDuration(value as number);
  if (suffix === "Bytes") return printByteSize(value as number);
  if (typeof value === "string") return redactUrlPasswords(value);
  if (Array.isArray(value) && element) {
    return value.map((one) => printValue(element, one));
  }
  if (!shape) return value;
  return Object.fromEntries(
    Object.entries(shape).map(([key, part]) => [
      key,
      printValue(part, Reflect.get(value as object, key)),
    ]),
  );
}

/** Schema of keys and values: none must be there. */
export function fieldsSchema(fields: Fields): Record<string, z.ZodType> {
  return Object.fromEntries(
    Array.from(fields, ([key, { type, doc, deprecation }]) => [
      key,
      valueSchema(type).optional().meta({
        description: doc,
        ...deprecation === undefined ? {} : { deprecated: true },
      }),
    ]),
  );
}

/** What JSON holds of a type. */
function valueSchema(
  { element, shape, zero, name }: ValueType<unknown, UnitSuffix>,
): z.ZodType {
  if (element) return z.array(valueSchema(element));
  if (shape) {
    return z.object(
      Object.fromEntries(
        Object.entries(shape).map((
          [key, part],
        ) => [key, valueSchema(part).optional()]),
      ),
    );
  }
  if (typeof zero === "boolean") return z.boolean();
  if (typeof zero !== "number") return z.string().describe(name);
  return name === "number" ? z.number() : z.int();
}
