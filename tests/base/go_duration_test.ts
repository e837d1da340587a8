import { parseGoDuration, printGoDuration } from "#base/go_duration.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

/** Text, milliseconds, and the text that is printed for them. */
const DURATIONS: [text: string, durationMs: number, printed: string][] = [
  ["", 0, ""],
  ["0", 0, ""],
  ["0s", 0, ""],
  ["10s", 10_000, "10s"],
  ["60s", 60_000, "1m0s"],
  ["1h", 3_600_000, "1h0m0s"],
  ["200ms", 200, "200ms"],
  ["1.5s", 1_500, "1.5s"],
  ["1500ms", 1_500, "1.5s"],
  ["1d", 86_400_000, "1d"],
  ["24h", 86_400_000, "1d"],
  ["7d18h53m20s", 672_800_000, "7d18h53m20s"],
  ["-1d2h", -93_600_000, "-1d2h0m0s"],
  ["-5s", -5_000, "-5s"],
  ["+5s", 5_000, "5s"],
  [".5s", 500, "500ms"],
  ["5.s", 5_000, "5s"],
  ["3us", 0.003, "3µs"],
  ["3µs", 0.003, "3µs"],
  ["3μs", 0.003, "3µs"],
  ["250ns", 0.00025, "250ns"],
  ["1h2m3.004s", 3_723_004, "1h2m3.004s"],
];

for (const [text, durationMs, printed] of DURATIONS) {
  Deno.test(`parseGoDuration() reads '${text}'`, () => {
    assertEquals(parseGoDuration(text), durationMs);
  });

  Deno.test(`printGoDuration() writes '${printed}' for '${text}'`, () => {
    assertEquals(printGoDuration(durationMs), printed);
    assertEquals(parseGoDuration(printed), durationMs);
  });
}

/** Text and the start of the error text. */
const REFUSED: [text: string, message: string][] = [
  ["x", 'time: invalid duration "x"'],
  ["5", 'time: missing unit in duration "5"'],
  ["1h5", 'time: missing unit in duration "1h5"'],
  ["5x", 'time: unknown unit "x" in duration "5x"'],
  ["1.2.3s", 'time: missing unit in duration "1.2.3s"'],
  ["-", 'time: invalid duration "-"'],
  [".s", 'time: invalid duration ".s"'],
  [" 5s", 'time: invalid duration " 5s"'],
  ["5 s", 'time: unknown unit " s" in duration "5 s"'],
  ["1000000000h", 'time: invalid duration "1000000000h"'],
  ["99999999999d", 'time: invalid duration "99999999999d"'],
  ["1s".repeat(40), 'time: invalid duration "1s1s1s1s1s1s1s1s…"'],
];

for (const [text, message] of REFUSED) {
  Deno.test(`parseGoDuration() refuses '${text.slice(0, 20)}'`, () => {
    assertEquals(
      assertThrows(() => parseGoDuration(text), RangeError).message,
      message,
    );
  });
}

Deno.test("parseGoDuration() reads what printGoDuration() writes", () => {
  const random = seededRandom(1);
  for (let i = 0; i < 2_000; i++) {
    const durationMs = Math.floor(random() * 10 ** (1 + i % 11));
    assertEquals(parseGoDuration(printGoDuration(durationMs)), durationMs);
  }
});
