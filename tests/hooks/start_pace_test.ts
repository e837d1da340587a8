import { StartPace } from "#hooks/start_pace.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

Deno.test("StartPace.turn() starts in order, with pauses of twice the time that a start took", async () => {
  const clock = new FakeClock();
  const pace = new StartPace(clock);
  const started: string[] = [];
  const slowly = (name: string) => () => {
    started.push(name);
    clock.advance(10);
  };
  const turns = ["a", "b", "c"].map((name) => pace.turn(slowly(name)));
  await turns[0];
  await settled();
  assertEquals(started, ["a"]);
  clock.advance(19);
  await settled();
  assertEquals(started, ["a"]);
  clock.advance(1);
  await turns[1];
  assertEquals(started, ["a", "b"]);
  clock.advance(20);
  await Promise.all(turns);
  clock.advance(20);
  await pace.idle;
  assertEquals([started.length, clock.pendingTimers], [3, 0]);
});

Deno.test("StartPace.turn() goes on after a start that failed", async () => {
  const pace = new StartPace(new FakeClock());
  const failing = pace.turn(() => {
    throw new TypeError("no");
  });
  const next = pace.turn(() => {});
  await assertRejects(failing, TypeError);
  await next;
  await pace.idle;
});
