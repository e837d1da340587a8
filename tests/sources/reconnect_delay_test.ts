import { ReconnectDelay } from "#sources/reconnect_delay.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("ReconnectDelay.next() doubles up to the most, never under the least", () => {
  const limits = { minMs: 1_000, maxMs: 30_000 };
  const longest = new ReconnectDelay(limits, () => 1);
  const shortest = new ReconnectDelay(limits, () => 0);
  const steps = Array.from({ length: 8 }, () => longest.next());
  assertEquals(
    steps,
    [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000],
  );
  const halves = Array.from({ length: 8 }, () => shortest.next());
  assertEquals(
    halves,
    [1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000],
  );
  longest.reset();
  assertEquals(longest.next(), 1_000);
});

Deno.test("ReconnectDelay.next() grows from 100 ms where no least is wanted", () => {
  const next = (maxMs: number) => {
    const delay = new ReconnectDelay({ minMs: 0, maxMs }, () => 1);
    return [delay.next(), delay.next(), delay.next(), delay.next()];
  };
  assertEquals(next(500), [100, 200, 400, 500]);
  assertEquals(next(0), [100, 100, 100, 100]);
});

Deno.test("ReconnectDelay.next() is always the same where least and most are [MediaMTX: 5 s]", () => {
  const delay = new ReconnectDelay({ minMs: 5_000, maxMs: 5_000 });
  for (let i = 0; i < 5; i++) assertEquals(delay.next(), 5_000);
});

Deno.test("ReconnectDelay.next() spreads sources that failed together", () => {
  const delays = Array.from({ length: 100 }, () => {
    const delay = new ReconnectDelay({ minMs: 1_000, maxMs: 30_000 });
    for (let i = 0; i < 6; i++) delay.next();
    return delay.next();
  });
  assert(Math.max(...delays) - Math.min(...delays) > 5_000);
});
