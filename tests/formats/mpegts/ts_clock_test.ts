import { TsClock } from "#formats/mpegts/ts_clock.ts";
import { assertEquals } from "#test/assert.ts";

const SPAN = 2 ** 33;

Deno.test("TsClock starts at the first timestamp and goes on over the wrap", () => {
  const clock = new TsClock();
  assertEquals(clock.latestTicks, undefined);
  assertEquals(
    [SPAN - 10, 5, SPAN - 3, 90_000].map((one) => clock.unwrap(one)),
    [SPAN - 10, SPAN + 5, SPAN - 3, SPAN + 90_000],
  );
  assertEquals(clock.latestTicks, SPAN + 90_000);
});

Deno.test("TsClock goes back below zero", () => {
  const clock = new TsClock();
  assertEquals([3, SPAN - 7, 4].map((one) => clock.unwrap(one)), [3, -7, 4]);
});

Deno.test("TsClock counts many turns", () => {
  const clock = new TsClock();
  const step = SPAN / 4;
  let last = 0;
  for (let i = 0; i < 40; i++) last = clock.unwrap(i * step % SPAN);
  assertEquals(last, 39 * step);
});
