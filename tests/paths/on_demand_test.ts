import { PathError } from "#core/errors.ts";
import { OnDemand } from "#paths/on_demand.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

const NEVER = new AbortController().signal;

function openDemand() {
  const clock = new FakeClock();
  const calls: string[] = [];
  const demand = new OnDemand({
    pathName: "cam",
    clock,
    startTimeoutMs: 10_000,
    closeAfterMs: 4_000,
    start: (query) => calls.push(`start ${query}`),
    stop: (reason) => calls.push(`stop: ${reason}`),
  });
  return { clock, calls, demand };
}

Deno.test("OnDemand.request() makes one start for many and lets all go on", async () => {
  const { demand, calls, clock } = openDemand();
  const asked = ["a=1", "b=2", "c=3"].map((query) =>
    demand.request(query, NEVER)
  );
  assertEquals(calls, ["start a=1"]);
  clock.advance(9_999);
  demand.handleStream();
  await Promise.all(asked);
  assert(demand.isActive);
});

Deno.test("OnDemand.request() fails all when the stream does not come in time", async () => {
  const { demand, calls, clock } = openDemand();
  const asked = [1, 2].map(() =>
    assertRejects(demand.request("", NEVER), PathError)
  );
  clock.advance(10_000);
  for (const error of await Promise.all(asked)) {
    assertEquals(
      [error.code, error.message],
      ["source_timed_out", "source of path 'cam' has timed out"],
    );
  }
  assertEquals(calls, ["start ", "stop: timed out"]);
  assert(!demand.isActive);
  const again = demand.request("x", NEVER);
  assertEquals(calls.at(-1), "start x");
  demand.handleStream();
  await again;
});

Deno.test("OnDemand.request() lets go of who does not want to wait any more", async () => {
  const { demand, calls, clock } = openDemand();
  const leaving = new AbortController();
  const asked = demand.request("", leaving.signal);
  leaving.abort(new Error("gone"));
  assertEquals((await assertRejects(asked, Error)).message, "gone");
  await assertRejects(demand.request("", leaving.signal), Error);
  clock.advance(10_000);
  assertEquals(calls, ["start ", "stop: timed out"]);
});

Deno.test("OnDemand stops what nobody reads, and keeps what somebody does", async () => {
  const { demand, calls, clock } = openDemand();
  const asked = demand.request("", NEVER);
  demand.handleStream();
  await asked;
  clock.advance(3_999);
  demand.handleReaders(1);
  clock.advance(60_000);
  demand.handleReaders(2);
  demand.handleReaders(1);
  demand.handleReaders(0);
  clock.advance(3_999);
  demand.handleReaders(1);
  demand.handleReaders(0);
  clock.advance(3_999);
  assertEquals(calls, ["start "]);
  clock.advance(1);
  assertEquals(calls, ["start ", "stop: not needed by anyone"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("OnDemand gives a stream that was lost the start timeout to come back", async () => {
  const { demand, calls, clock } = openDemand();
  const first = demand.request("", NEVER);
  demand.handleStream();
  await first;
  demand.handleReaders(1);
  demand.handleLoss();
  demand.handleReaders(0);
  const second = assertRejects(demand.request("", NEVER), PathError);
  clock.advance(9_999);
  assertEquals(calls, ["start "]);
  clock.advance(1);
  assertEquals((await second).code, "source_timed_out");
  assertEquals(calls, ["start ", "stop: timed out"]);
});

Deno.test("OnDemand.handleFailure() waits for the next request", async () => {
  const { demand, calls, clock } = openDemand();
  const first = demand.request("", NEVER);
  demand.handleFailure();
  assertEquals(calls, ["start "], "it goes on trying until the timeout");
  demand.handleStream();
  await first;
  demand.handleFailure();
  assertEquals(calls, ["start ", "stop: an error occurred"]);
  assertEquals(clock.pendingTimers, 0);
  const second = demand.request("again", NEVER);
  demand.handleStream();
  await second;
  assertEquals(calls.at(-1), "start again");
});

Deno.test("OnDemand.close() ends every wait", async () => {
  const { demand, calls, clock } = openDemand();
  demand.close();
  assertEquals(calls, []);
  const asked = assertRejects(demand.request("", NEVER), PathError);
  demand.close();
  demand.close();
  assertEquals((await asked).code, "terminated");
  await settled();
  assertEquals(calls, ["start ", "stop: path is closing"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("OnDemand does nothing about a stream that came by itself", () => {
  const { demand, calls, clock } = openDemand();
  demand.handleStream();
  demand.handleReaders(1);
  demand.handleReaders(0);
  demand.handleLoss();
  demand.handleFailure();
  assertEquals([calls, clock.pendingTimers], [[], 0]);
});
