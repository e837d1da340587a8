import { ParseError } from "#base/errors.ts";
import { LineReader } from "#base/line_reader.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const OPTIONS = { format: "text", maxLineBytes: 8 };

function linesOf(text: string): [number, number, string][] {
  const reader = new LineReader(new TextEncoder().encode(text), OPTIONS);
  const lines: [number, number, string][] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    lines.push([reader.lineNumber, reader.offsetBytes, line]);
  }
  return lines;
}

const CASES: {
  name: string;
  text: string;
  lines: [number, number, string][];
}[] = [
  { name: "nothing", text: "", lines: [] },
  { name: "CR LF", text: "a\r\nb\r\n", lines: [[1, 0, "a"], [2, 3, "b"]] },
  { name: "LF", text: "a\nb\n", lines: [[1, 0, "a"], [2, 2, "b"]] },
  { name: "CR", text: "a\rb\r", lines: [[1, 0, "a"], [2, 2, "b"]] },
  { name: "no end", text: "a\nbc", lines: [[1, 0, "a"], [2, 2, "bc"]] },
  {
    name: "empty lines",
    text: "\r\n\na",
    lines: [[1, 0, ""], [2, 2, ""], [3, 3, "a"]],
  },
  { name: "UTF-8", text: "é\nb", lines: [[1, 0, "é"], [2, 3, "b"]] },
  {
    name: "a line at the limit",
    text: "12345678\r\n",
    lines: [[1, 0, "12345678"]],
  },
];

for (const { name, text, lines } of CASES) {
  Deno.test(`LineReader.next() reads ${name}`, () => {
    assertEquals(linesOf(text), lines);
  });
}

Deno.test("LineReader.next() rejects a line over the limit", () => {
  const error = assertThrows(() => linesOf("a\n123456789"), ParseError);
  assertEquals([error.format, error.field, error.offsetBytes], [
    "text",
    "line 2",
    2,
  ]);
});

Deno.test("LineReader.error() names the line and its part", () => {
  const reader = new LineReader(new TextEncoder().encode("a\nb"), OPTIONS);
  reader.next();
  assertEquals(reader.error("is bad", "m=").field, "line 1 m=");
});
