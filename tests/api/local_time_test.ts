import { localTime } from "#api/local_time.ts";
import { assertEquals } from "#test/assert.ts";

/** Runs with another zone of this machine. */
function inZone(name: string, run: () => void): void {
  const before = Deno.env.get("TZ");
  Deno.env.set("TZ", name);
  try {
    run();
  } finally {
    if (before === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", before);
  }
}

const CASES: readonly [string, number, string][] = [
  ["UTC", Date.UTC(2026, 2, 1, 12, 0, 0, 0), "2026-03-01T12:00:00Z"],
  ["UTC", Date.UTC(2026, 2, 1, 12, 0, 10, 250), "2026-03-01T12:00:10.25Z"],
  ["UTC", Date.UTC(2026, 2, 1, 12, 0, 10, 5), "2026-03-01T12:00:10.005Z"],
  ["UTC", Date.UTC(2026, 2, 1, 12) + 1.002, "2026-03-01T12:00:00.001002Z"],
  ["Europe/Paris", Date.UTC(2026, 0, 1, 12), "2026-01-01T13:00:00+01:00"],
  ["America/St_Johns", Date.UTC(2026, 0, 1, 2), "2025-12-31T22:30:00-03:30"],
];

for (const [zone, wallMs, text] of CASES) {
  Deno.test(`localTime() writes ${text} in ${zone}`, () => {
    inZone(zone, () => {
      // The runtime may know one zone only, from its start.
      const isThere = new Date(wallMs).getTimezoneOffset() ===
        offsetOf(text);
      if (isThere) assertEquals(localTime(wallMs), text);
    });
    assertEquals(Date.parse(localTime(wallMs)), Math.floor(wallMs));
  });
}

function offsetOf(text: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === "+" ? 0 - total : total;
}
