import { localTime } from "#api/local_time.ts";
import { assertEquals } from "#test/assert.ts";

const NOON = Date.UTC(2026, 2, 1, 12);

const CASES: readonly [
  wallMs: number,
  offsetMinutes: number,
  text: string,
][] = [
  [NOON, 0, "2026-03-01T12:00:00Z"],
  [NOON + 10_250, 0, "2026-03-01T12:00:10.25Z"],
  [NOON + 10_005, 0, "2026-03-01T12:00:10.005Z"],
  [NOON + 1.002, 0, "2026-03-01T12:00:00.001002Z"],
  [NOON, 60, "2026-03-01T13:00:00+01:00"],
  [NOON, -13 * 60 - 30, "2026-02-28T22:30:00-13:30"],
];

for (const [wallMs, offsetMinutes, text] of CASES) {
  Deno.test(`localTime() writes ${text}`, () => {
    assertEquals(localTime(wallMs, offsetMinutes), text);
    assertEquals(Date.parse(text), Math.floor(wallMs));
  });
}

Deno.test("localTime() has the zone of this machine", () => {
  const offsetMinutes = -new Date(NOON).getTimezoneOffset();
  assertEquals(localTime(NOON), localTime(NOON, offsetMinutes));
});
