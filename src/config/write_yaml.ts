import type { RawObject, RawValue } from "#base/schema.ts";
import { isRawObject } from "./document.ts";
import type { KeyPath } from "./errors.ts";

/** What stands behind a value as a comment; `undefined` for nothing. */
export type CommentOf = (keyPath: KeyPath) => string | undefined;

/**
 * Text that {@linkcode parseYamlConfig} reads back as the same values.
 *
 * `commentOf` is asked for each line that has a value.
 */
export function yamlText(raw: RawObject, commentOf?: CommentOf): string {
  const lines = objectLines(raw, { indent: "", keyPath: [], commentOf });
  return lines.map((line) => `${line}\n`).join("");
}

/** A value that is no map, in one line, as it may stand behind a key or in a list. */
export function inlineYaml(value: RawValue): string {
  if (Array.isArray(value)) return `[${value.map(inlineYaml).join(", ")}]`;
  if (isRawObject(value)) {
    const parts = Object.entries(value).map(([key, one]) =>
      `${textYaml(key)}: ${inlineYaml(one)}`
    );
    return `{${parts.join(", ")}}`;
  }
  if (typeof value === "string") return textYaml(value);
  return value === true ? "yes" : value === false ? "no" : String(value);
}

/** Words that mean something else than their text, here or in other YAML. */
const WORDS = /^(?:yes|no|on|off|true|false|null|y|n)$/i;

/** Text that no YAML takes for anything else: names, paths, URLs, addresses, durations and sizes. */
const PLAIN =
  /^(?:[A-Za-z_/]|\.\/|:\d)[\w.:/%+-]*$|^\d+(?:ms|[smhdKMGTPEB])$|^\d+(?:\.\d+){3}(?:[:/]\d+)?$/;

function textYaml(text: string): string {
  const isPlain = PLAIN.test(text) && !WORDS.test(text) && !text.endsWith(":");
  return isPlain ? text : JSON.stringify(text);
}

/** Longest key that needs no mark before it; YAML says 1024. */
const MAX_KEY_CHARS = 1_000;

interface At {
  readonly indent: string;
  readonly keyPath: KeyPath;
  readonly commentOf: CommentOf | undefined;
}

function objectLines(raw: RawObject, at: At): string[] {
  return Object.entries(raw).flatMap(([key, value]) => {
    const keyPath = [...at.keyPath, key];
    const text = textYaml(key);
    const start = text.length > MAX_KEY_CHARS
      ? `${at.indent}? ${text}\n${at.indent}:`
      : `${at.indent}${text}:`;
    return valueLines(start, value, { ...at, keyPath });
  });
}

/** Lines of a value behind its key. */
function valueLines(start: string, value: RawValue, at: At): string[] {
  if (isRawObject(value) && Object.keys(value).length > 0) {
    return [start, ...objectLines(value, deeper(at))];
  }
  if (!Array.isArray(value) || !value.some(isRawObject)) {
    return [withComment(`${start} ${inlineYaml(value)}`, at)];
  }
  const elements = value.flatMap((element, i) =>
    elementLines(element, { ...deeper(at), keyPath: [...at.keyPath, i] })
  );
  return [start, ...elements];
}

function elementLines(element: RawValue, at: At): string[] {
  if (!isRawObject(element) || Object.keys(element).length === 0) {
    return [withComment(`${at.indent}- ${inlineYaml(element)}`, at)];
  }
  const [first = "", ...others] = objectLines(element, deeper(at));
  return [`${at.indent}- ${first.trimStart()}`, ...others];
}

function deeper(at: At): At {
  return { ...at, indent: `${at.indent}  ` };
}

function withComment(line: string, at: At): string {
  const comment = at.commentOf?.(at.keyPath);
  return comment === undefined ? line : `${line} # ${comment}`;
}
