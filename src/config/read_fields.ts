import {
  propertyName,
  type RawObject,
  type RawValue,
  type ValueType,
} from "#base/schema.ts";
import {
  type ConfigProblem,
  type KeyPath,
  keyPathText,
  type Origins,
  originText,
} from "./errors.ts";
import { nearestKey } from "./lookup.ts";
import type { AnyField } from "./root_schema.ts";
import { sameValue } from "./same_value.ts";

/** Collects what is wrong and what to warn of, in the order of finding. */
export class Findings {
  readonly problems: ConfigProblem[];
  readonly warnings: string[] = [];
  readonly #origins: Origins;
  readonly #pendingKeys = new Set<string>();
  readonly #refused = new Set<string>();

  /** `origins` says where each value was given, `problems` what is known to be wrong. */
  constructor(origins: Origins, problems: readonly ConfigProblem[] = []) {
    this.#origins = origins;
    this.problems = [...problems];
  }

  /** The value at `keyPath` cannot be used; said once, however many paths inherit it. */
  refuse(keyPath: KeyPath, reason: string): void {
    const id = [...keyPath, reason].join("\0");
    if (this.#refused.has(id)) return;
    this.#refused.add(id);
    this.problems.push(this.#origins.problem(keyPath, reason));
  }

  /** The value at `keyPath` is used, but there is something to say. */
  warn(keyPath: KeyPath, text: string): void {
    this.warnings.push(text + this.#placeText(keyPath));
  }

  /** The feature of the value at `keyPath` is not there yet; said once for each key. */
  warnPending(keyPath: KeyPath, key: string): void {
    if (this.#pendingKeys.has(key)) return;
    this.#pendingKeys.add(key);
    const given = this.#origins.find(keyPath).keyPath ?? keyPath;
    this.warn(
      keyPath,
      `Cannot act on config key ${
        keyPathText(given)
      }: this feature is not in this build yet`,
    );
  }

  #placeText(keyPath: KeyPath): string {
    const origin = originText(this.#origins.find(keyPath));
    return origin === undefined ? "" : ` (${origin})`;
  }
}

/** What to read and how. */
export interface ReadOptions {
  readonly fields: ReadonlyMap<string, AnyField>;
  /** Way to the keys. */
  readonly keyPath: KeyPath;
  /** A key without value is as good as none, whatever its type (entries of `paths`). */
  readonly isNullUnset?: boolean;
}

/** Values of the keys that are given in `raw`, under the names of their properties. */
export function readFields(
  raw: RawObject,
  { fields, keyPath, isNullUnset = false }: ReadOptions,
  findings: Findings,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(raw)) {
    const path = [...keyPath, key];
    const field = fields.get(key);
    if (!field) {
      findings.refuse(path, unknownText(key, fields.keys()));
      continue;
    }
    const value = given === null && isNullUnset
      ? undefined
      : withoutNull(given, field.type);
    if (value === undefined) continue;
    if (value === null) {
      findings.refuse(
        path,
        field.type.element
          ? `cannot set slice "${key}" to nil`
          : `must be ${field.type.name}, found nothing`,
      );
      continue;
    }
    const result = field.type.schema.safeParse(value);
    if (!result.success) {
      for (const issue of result.error.issues) {
        refuseIssue(issue, path, field.type, findings);
      }
      continue;
    }
    values[propertyName(key, field.type)] = result.data;
    if (field.deprecation) findings.warn(path, field.deprecation);
    if (isPending(field, result.data)) findings.warnPending(path, key);
  }
  return values;
}

/** `undefined`: the default; `null`: an error. */
function withoutNull(
  given: RawValue,
  { nullMeans }: ValueType<unknown, string & AnyField["type"]["suffix"]>,
): RawValue | undefined {
  if (given !== null) return given;
  if (nullMeans === "default") return undefined;
  return nullMeans === "error" ? null : nullMeans.value;
}

function isPending(field: AnyField, value: unknown): boolean {
  if (!field.isPending) return false;
  if (sameValue(value, defaultOf(field))) return false;
  return field.isPending === true || field.isPending(value);
}

/** Value that a key has when nothing gives it. */
export function defaultOf(field: AnyField): unknown {
  return field.type.schema.parse(field.default);
}

function refuseIssue(
  issue: {
    code?: string;
    path: PropertyKey[];
    message: string;
    keys?: string[];
  },
  keyPath: KeyPath,
  type: { element?: ValueType<unknown>; shape?: ValueType<unknown>["shape"] },
  findings: Findings,
): void {
  const below = issue.path as (string | number)[];
  const path = [...keyPath, ...below];
  if (issue.code !== "unrecognized_keys") {
    findings.refuse(path, issue.message);
    return;
  }
  const known = Object.keys(shapeAt(type, below) ?? {});
  for (const key of issue.keys ?? []) {
    findings.refuse([...path, key], unknownText(key, known));
  }
}

function shapeAt(
  type: { element?: ValueType<unknown>; shape?: ValueType<unknown>["shape"] },
  path: KeyPath,
): ValueType<unknown>["shape"] {
  let at: typeof type | undefined = type;
  for (const part of path) {
    at = typeof part === "number" ? at?.element : at?.shape?.[part];
  }
  return at?.shape;
}

function unknownText(key: string, known: Iterable<string>): string {
  const nearest = nearestKey(key, known);
  return nearest === undefined ? "unknown" : `unknown, nearest: ${nearest}`;
}
