import { consoleSink } from "#logging/console.ts";
import { assertEquals } from "#test/assert.ts";

function written(isTerminal: boolean): string[] {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const now = () => new Date(2026, 0, 5, 7, 8, 9);
  const sink = consoleSink({ isTerminal, write }, now);
  sink("error", "one");
  sink("warn", "two");
  sink("info", "three");
  sink("debug", "four");
  return lines;
}

Deno.test("consoleSink() writes local time, label and text [MediaMTX]", () => {
  assertEquals(written(false), [
    "2026/01/05 07:08:09 ERR one",
    "2026/01/05 07:08:09 WAR two",
    "2026/01/05 07:08:09 INF three",
    "2026/01/05 07:08:09 DEB four",
  ]);
});

Deno.test("consoleSink() colours time and label on a terminal only", () => {
  assertEquals(written(true), [
    "\x1b[90m2026/01/05 07:08:09\x1b[0m \x1b[31mERR\x1b[0m one",
    "\x1b[90m2026/01/05 07:08:09\x1b[0m \x1b[33mWAR\x1b[0m two",
    "\x1b[90m2026/01/05 07:08:09\x1b[0m \x1b[32mINF\x1b[0m three",
    "\x1b[90m2026/01/05 07:08:09\x1b[0m \x1b[36mDEB\x1b[0m four",
  ]);
});
