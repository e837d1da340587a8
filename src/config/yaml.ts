import type {
  Alias,
  Node,
  Pair,
  Scalar,
  ScalarTag,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { RawObject, RawValue } from "#base/schema.ts";
import type { ConfigDocument } from "./document.ts";
import {
  ConfigError,
  type ConfigProblem,
  type KeyPath,
  type Origin,
  Origins,
  type Place,
} from "./errors.ts";

/** Longest file that is read. */
export const MAX_CONFIG_CHARS = 4 * 1_024 * 1_024;

/** Values of a file, those that aliases repeat included. */
export const MAX_YAML_VALUES = 500_000;

/** Aliases of a file. */
export const MAX_YAML_ALIASES = 10_000;

/** Lists and maps within each other. */
export const MAX_YAML_DEPTH = 32;

/** Syntax errors that are told; what follows them seldom helps. */
const MAX_SYNTAX_ERRORS = 10;

/** `yes` and its like; `true` and `false` are known to the schema of YAML 1.2. */
const YES_NO: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF)$/,
  resolve: (source) => /^(?:yes|on)$/i.test(source),
};

type YamlLibrary = typeof import("yaml");

/**
 * Reads a configuration file: YAML 1.2, with `yes`, `no`, `on` and `off`, on keys, too.
 *
 * Limits: {@linkcode MAX_CONFIG_CHARS}, {@linkcode MAX_YAML_VALUES}, {@linkcode MAX_YAML_ALIASES}, {@linkcode MAX_YAML_DEPTH}.
 * Spec: MediaMTX's configuration file.
 *
 * @throws {ConfigError} if the text is no YAML, beyond a limit, or not made of keys and values.
 */
export async function parseYamlConfig(
  text: string,
  file?: string,
): Promise<ConfigDocument> {
  if (text.length > MAX_CONFIG_CHARS) {
    throw new ConfigError([{
      keyPath: [],
      reason: `larger than ${MAX_CONFIG_CHARS} characters`,
    }], file);
  }
  const yaml = await import("yaml"); // slow to load, and many start without a file
  return new YamlReader(yaml, file).read(text);
}

class YamlReader {
  readonly #yaml: YamlLibrary;
  readonly #file: string | undefined;
  readonly #origins: Origins;
  readonly #problems: ConfigProblem[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #lines: InstanceType<YamlLibrary["LineCounter"]>;
  #valueCount = 0;
  #aliasCount = 0;

  constructor(yaml: YamlLibrary, file: string | undefined) {
    this.#yaml = yaml;
    this.#file = file;
    this.#origins = new Origins(file);
    this.#lines = new yaml.LineCounter();
  }

  read(text: string): ConfigDocument {
    const documents = [...this.#compose(text)];
    for (const { errors, warnings } of documents) {
      for (const { pos, message } of [...errors, ...warnings]) {
        this.#refuseAt(pos[0], [], `invalid YAML: ${message}`);
      }
    }
    if (documents.length > 1) {
      const start = documents[1]?.range?.[0];
      this.#refuseAt(start, [], "invalid YAML: more than one document");
    }
    this.#throwProblems();
    const root = documents[0]?.contents ?? null;
    const value = root === null ? null : this.#value(root, []);
    const isObject = typeof value === "object" && !Array.isArray(value);
    if (!isObject) {
      this.#refuseAt(root?.range?.[0], [], "must be keys and values");
    }
    this.#throwProblems();
    return { raw: value as RawObject ?? {}, origins: this.#origins };
  }

  #throwProblems(): void {
    if (this.#problems.length === 0) return;
    throw new ConfigError(
      this.#problems.slice(0, MAX_SYNTAX_ERRORS),
      this.#file,
    );
  }

  #compose(text: string): ReturnType<
    InstanceType<YamlLibrary["Composer"]>["compose"]
  > {
    const composer = new this.#yaml.Composer({
      version: "1.2",
      schema: "core",
      customTags: (tags) => [YES_NO, ...tags],
      uniqueKeys: false, // looked after here, in linear time
    });
    return composer.compose(this.#tokens(text), false, text.length);
  }

  /** Gives up on deep nesting before anything recursive sees it. */
  *#tokens(text: string): ReturnType<
    InstanceType<YamlLibrary["Parser"]>["parse"]
  > {
    const parser = new this.#yaml.Parser(this.#lines.addNewLine);
    this.#lines.addNewLine(0);
    for (const lexeme of new this.#yaml.Lexer().lex(text)) {
      yield* parser.next(lexeme);
      if (parser.stack.length > MAX_YAML_DEPTH + 2) {
        this.#refuseAt(
          parser.offset,
          [],
          `nested deeper than ${MAX_YAML_DEPTH}`,
        );
        this.#throwProblems();
      }
    }
    yield* parser.end();
  }

