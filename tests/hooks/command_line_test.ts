import { expandVariables, splitCommandLine } from "#hooks/command_line.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const LINES: readonly { readonly line: string; readonly words: string[] }[] = [
  { line: "", words: [] },
  { line: " \t\n ", words: [] },
  {
    line: "ffmpeg -i  x\n -f rtsp",
    words: ["ffmpeg", "-i", "x", "-f", "rtsp"],
  },
  { line: "a 'b c' d", words: ["a", "b c", "d"] },
  { line: `a "b \\"c\\" \\$d \\x" e`, words: ["a", 'b "c" $d \\x', "e"] },
  { line: "a'b'\"c\"d", words: ["abcd"] },
  { line: "a '' \"\"", words: ["a", "", ""] },
  { line: "a\\ b c\\\nd", words: ["a b", "cd"] },
  { line: "echo a && b | c > d", words: "echo a && b | c > d".split(" ") },
  { line: "sh -c 'echo \"$X\"'", words: ["sh", "-c", 'echo "$X"'] },
];

for (const { line, words } of LINES) {
  Deno.test(`splitCommandLine() splits ${JSON.stringify(line)}`, () => {
    assertEquals(splitCommandLine(line), words);
  });
}

Deno.test("splitCommandLine() refuses what is not closed", () => {
  for (const line of ["a 'b", 'a "b', "a \\", `"\\"`]) {
    assertThrows(() => splitCommandLine(line), SyntaxError);
  }
});

Deno.test("expandVariables() replaces names as MediaMTX does", () => {
  const values = new Map([["MTX_PATH", "cam/1"], ["G1", "$MTX_PATH"]]);
  const cases = [
    ["$MTX_PATH", "cam/1"],
    ["a${MTX_PATH}b$MTX_PATH", "acam/1bcam/1"],
    ["$G1", "$MTX_PATH"],
    ["$NONE.${NONE}", "."],
    ["$$ $1 $? $@ $- ${} ${1} ${a b}", "       "],
    ["$ %$ a$", "$ %$ a$"],
    ["${MTX_PATH", "MTX_PATH"],
  ] as const;
  for (const [text, is] of cases) {
    assertEquals(expandVariables(text, (name) => values.get(name)), is, text);
  }
});
