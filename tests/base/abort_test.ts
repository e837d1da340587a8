import { pause, withDeadline } from "#base/abort.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { countedSignal } from "#test/counted_signal.ts";
import { FakeClock } from "#test/fake_clock.ts";

const ENDS = [
  { name: "when its time is over", advanceMs: 100, isAborted: false },
  { name: "when its signal aborts", advanceMs: 0, isAborted: true },
];

for (const { name, advanceMs, isAborted } of ENDS) {
  Deno.test(`pause() ends ${name}, and leaves nothing behind`, async () => {
    const clock = new FakeClock();
    const counted = countedSignal();
    let hasEnded = false;
    const paused = pause(clock, 100, counted.signal)
      .then(() => hasEnded = true);
    clock.advance(99);
    await Promise.resolve();
    assertEquals([hasEnded, counted.listeners], [false, 1]);
    clock.advance(advanceMs);
    if (isAborted) counted.abort.abort();
    await paused;
    assertEquals([counted.listeners, clock.pendingTimers], [0, 0]);
  });
}

Deno.test("pause() does not begin once its signal has aborted", async () => {
  const clock = new FakeClock();
  await pause(clock, 100, AbortSignal.abort());
  assertEquals(clock.pendingTimers, 0);
});

/** Work that ends with its signal, under a deadline of 100 ms. */
function openDeadline() {
  const clock = new FakeClock();
  const counted = countedSignal();
  const { promise, resolve } = Promise.withResolvers<string>();
  const working = withDeadline(
    async (signal) => {
      const aborted = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => aborted.reject(signal.reason));
      return await Promise.race([promise, aborted.promise]);
    },
    { clock, timeoutMs: 100, message: "too late", signal: counted.signal },
  );
  return { clock, counted, resolve, working };
}

Deno.test("withDeadline() answers what the work does, and leaves nothing behind", async () => {
  const { clock, counted, resolve, working } = openDeadline();
  clock.advance(99);
  resolve("done");
  assertEquals(await working, "done");
  assertEquals([counted.listeners, clock.pendingTimers], [0, 0]);
});

Deno.test("withDeadline() ends the work when the time is over", async () => {
  const { clock, counted, working } = openDeadline();
  const failed = assertRejects(working, Error);
  clock.advance(100);
  assertEquals((await failed).message, "too late");
  assertEquals([counted.listeners, clock.pendingTimers], [0, 0]);
});

Deno.test("withDeadline() ends the work with its signal, or does not begin it", async () => {
  const { clock, counted, working } = openDeadline();
  const failed = assertRejects(working, RangeError);
  counted.abort.abort(new RangeError("enough"));
  await failed;
  assertEquals([counted.listeners, clock.pendingTimers], [0, 0]);
  const { signal } = counted;
  const late = withDeadline(
    () => Promise.resolve(),
    { clock, timeoutMs: 100, message: "too late", signal },
  );
  await assertRejects(late, RangeError);
  assertEquals([counted.listeners, clock.pendingTimers], [0, 0]);
});