  #value(node: Node, keyPath: KeyPath, isRepeated = false): RawValue {
    if (++this.#valueCount > MAX_YAML_VALUES) {
      this.#refuseAt(
        node.range?.[0],
        [],
        `more than ${MAX_YAML_VALUES} values`,
      );
      this.#throwProblems();
    }
    const { isAlias, isMap, isSeq } = this.#yaml;
    if (isAlias(node)) return this.#aliased(node, keyPath, isRepeated);
    const value = isMap(node)
      ? this.#map(node, keyPath, isRepeated)
      : isSeq(node)
      ? this.#list(node, keyPath, isRepeated)
      : (node as Scalar).value as RawValue;
    const { anchor } = node as YAMLMap | Scalar;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return value;
  }

  #aliased(alias: Alias, keyPath: KeyPath, isRepeated: boolean): RawValue {
    if (++this.#aliasCount > MAX_YAML_ALIASES) {
      this.#refuseAt(
        alias.range?.[0],
        [],
        `more than ${MAX_YAML_ALIASES} aliases`,
      );
      this.#throwProblems();
    }
    const target = this.#anchors.get(alias.source);
    if (target) return this.#value(target, keyPath, true);
    this.#refuseAt(
      alias.range?.[0],
      keyPath,
      `invalid YAML: nothing is named '${alias.source}' before this`,
      isRepeated,
    );
    return null;
  }

  #list(list: YAMLSeq, keyPath: KeyPath, isRepeated: boolean): RawValue[] {
    return list.items.map((item, i) => {
      const node = item as Node;
      const path = [...keyPath, i];
      this.#place(path, node, isRepeated);
      return this.#value(node, path, isRepeated);
    });
  }

  #map(map: YAMLMap, keyPath: KeyPath, isRepeated: boolean): RawObject {
    const raw: RawObject = Object.create(null);
    const merged: RawValue[] = [];
    const seen = new Map<string, Node>();
    for (const item of map.items as Pair<Node, Node | null>[]) {
      const key = this.#key(item.key, keyPath);
      if (key === undefined) continue;
      const path = [...keyPath, key];
      const first = seen.get(key);
      if (first) {
        const { line, column } = this.#placeAt(first.range?.[0]);
        this.#refuseAt(
          item.key.range?.[0],
          path,
          `mapping key "${key}" already defined at [${line}:${column}]`,
        );
        continue;
      }
      seen.set(key, item.key);
      if (key === "<<" && item.value && (item.key as Scalar).type === "PLAIN") {
        merged.push(this.#value(item.value, keyPath, true));
        continue;
      }
      this.#place(path, item.key, isRepeated);
      raw[key] = item.value ? this.#value(item.value, path, isRepeated) : null;
    }
    for (const value of merged.flat()) this.#merge(raw, value, map, keyPath);
    return raw;
  }

  #merge(
    raw: RawObject,
    value: RawValue,
    map: YAMLMap,
    keyPath: KeyPath,
  ): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#refuseAt(
        map.range?.[0],
        keyPath,
        "invalid YAML: '<<' needs keys and values",
      );
      return;
    }
    for (const [key, one] of Object.entries(value)) {
      if (!Object.hasOwn(raw, key)) raw[key] = one;
    }
  }

  #key(node: Node, keyPath: KeyPath): string | undefined {
    const key = this.#yaml.isAlias(node)
      ? this.#aliased(node, keyPath, true)
      : this.#yaml.isScalar(node)
      ? node.value
      : undefined;
    if (typeof key === "string") return key;
    const found = this.#yaml.isScalar(node)
      ? node.source ?? String(key)
      : "more";
    this.#refuseAt(
      node.range?.[0],
      keyPath,
      `keys must be text, found ${found}: put it in quotes`,
    );
    return undefined;
  }

  #place(keyPath: KeyPath, node: Node, isRepeated: boolean): void {
    if (isRepeated) return; // what repeats it has a place already
    this.#origins.set(keyPath, this.#originAt(node.range?.[0]));
  }

  #originAt(offset: number | undefined): Origin {
    const place = this.#placeAt(offset);
    return this.#file === undefined ? { place } : { file: this.#file, place };
  }

  #placeAt(offset = 0): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #refuseAt(
    offset: number | undefined,
    keyPath: KeyPath,
    reason: string,
    isRepeated = false,
  ): void {
    if (this.#problems.length >= MAX_SYNTAX_ERRORS) return;
    this.#problems.push({
      keyPath,
      reason,
      ...(isRepeated ? this.#origins.find(keyPath) : this.#originAt(offset)),
    });
  }
}
