import { LineQueue } from "#logging/line_queue.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

/** A queue whose writes end when the test says so. */
function stuckQueue() {
  const writes: (readonly string[])[] = [];
  const waiting: (() => void)[] = [];
  const clock = new FakeClock();
  const queue = new LineQueue({
    write: (lines) => {
      writes.push(lines);
      return new Promise((resolve) => waiting.push(resolve));
    },
    lossLine: (count) => `${count} lost`,
    clock,
  });
  const finish = async () => {
    waiting.shift()?.();
    await settled();
  };
  return { queue, writes, finish, clock };
}

Deno.test("LineQueue writes the lines of one turn together, and what comes meanwhile next", async () => {
  const { queue, writes, finish } = stuckQueue();
  queue.push("a");
  queue.push("b");
  await settled();
  assertEquals(writes, [["a", "b"]]);
  queue.push("c");
  await settled();
  queue.push("d");
  await settled();
  assertEquals(writes.length, 1, "one write at a time");
  await finish();
  assertEquals(writes, [["a", "b"], ["c", "d"]]);
  await finish();
  queue.push("e");
  await settled();
  assertEquals(writes.at(-1), ["e"]);
  await finish();
});

Deno.test("LineQueue.between() runs behind the lines before it and in front of those behind it", async () => {
  const { queue, writes, finish } = stuckQueue();
  queue.push("a");
  await settled();
  queue.push("b");
  let writesBefore = 0;
  queue.between(() => {
    writesBefore = writes.length;
    return Promise.resolve();
  });
  queue.push("c");
  await finish();
  assertEquals(writes.at(-1), ["b"]);
  await finish();
  assertEquals([writesBefore, writes.at(-1)], [2, ["c"]]);
  await finish();
});

Deno.test("LineQueue counts what does not fit and says so", async () => {
  const { queue, writes, finish } = stuckQueue();
  queue.push("first");
  await settled();
  const line = "x".repeat(1_000_000);
  for (let i = 0; i < 20; i++) queue.push(line);
  await finish();
  assertEquals([writes[1]!.length, writes[1]!.at(-1)], [9, "12 lost"]);
  await finish();
  queue.push("last");
  await settled();
  assertEquals(writes.at(-1), ["last"]);
  await finish();
});

Deno.test("LineQueue.flush() waits for what is written, no longer than it may", async () => {
  const { queue, finish, clock } = stuckQueue();
  assert(await queue.flush(100));
  queue.push("a");
  const late = queue.flush(100);
  await settled();
  clock.advance(100);
  assertEquals(await late, false);
  const done = queue.flush(100);
  await finish();
  assertEquals([await done, clock.pendingTimers], [true, 0]);
});
