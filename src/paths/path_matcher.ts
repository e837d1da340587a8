import { RE2JS } from "re2js";
import { PathError } from "#core/errors.ts";
import { MAX_PATH_NAME_CHARS, validatePathName } from "./path_name.ts";

/** Longest pattern of a path entry. */
export const MAX_PATH_PATTERN_CHARS = 1_024;

/** Entries that take every name that no other entry takes. */
const CATCH_ALL = ["all_others", "all"];

/** Whether an entry of `paths` stands for many names: `~` and a pattern, `all`, `all_others`. */
export function isPatternEntry(key: string): boolean {
  return key.startsWith("~") || isCatchAllEntry(key);
}

/** Whether an entry of `paths` takes every name that no other entry takes. */
export function isCatchAllEntry(key: string): boolean {
  return CATCH_ALL.includes(key);
}

/**
 * Compiles the pattern of a path entry; matching takes linear time, and the pattern is not anchored.
 *
 * @throws {RangeError} if `pattern`, without its `~`, is no RE2 pattern or too long.
 */
export function compilePathPattern(pattern: string): RE2JS {
  if (pattern.length <= MAX_PATH_PATTERN_CHARS) {
    try {
      return RE2JS.compile(pattern);
    } catch (cause) {
      throw invalidPattern(pattern, cause);
    }
  }
  throw invalidPattern(pattern.slice(0, 64) + "…");
}

function invalidPattern(pattern: string, cause?: unknown): RangeError {
  return new RangeError(`invalid regular expression: ${pattern}`, { cause });
}

/** Compares texts by their code points, which is the order of their UTF-8 bytes. */
export function compareByteOrder(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length;) {
    const one = a.codePointAt(i)!;
    const other = b.codePointAt(i)!;
    if (one !== other) return one - other;
    i += one > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}

/** The entry of `paths` that a name belongs to. */
export interface PathMatch<T> {
  readonly value: T;
  /** Key of the entry. */
  readonly key: string;
  /** What the groups of its pattern took, the first group first; empty text for a group without part. */
  readonly groups: readonly string[];
}

interface PatternEntry<T> {
  readonly value: T;
  readonly key: string;
  /** Absent in what takes every name. */
  readonly pattern: RE2JS | undefined;
}

/** Finds the entry of `paths` for a name that a client asks for. */
export class PathMatcher<T> {
  readonly #plain = new Map<string, T>();
  readonly #patterns: readonly PatternEntry<T>[];

  /**
   * Compiles the patterns of the keys of `entries`.
   *
   * @throws {RangeError} if a pattern is invalid.
   */
  constructor(entries: ReadonlyMap<string, T>) {
    const patterns: PatternEntry<T>[] = [];
    const last: PatternEntry<T>[] = [];
    const sorted = [...entries].sort(([a], [b]) => compareByteOrder(a, b));
    for (const [key, value] of sorted) {
      if (isCatchAllEntry(key)) {
        last.push({ value, key, pattern: undefined });
      } else if (isPatternEntry(key)) {
        patterns.push({
          value,
          key,
          pattern: compilePathPattern(key.slice(1)),
        });
      } else this.#plain.set(key, value);
    }
    this.#patterns = [...patterns, ...last];
  }

  /** Entries that stand for one path each, in byte order. */
  *plainEntries(): Generator<{ readonly name: string; readonly value: T }> {
    for (const [name, value] of this.#plain) yield { name, value };
  }

  /** Whether some entry takes this name. */
  takes(name: string): boolean {
    try {
      return this.match(name) !== undefined;
    } catch (error) {
      if (error instanceof PathError) return false;
      throw error;
    }
  }

  /** Whether an entry stands for this one path. */
  isPlain(name: string): boolean {
    return this.#plain.has(name);
  }

  /**
   * The entry with this very name; else the first pattern that fits, in byte order, `all` and `all_others` last.
   *
   * Spec: MediaMTX's configuration file.
   * Deviates: a name is checked first, so that the text of a pattern is never itself a path.
   *
   * @throws {PathError} `invalid_path_name` if no path may have this name, `path_not_configured` if no entry fits.
   */
  match(name: string): PathMatch<T> {
    const reason = validatePathName(name);
    if (reason !== undefined) {
      const shown = name.slice(0, MAX_PATH_NAME_CHARS);
      throw new PathError(
        "invalid_path_name",
        `invalid path name: ${reason} (${shown})`,
      );
    }
    const exact = this.#plain.get(name);
    if (exact !== undefined) return { value: exact, key: name, groups: [] };
    for (const { value, key, pattern } of this.#patterns) {
      if (!pattern) return { value, key, groups: [] };
      const matcher = pattern.matcher(name);
      if (!matcher.find()) continue;
      const groups = Array.from(
        { length: pattern.groupCount() },
        (_, i) => matcher.group(i + 1) ?? "",
      );
      return { value, key, groups };
    }
    throw new PathError(
      "path_not_configured",
      `path '${name}' is not configured`,
    );
  }
}
