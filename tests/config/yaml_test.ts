import { ConfigError } from "#config/errors.ts";
import {
  MAX_CONFIG_CHARS,
  MAX_YAML_DEPTH,
  parseYamlConfig,
} from "#config/yaml.ts";
import type { RawObject } from "#base/schema.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";

/** JSON text of what a file holds; objects of the reader have no prototype. */
async function read(text: string): Promise<unknown> {
  return JSON.parse(JSON.stringify((await parseYamlConfig(text)).raw));
}

const FILES: [name: string, text: string, raw: RawObject][] = [
  ["an empty file", "", {}],
  ["comments only", "# nothing\n", {}],
  ["a document with a mark", "---\na: 1\n...\n", { a: 1 }],
  ["a byte order mark", "\ufeffa: 1\n", { a: 1 }],
  ["Windows line ends", "a: 1\r\nb: x\r\n", { a: 1, b: "x" }],
  [
    "every word for yes",
    "a: [yes, Yes, YES, on, On, ON, true, True, TRUE]",
    { a: Array(9).fill(true) },
  ],
  [
    "every word for no",
    "a: [no, No, NO, off, Off, OFF, false, False, FALSE]",
    { a: Array(9).fill(false) },
  ],
  [
    "words that are no such word",
    "a: [y, n, yEs, 'yes', \"no\", !!str on]",
    { a: ["y", "n", "yEs", "yes", "no", "on"] },
  ],
  [
    "numbers as YAML 1.2 has them",
    "a: [0755, 1:30, 0o17, 0x1f, 1e3, 1_000]",
    { a: [755, "1:30", 15, 31, 1000, "1_000"] },
  ],
  ["dates as text", "a: 2024-01-02", { a: "2024-01-02" }],
  ["nothing", "a:\nb: null\nc: ~", { a: null, b: null, c: null }],
  ["folded text", "a: >\n  one\n  two\n", { a: "one two\n" }],
  [
    "anchors and aliases",
    "a: &x {b: [1, 2]}\nc: *x\n",
    { a: { b: [1, 2] }, c: { b: [1, 2] } },
  ],
  [
    "merged maps, where own keys win",
    "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\ne: {<<: [*x, {f: 4}]}\n",
    { a: { b: 1, c: 2 }, d: { b: 3, c: 2 }, e: { b: 1, c: 2, f: 4 } },
  ],
  ["a key that objects have", '{"__proto__": {"x": 1}, "toString": 2}', {
    ["__proto__"]: { x: 1 },
    toString: 2,
  } as unknown as RawObject],
];

for (const [name, text, raw] of FILES) {
  Deno.test(`parseYamlConfig() reads ${name}`, async () => {
    assertEquals(await read(text), JSON.parse(JSON.stringify(raw)));
  });
}

const deepFlow = "a: " + "[".repeat(100_000);
const deepBlock = "- ".repeat(10_000) + "x";
const bomb = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from(
    { length: 9 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`,
  ),
].join("\n");

/** Text and parts of the message. */
const REFUSED: [name: string, text: string, ...parts: string[]][] = [
  ["two documents", "a: 1\n---\nb: 2\n", "invalid YAML", "(f.yml:2:"],
  [
    "a repeated key",
    "a: 1\nb: 2\na: 3\n",
    'mapping key "a" already defined at [1:1]',
    "(f.yml:3:1)",
  ],
  [
    "a repeated nested key",
    "p:\n  a: 1\n  a: 3\n",
    "config key p.a: mapping key",
    "(f.yml:3:3)",
  ],
  ["an open bracket", "a: [1, 2\nb: 3\n", "invalid YAML", "(f.yml:"],
  ["a tab for blanks", "a:\n\tb: 1\n", "invalid YAML", "(f.yml:2:"],
  ["an unknown alias", "a: *x\n", "nothing is named 'x'", "(f.yml:1:4)"],
  ["an alias of itself", "a: &x [*x]\n", "nothing is named 'x'"],
  ["an unknown tag", "a: !secret x\n", "invalid YAML"],
  [
    "a key that is a word for yes",
    "paths:\n  on: {}\n",
    "keys must be text, found on",
    "(f.yml:2:3)",
  ],
  ["a key that is a number", "paths:\n  12:\n", "keys must be text, found 12"],
  ["a key that is a list", "? [a]\n: 1\n", "keys must be text"],
  ["a merge of text", "a: {<<: x}\n", "'<<' needs keys and values"],
  ["a list", "- a\n", "must be keys and values"],
  ["text", "hello\n", "must be keys and values"],
  ["deep flow lists", deepFlow, "nested deeper than"],
  ["deep block lists", deepBlock, "nested deeper than"],
  ["aliases that multiply", bomb, "more than"],
  ["a huge file", "#".repeat(MAX_CONFIG_CHARS + 1), "larger than"],
];

for (const [name, text, ...parts] of REFUSED) {
  Deno.test(`parseYamlConfig() refuses ${name}`, async () => {
    const { message } = await assertRejects(
      parseYamlConfig(text, "f.yml"),
      ConfigError,
    );
    for (const part of parts) assertIncludes(message, part);
  });
}

Deno.test("parseYamlConfig() takes lists within lists up to the limit", async () => {
  const depth = MAX_YAML_DEPTH - 2;
  const text = `a: ${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert(Array.isArray((await parseYamlConfig(text)).raw["a"]));
});

Deno.test("parseYamlConfig() says where each key stands", async () => {
  const text =
    "a: 1\npaths:\n  cam: &c\n    source: x\n  b: *c\nl:\n  - u: 1\n    v: 2\n";
  const { origins } = await parseYamlConfig(text, "f.yml");
  const places: [(string | number)[], number, number][] = [
    [["a"], 1, 1],
    [["paths"], 2, 1],
    [["paths", "cam"], 3, 3],
    [["paths", "cam", "source"], 4, 5],
    [["paths", "b", "source"], 5, 3],
    [["l", 0], 7, 5],
    [["l", 0, "v"], 8, 5],
    [["l", 0, "missing"], 7, 5],
  ];
  for (const [keyPath, line, column] of places) {
    assertEquals(origins.find(keyPath).place, { line, column }, `${keyPath}`);
  }
});

Deno.test("parseYamlConfig() takes many repeated keys in little time", async () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `k${i}: 1`).join("\n");
  const startMs = performance.now();
  await parseYamlConfig(text);
  assert(performance.now() - startMs < 3_000);
});
