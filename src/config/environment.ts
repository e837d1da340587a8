import type {
  RawObject,
  RawValue,
  Shape,
  UnitSuffix,
  ValueType,
} from "#base/schema.ts";
import { oldGlobalTypes, oldPathTypes } from "./deprecated.ts";
import type { ConfigProblem, KeyPath, Origins } from "./errors.ts";
import { type AnyField, GLOBAL_FIELDS, PATH_FIELDS } from "./root_schema.ts";

/** What the names of variables start with, the one that wins last. */
export const VARIABLE_PREFIXES: readonly string[] = ["RTSP_", "MTX_", "WEIR_"];

/** Elements of a list that variables may append to. */
const MAX_LIST_ELEMENTS = 1_000;

type AnyType = ValueType<unknown, UnitSuffix>;

/** A key that a variable may set. */
interface KnownKey {
  readonly type: AnyType;
  /** What patching a list starts from if nothing gave it. */
  readonly default: RawValue;
}

/** What may be read and where it goes. */
interface VariableTarget extends KnownKey {
  readonly raw: RawObject;
  readonly key: string;
  readonly keyPath: KeyPath;
  readonly variable: string;
}

/**
 * Puts the values of environment variables over those of the file.
 *
 * Input: `raw` is changed.
 * Output: every variable whose text stands for no value of its key.
 * Spec: MediaMTX's configuration file.
 * Deviates: a name that only starts like a key has no effect.
 */
export function applyEnvironment(
  raw: RawObject,
  environment: Readonly<Record<string, string>>,
  origins: Origins,
): readonly ConfigProblem[] {
  const variables = Object.keys(environment);
  const problems: ConfigProblem[] = [];
  for (const prefix of VARIABLE_PREFIXES) {
    const own = variables.filter((name) => name.startsWith(prefix)).sort();
    if (own.length === 0) continue;
    new EnvironmentReader(environment, own, origins, problems).read(
      raw,
      prefix,
    );
  }
  return problems;
}

class EnvironmentReader {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #variables: readonly string[];
  readonly #origins: Origins;
  readonly #problems: ConfigProblem[];

  constructor(
    environment: Readonly<Record<string, string>>,
    variables: readonly string[],
    origins: Origins,
    problems: ConfigProblem[],
  ) {
    this.#environment = environment;
    this.#variables = variables;
    this.#origins = origins;
    this.#problems = problems;
  }

  read(raw: RawObject, prefix: string): void {
    const globalKeys = knownKeys(GLOBAL_FIELDS, oldGlobalTypes());
    const pathKeys = knownKeys(PATH_FIELDS, oldPathTypes());
    this.#readKeys(raw, globalKeys, { prefix, keyPath: [] });
    const defaultsPrefix = `${prefix}PATHDEFAULTS_`;
    if (this.#hasPrefix(defaultsPrefix)) {
      const pathDefaults = objectAt(raw, "pathDefaults");
      if (pathDefaults) {
        this.#readKeys(pathDefaults, pathKeys, {
          prefix: defaultsPrefix,
          keyPath: ["pathDefaults"],
        });
      }
    }
    this.#readPaths(raw, `${prefix}PATHS_`, pathKeys);
  }

  #readPaths(
    raw: RawObject,
    prefix: string,
    keys: ReadonlyMap<string, KnownKey>,
  ): void {
    const names = new Map<string, string>();
    for (const variable of this.#variables) {
      if (!variable.startsWith(prefix)) continue;
      const [name = ""] = variable.slice(prefix.length).split("_", 1);
      if (name !== "" && name === name.toUpperCase()) {
        names.set(name, variable);
      }
    }
    const paths = names.size > 0 ? objectAt(raw, "paths") : undefined;
    if (!paths) return;
    for (const [upperName, variable] of names) {
      const name = upperName.toLowerCase();
      const keyPath = ["paths", name];
      if (!Object.hasOwn(paths, name)) this.#origins.set(keyPath, { variable });
      const entry = objectAt(paths, name);
      if (!entry) continue;
      this.#readKeys(entry, keys, {
        prefix: `${prefix}${upperName}_`,
        keyPath,
      });
    }
  }

  #readKeys(
    raw: RawObject,
    keys: ReadonlyMap<string, KnownKey>,
    at: { prefix: string; keyPath: KeyPath },
  ): void {
    for (const [key, known] of keys) {
      const variable = at.prefix + key.toUpperCase();
      const keyPath = [...at.keyPath, key];
      this.#readValue({ ...known, raw, key, keyPath, variable });
    }
  }

  #readValue(target: VariableTarget): void {
    const { raw, key, type, variable, keyPath } = target;
    const text = Object.hasOwn(this.#environment, variable)
      ? this.#environment[variable]
      : undefined;
    if (text !== undefined) {
      const value = type.fromText(text);
      if (value === undefined) {
        this.#problems.push({
          keyPath,
          variable,
          reason: `invalid value '${text}'`,
        });
        return;
      }
      raw[key] = value;
      this.#origins.set(keyPath, { variable });
    }
    const shape = type.element?.shape;
    if (!shape || !this.#hasPrefix(`${variable}_`)) return;
    const given = raw[key] ?? structuredClone(target.default);
    if (!Array.isArray(given)) return; // refused later, as a whole
    raw[key] = given;
    this.#readElements(given, shape, { variable, keyPath });
  }

  #readElements(
    list: RawValue[],
    shape: Shape,
    at: { variable: string; keyPath: KeyPath },
  ): void {
    for (let i = 0; i < MAX_LIST_ELEMENTS; i++) {
      const prefix = `${at.variable}_${i}_`;
      const isSet = this.#hasPrefix(prefix);
      if (!isSet && i >= list.length) return;
      if (!isSet) continue;
      const keyPath = [...at.keyPath, i];
      if (i >= list.length) {
        list.push({});
        this.#origins.set(keyPath, { variable: at.variable + `_${i}` });
      }
      const element = list[i];
      if (!isObject(element)) continue;
      for (const [key, type] of Object.entries(shape)) {
        this.#readValue({
          type,
          default: type.zero,
          raw: element,
          key,
          keyPath: [...keyPath, key],
          variable: prefix + key.toUpperCase(),
        });
      }
    }
  }

  #hasPrefix(prefix: string): boolean {
    return this.#variables.some((variable) => variable.startsWith(prefix));
  }
}

function knownKeys(
  fields: ReadonlyMap<string, AnyField>,
  oldTypes: ReadonlyMap<string, AnyType>,
): ReadonlyMap<string, KnownKey> {
  const keys = new Map<string, KnownKey>(fields);
  for (const [key, type] of oldTypes) keys.set(key, { type, default: null });
  return keys;
}

/** The map at `key`, made if there is none; `undefined` if something else is there. */
function objectAt(raw: RawObject, key: string): RawObject | undefined {
  raw[key] ??= Object.create(null) as RawObject;
  const value = raw[key];
  return isObject(value) ? value : undefined;
}

function isObject(value: RawValue | undefined): value is RawObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
