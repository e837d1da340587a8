import { readFileSync } from "node:fs";
import { joinBytes } from "#base/join_bytes.ts";

/** Below this, a literal is not worth a seed. */
const MIN_SEED_BYTES = 2;

/** Comments, texts, numbers, names, and the signs that join or enclose them. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\b0x[\da-f_]+|\b\d[\d_]*|[A-Za-z_$][\w$]*|[[\](){}+,;=]/gi;

/** A character by its number, or by a letter. */
const ESCAPE =
  /\\(?:[xu](?=[\da-f{])((?<=x)[\da-f]{2}|(?<=u)[\da-f]{4}|\{[\da-f]+\})|([\s\S]))/gi;

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  0: "\0",
  b: "\b",
  f: "\f",
  v: "\v",
};

const HEX = /^(?:[\da-f]{2})+$/i;

/** What a file has between two brackets, and texts that constants hold. */
interface Literals {
  /** Texts side by side in one pair of brackets. */
  readonly groups: string[][];
  /** Bytes that stand there as numbers. */
  readonly numbers: number[][];
}

/**
 * The byte strings in test files: texts of hex digits, those of one list side by side, and lists of bytes.
 *
 * The tables of the tests are the seeds of the fuzzer, and stay that when a case is added. Files are named by their
 * path below `tests`.
 */
export function hexLists(...files: readonly string[]): Uint8Array[][] {
  const lists: Uint8Array[][] = [];
  for (const { groups, numbers } of files.map(literalsOf)) {
    for (const list of numbers) {
      if (list.every((one) => one < 256)) lists.push([Uint8Array.from(list)]);
    }
    for (const group of groups) {
      lists.push(
        group.map((text) => text.replaceAll(/[\s_]/g, ""))
          .filter((text) => HEX.test(text))
          .map((text) => Uint8Array.fromHex(text)),
      );
    }
  }
  return lists.filter((list) => list.length > 0);
}

/** The byte strings in test files, those of one list joined, too. */
export function hexSeeds(...files: readonly string[]): Uint8Array[] {
  return distinct(
    hexLists(...files).flatMap((list) => [...list, joinBytes(list)]),
  );
}

/** The texts in test files, those of one list with a line break between them, too. */
export function textSeeds(...files: readonly string[]): Uint8Array[] {
  const encoder = new TextEncoder();
  const seeds: Uint8Array[] = [];
  for (const { groups } of files.map(literalsOf)) {
    for (const group of groups) {
      for (const text of group) seeds.push(encoder.encode(text));
      if (group.length > 1) seeds.push(encoder.encode(group.join("\r\n")));
    }
  }
  return distinct(seeds);
}

/** Seeds that differ, and are not too short. */
export function distinct(seeds: readonly Uint8Array[]): Uint8Array[] {
  const byText = new Map(seeds.map((seed) => [seed.toHex(), seed]));
  return [...byText.values()].filter((seed) => seed.length >= MIN_SEED_BYTES);
}

function literalsOf(file: string): Literals {
  const source = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  const tokens = [...source.matchAll(TOKEN)].map(([token]) => token)
    .filter((token) => !token.startsWith("//") && !token.startsWith("/*"));
  const constants = new Map<string, string>();
  const literals: Literals = { groups: [], numbers: [] };
  const open: { texts: string[]; numbers: number[] }[] = [];
  const close = (): void => {
    const { texts, numbers } = open.pop() ?? { texts: [], numbers: [] };
    if (texts.length > 0) literals.groups.push(texts);
    if (numbers.length > 1) literals.numbers.push(numbers);
  };
  open.push({ texts: [], numbers: [] });
  for (const [i, token] of tokens.entries()) {
    const { texts, numbers } = open.at(-1)!;
    if (/^[[({]$/.test(token)) open.push({ texts: [], numbers: [] });
    else if (/^[\])}]$/.test(token) && open.length > 1) close();
    else if (/^\d/.test(token)) numbers.push(Number(token.replaceAll("_", "")));
    else if (/^["`]/.test(token)) {
      const text = textOf(token, constants);
      const isContinued = tokens[i - 1] === "+" && texts.length > 0;
      if (isContinued) texts.push(texts.pop() + text);
      else texts.push(text);
      const name = constantName(tokens, i);
      if (name !== undefined) constants.set(name, texts.at(-1)!);
    }
  }
  while (open.length > 0) close();
  return literals;
}

/** Name in `name = "…" + "…"`, for the text at `i`. */
function constantName(
  tokens: readonly string[],
  i: number,
): string | undefined {
  let first = i;
  while (tokens[first - 1] === "+" && /^["`]/.test(tokens[first - 2] ?? "")) {
    first -= 2;
  }
  return tokens[first - 1] === "=" ? tokens[first - 2] : undefined;
}

/** What a literal stands for; constants in it that are not known leave nothing. */
function textOf(
  token: string,
  constants: ReadonlyMap<string, string>,
): string {
  const inner = token.slice(1, -1);
  const whole = token.startsWith('"') ? inner : inner
    .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => constants.get(name) ?? "")
    .replaceAll(/\$\{[^}]*\}/g, "");
  return whole.replaceAll(
    ESCAPE,
    (_, hex?: string, letter?: string) =>
      hex === undefined
        ? ESCAPED[letter!] ?? letter!
        : String.fromCodePoint(parseInt(hex.replaceAll(/[{}]/g, ""), 16)),
  );
}
