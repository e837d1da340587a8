import {
  colouredLine,
  jsonLine,
  type LogRecord,
  textLine,
} from "#logging/line_formats.ts";
import type { LogLevel } from "#base/log.ts";
import { assert, assertEquals } from "#test/assert.ts";

const TIME = new Date(2026, 0, 5, 7, 8, 9, 12);

function record(level: LogLevel, text: string, traceId?: string): LogRecord {
  return { time: TIME, level, text, traceId };
}

const LEVELS = [["error", "ERR"], ["warn", "WAR"], ["info", "INF"], [
  "debug",
  "DEB",
]] as const;

for (const [level, label] of LEVELS) {
  Deno.test(`textLine() writes local time, ${label} and text [MediaMTX]`, () => {
    assertEquals(
      textLine(record(level, "one")),
      `2026/01/05 07:08:09 ${label} one`,
    );
  });
}

Deno.test("textLine() and jsonLine() name the trace", () => {
  const line = record("info", "one", "0123abcd");
  assertEquals(textLine(line), "2026/01/05 07:08:09 INF one trace=0123abcd");
  assertEquals(JSON.parse(jsonLine(line)).traceId, "0123abcd");
});

Deno.test("colouredLine() colours time and label", () => {
  assertEquals(
    colouredLine(record("warn", "two")),
    "\x1b[90m2026/01/05 07:08:09\x1b[0m \x1b[33mWAR\x1b[0m two",
  );
});

Deno.test("jsonLine() is JSON with time, level and message, whatever the text", () => {
  for (const text of ["one", 'a "b" \\ c', "\ud800", "é😀", "\\u000d", "{}"]) {
    const line = jsonLine(record("error", text));
    assert(!line.includes("\n"));
    const { timestamp, ...rest } = JSON.parse(line);
    assertEquals(rest, { level: "ERR", message: text });
    assertEquals(new Date(timestamp), TIME);
    assert(
      /^2026-01-05T07:08:09\.012(Z|[+-]\d\d:\d\d)$/.test(timestamp),
      timestamp,
    );
  }
});
