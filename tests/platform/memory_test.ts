import { MemoryTrimmer } from "#platform/memory.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

Deno.test("MemoryTrimmer trims once after many connections have ended, not after a few", () => {
  const clock = new FakeClock();
  let trims = 0;
  using trimmer = new MemoryTrimmer(clock, () => trims++);
  const close = (count: number) => {
    for (let i = 0; i < count; i++) trimmer.handleClosing();
  };
  close(255);
  clock.advance(60_000);
  assertEquals(trims, 0);
  close(10_000);
  clock.advance(29_999);
  assertEquals(trims, 0);
  clock.advance(1);
  assertEquals(trims, 1);
  clock.advance(600_000);
  assertEquals(trims, 1);
  close(256);
  trimmer[Symbol.dispose]();
  clock.advance(600_000);
  assertEquals(trims, 1);
});

Deno.test("MemoryTrimmer calls the system where it can", () => {
  const clock = new FakeClock();
  using trimmer = new MemoryTrimmer(clock);
  for (let i = 0; i < 256; i++) trimmer.handleClosing();
  clock.advance(30_000);
});
