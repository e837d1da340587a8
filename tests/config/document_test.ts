import type { RawObject } from "#base/schema.ts";
import {
  type ConfigDocument,
  copyDocument,
  mergeDocument,
} from "#config/document.ts";
import { originText } from "#config/errors.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { assertEquals } from "#test/assert.ts";

/** Plain JSON: objects of documents have no prototype. */
function plain(raw: RawObject): unknown {
  return JSON.parse(JSON.stringify(raw));
}

async function merged(texts: readonly string[]): Promise<ConfigDocument> {
  const [first, ...others] = await Promise.all(
    texts.map((text, i) => parseYamlConfig(text, `${i + 1}.yml`)),
  );
  for (const other of others) mergeDocument(first!, other);
  return first!;
}

const MERGES: [name: string, files: string[], raw: unknown][] = [
  ["keys of both", ["a: 1", "b: 2"], { a: 1, b: 2 }],
  ["the later value", ["a: 1", "a: 2"], { a: 2 }],
  ["maps key by key", ["p: {a: {x: 1, y: 2}, b: {}}", "p: {a: {y: 3}, c: }"], {
    p: { a: { x: 1, y: 3 }, b: {}, c: null },
  }],
  ["lists as a whole", ["a: [1, 2]", "a: [3]"], { a: [3] }],
  ["a list over a map", ["a: {x: 1}", "a: [1]"], { a: [1] }],
  ["a map over a value", ["a: 1", "a: {x: 1}"], { a: { x: 1 } }],
  ["a key without value over one", ["a: 1\np: {x: {y: 1}}", "a:\np: {x: }"], {
    a: 1,
    p: { x: { y: 1 } },
  }],
  ["a value over a key without", ["a:", "a: 1"], { a: 1 }],
  ["three files", ["a: 1", "a: 2\nb: 2", "b: 3"], { a: 2, b: 3 }],
  ["keys that objects have", ["p: {x: 1}", '"__proto__": {y: 1}'], {
    p: { x: 1 },
    ["__proto__"]: { y: 1 },
  }],
];

for (const [name, files, raw] of MERGES) {
  Deno.test(`mergeDocument() takes ${name}`, async () => {
    assertEquals(plain((await merged(files)).raw), plain(raw as RawObject));
  });
}

Deno.test("mergeDocument() says where each value is from", async () => {
  const { origins } = await merged([
    "a: 1\np:\n  x: {u: 1, v: 1}\nl: [{u: 1, v: 1}, {u: 2}]\n",
    "\np:\n  x: {v: 2}\n  y: 1\nl: [{u: 3}]\n",
  ]);
  const texts: [(string | number)[], string][] = [
    [["a"], "1.yml:1:1"],
    [["p", "x", "u"], "1.yml:3:7"],
    [["p", "x", "v"], "2.yml:3:7"],
    [["p", "y"], "2.yml:4:3"],
    [["l", 0, "u"], "2.yml:5:6"],
  ];
  for (const [keyPath, text] of texts) {
    assertEquals(originText(origins.find(keyPath)), text, `${keyPath}`);
  }
});

Deno.test("mergeDocument() leaves what it takes from, and copies share nothing", async () => {
  const source = await parseYamlConfig("p: {x: {u: [1]}}", "s.yml");
  const target = await parseYamlConfig("p: {}", "t.yml");
  mergeDocument(target, source);
  const copy = copyDocument(target);
  ((copy.raw["p"] as RawObject)["x"] as RawObject)["u"] = 2;
  copy.origins.set(["p"], { variable: "V" });
  assertEquals(plain(source.raw), { p: { x: { u: [1] } } });
  assertEquals(plain(target.raw), { p: { x: { u: [1] } } });
  assertEquals(target.origins.find(["p"]).variable, undefined);
});
