import { parseWallTime, wallTimeText } from "#base/wall_time.ts";
import { assertEquals } from "#test/assert.ts";

const NOON_US = Date.UTC(2026, 2, 1, 12) * 1_000;

const TIMES: [text: string, wallUs: number][] = [
  ["2026-03-01T12:00:00Z", NOON_US],
  ["2026-03-01t12:00:00z", NOON_US],
  ["2026-03-01T13:30:00+01:30", NOON_US],
  ["2026-03-01T04:00:00.25-08:00", NOON_US + 250_000],
  ["2026-03-01T12:00:00.000042Z", NOON_US + 42],
  ["2026-03-01T12:00:00.123456789Z", NOON_US + 123_456],
  ["1969-12-31T23:59:59.5Z", -500_000],
];

for (const [text, wallUs] of TIMES) {
  Deno.test(`parseWallTime() reads ${text}`, () => {
    assertEquals(parseWallTime(text), wallUs);
  });
}

const NO_TIMES = [
  "",
  "2026-03-01",
  "2026-03-01 12:00:00Z",
  "2026-03-01T12:00:00",
  "2026-03-01T12:00Z",
  "2026-13-01T12:00:00Z",
  "2026-03-01T25:00:00Z",
  "2026-03-01T12:00:00.Z",
  "2026-03-01T12:00:00+25:00",
  "2026-03-01T12:00:00.1234567890Z",
  " 2026-03-01T12:00:00Z",
  "now",
  "2300-01-01T00:00:00Z",
];

for (const text of NO_TIMES) {
  Deno.test(`parseWallTime() takes "${text}" for no time`, () => {
    assertEquals(parseWallTime(text), undefined);
  });
}

Deno.test("wallTimeText() writes what parseWallTime() reads, without zeros at the end", () => {
  for (const [, wallUs] of TIMES) {
    assertEquals(parseWallTime(wallTimeText(wallUs)), wallUs);
  }
  const fraction = (wallUs: number) =>
    /\.\d+/.exec(wallTimeText(wallUs))?.[0] ?? "";
  assertEquals(fraction(NOON_US), "");
  assertEquals(fraction(NOON_US + 42), ".000042");
  assertEquals(fraction(NOON_US + 250_000), ".25");
});
