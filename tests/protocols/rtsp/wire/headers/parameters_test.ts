import { ParseError } from "#base/errors.ts";
import {
  parseDecimal,
  parseParameter,
  quote,
  splitOutsideQuotes,
} from "#protocols/rtsp/wire/headers/parameters.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const SPLITS: [string, string[]][] = [
  ["", []],
  [" ; ;", []],
  ["a; b ;c", ["a", "b", "c"]],
  ['a="x;y";b', ['a="x;y"', "b"]],
  ['a="x\\";y";b', ['a="x\\";y"', "b"]],
  ['a="x;y', ['a="x;y']],
  ['a="x\\', ['a="x\\']],
];

for (const [text, pieces] of SPLITS) {
  Deno.test(`splitOutsideQuotes() cuts ${JSON.stringify(text)}`, () => {
    assertEquals(splitOutsideQuotes(text, ";"), pieces);
  });
}

Deno.test("parseParameter() reads names in lower case and values without quotes", () => {
  assertEquals(parseParameter("Unicast"), {
    name: "unicast",
    value: undefined,
  });
  assertEquals(parseParameter("A = b=c"), { name: "a", value: "b=c" });
  assertEquals(parseParameter('a=""'), { name: "a", value: "" });
  assertEquals(parseParameter('a="'), { name: "a", value: '"' });
  for (const text of ["plain", 'with "quotes" and \\', ""]) {
    assertEquals(parseParameter(`a=${quote(text)}`).value, text);
  }
});

Deno.test("parseDecimal() takes digits up to the limit", () => {
  const context = { format: "F", field: "f" };
  assertEquals(parseDecimal("065", 65, context), 65);
  for (
    const text of [
      undefined,
      "",
      "66",
      "-1",
      "1.0",
      "1e1",
      " 1",
      "0x1",
      "12345678901",
    ]
  ) {
    assertThrows(() => parseDecimal(text, 65, context), ParseError);
  }
});
