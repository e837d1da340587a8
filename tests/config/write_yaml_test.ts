import * as fc from "fast-check";
import type { RawObject } from "#base/schema.ts";
import { yamlText } from "#config/write_yaml.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { assertEquals } from "#test/assert.ts";

const TEXTS: [name: string, raw: RawObject, text: string][] = [
  ["nothing", {}, ""],
  [
    "values",
    { a: true, b: false, c: 1.5, d: null, e: "x" },
    "a: yes\nb: no\nc: 1.5\nd: null\ne: x\n",
  ],
  [
    "addresses, times and sizes as they are",
    { a: ":8554", b: "127.0.0.1:1", c: "10.0.0.0/8", d: "10s", e: "50M" },
    "a: :8554\nb: 127.0.0.1:1\nc: 10.0.0.0/8\nd: 10s\ne: 50M\n",
  ],
  [
    "text that could be something else in quotes",
    { a: "yes", b: "12", c: "", d: "a: b", e: "0x1f", f: ".5", g: "a #b" },
    'a: "yes"\nb: "12"\nc: ""\nd: "a: b"\ne: "0x1f"\nf: ".5"\ng: "a #b"\n',
  ],
  [
    "keys in quotes",
    { "~^a$": 1, on: 2, "1": 3 },
    '"1": 3\n"~^a$": 1\n"on": 2\n',
  ],
  [
    "maps",
    { paths: { cam: { maxReaders: 1 }, b: {} } },
    "paths:\n  cam:\n    maxReaders: 1\n  b: {}\n",
  ],
  [
    "long keys",
    { p: { ["a".repeat(2_000)]: { b: 1 } } },
    `p:\n  ? ${"a".repeat(2_000)}\n  :\n    b: 1\n`,
  ],
  [
    "lists",
    { a: [], b: ["x", ":1"], c: [{ u: "a", l: [{ v: 1 }] }, {}] },
    "a: []\nb: [x, :1]\nc:\n  - u: a\n    l:\n      - v: 1\n  - {}\n",
  ],
];

for (const [name, raw, text] of TEXTS) {
  Deno.test(`yamlText() writes ${name}`, async () => {
    assertEquals(yamlText(raw), text);
    const read = (await parseYamlConfig(text)).raw;
    assertEquals(JSON.stringify(read), JSON.stringify(raw));
  });
}

Deno.test("yamlText() puts comments behind values", () => {
  const raw = { a: 1, l: [{ u: 1, v: 2 }], m: { x: { w: 1 } } };
  assertEquals(
    yamlText(
      raw,
      (keyPath) => keyPath.includes("v") ? undefined : `${keyPath}`,
    ),
    "a: 1 # a\nl:\n  - u: 1 # l,0,u\n    v: 2\nm:\n  x:\n    w: 1 # m,x,w\n",
  );
});

Deno.test("yamlText() writes what parseYamlConfig() reads as the same values", async () => {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "yes",
        "~",
        "- a",
        "a:",
        "1e3",
        "0b1",
        "<<",
        "&a",
        "\u2028",
      ),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), value), async (given) => {
      const raw = JSON.parse(JSON.stringify(given));
      const read = (await parseYamlConfig(yamlText(raw))).raw;
      assertEquals(JSON.parse(JSON.stringify(read)), raw);
    }),
    { numRuns: 300 },
  );
});
