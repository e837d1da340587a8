import { MAX_PATH_NAME_CHARS, validatePathName } from "#paths/path_name.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const CHARACTERS =
  "can contain only alphanumeric characters, underscore, dot, minus, slash";
const DOTS = "can't contain dot path segments";
const DEVICES = "can't contain names of devices";

const NAMES: [name: string, reason: string | undefined][] = [
  ["cam", undefined],
  ["a/b", undefined],
  ["A-1_b.c/D", undefined],
  [".hidden", undefined],
  ["a..b", undefined],
  ["console", undefined],
  ["com10", undefined],
  ["com/1", undefined],
  ["x".repeat(MAX_PATH_NAME_CHARS), undefined],
  ["", "cannot be empty"],
  ["/cam", "can't begin with a slash"],
  ["cam/", "can't end with a slash"],
  ["/", "can't begin with a slash"],
  ["a b", CHARACTERS],
  ["caf\u00e9", CHARACTERS],
  ["a\\b", CHARACTERS],
  ["a\0b", CHARACTERS],
  ["a\n", CHARACTERS],
  ["~^x$", CHARACTERS],
  ["a:b", CHARACTERS],
  ["%2e%2e", CHARACTERS],
  [".", DOTS],
  ["..", DOTS],
  ["...", DOTS],
  ["../etc", DOTS],
  ["a/../b", DOTS],
  ["a/./b", DOTS],
  ["a/..", DOTS],
  ["CON", DEVICES],
  ["a/nul", DEVICES],
  ["a/NUL.txt/b", DEVICES],
  ["com1", DEVICES],
  ["Lpt9.x", DEVICES],
  ["aux", DEVICES],
  ["prn", DEVICES],
  ["x".repeat(MAX_PATH_NAME_CHARS + 1), "cannot be longer than 255 characters"],
];

for (const [name, reason] of NAMES) {
  const title = JSON.stringify(name.slice(0, 20));
  Deno.test(`validatePathName() answers ${title} with ${reason ?? "nothing"}`, () => {
    assertEquals(validatePathName(name), reason);
  });
}

Deno.test("validatePathName() lets nothing through that a file system could take for something else", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const seeds = NAMES.map(([name]) => encoder.encode(name));
  for (const bytes of mutations(seeds)) {
    const name = decoder.decode(bytes);
    if (validatePathName(name) !== undefined) continue;
    const parts = name.split("/");
    const isSafe = /^[\w./-]+$/.test(name) && !name.startsWith("/") &&
      !parts.includes("..") && !parts.includes(".") &&
      name.length <= MAX_PATH_NAME_CHARS;
    assertEquals(isSafe, true, name);
  }
});
