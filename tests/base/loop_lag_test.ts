import type { Clock } from "#base/clock.ts";
import { LoopLagSampler } from "#base/loop_lag.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

/** A clock whose timers run late. */
class LateClock extends FakeClock implements Clock {
  lateMs = 0;

  override after(delayMs: number, run: () => void): () => void {
    return super.after(delayMs + this.lateMs, run);
  }
}

Deno.test("LoopLagSampler tells zeros before it has looked", () => {
  using sampler = new LoopLagSampler(new FakeClock());
  assertEquals(sampler.read(), {
    p50Ms: 0,
    p99Ms: 0,
    maxMs: 0,
    totalMs: 0,
    samples: 0,
  });
});

Deno.test("LoopLagSampler tells how late timers are, in the last minute and in all", () => {
  const clock = new LateClock();
  using sampler = new LoopLagSampler(clock);
  clock.advance(100); // in time
  clock.lateMs = 40;
  clock.advance(100); // set before the clock went late
  clock.advance(140);
  assertEquals(sampler.read(), {
    p50Ms: 0,
    p99Ms: 40,
    maxMs: 40,
    totalMs: 40,
    samples: 3,
  });
  clock.lateMs = 0;
  clock.advance(60_000 + 140);
  const { p50Ms, p99Ms, maxMs, totalMs } = sampler.read();
  assertEquals([p50Ms, p99Ms, maxMs, totalMs], [0, 0, 0, 80]);
});

Deno.test("LoopLagSampler leaves no timer behind", () => {
  const clock = new FakeClock();
  const sampler = new LoopLagSampler(clock);
  clock.advance(1_000);
  sampler[Symbol.dispose]();
  assertEquals(clock.pendingTimers, 0);
});
