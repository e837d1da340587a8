import { EventBus } from "#base/event_bus.ts";
import type { ServerEvent } from "#core/ports.ts";
import { EventHistory, type EventRecord } from "#events/event_history.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

function openHistory(maxEvents?: number) {
  const events = new EventBus<ServerEvent>();
  const clock = new FakeClock();
  const history = new EventHistory(
    maxEvents === undefined ? { events, clock } : { events, clock, maxEvents },
  );
  const heard: EventRecord[] = [];
  history.listen((record) => heard.push(record));
  const emit = (count: number) => {
    for (let i = 0; i < count; i++) {
      events.emit({ type: "pathClosed", pathName: `cam${i}` });
    }
  };
  return { history, heard, emit, clock };
}

Deno.test("EventHistory.listen() tells each event as it happens", () => {
  const { heard, emit, clock } = openHistory();
  emit(1);
  const [record] = heard;
  assertEquals(record, {
    id: record!.id,
    type: "path.closed",
    time: new Date(clock.wallMs()).toISOString(),
    path: "cam0",
  });
});

Deno.test("EventHistory.since() gives what came after, whatever was seen last", () => {
  const { history, heard, emit } = openHistory();
  emit(5);
  for (const [i, { id }] of heard.entries()) {
    assertEquals(history.since(id), heard.slice(i + 1));
  }
  assertEquals(history.since(undefined), []);
});

Deno.test("EventHistory.since() says that events are missing when they are", () => {
  const { history, heard, emit } = openHistory(3);
  emit(5);
  assertEquals(history.since(heard[0]!.id), "gap");
  assertEquals(history.since(heard[1]!.id), heard.slice(2));
  assertEquals(history.since(heard[4]!.id), []);
  const [start, last] = heard[4]!.id.split("-");
  const foreign = [
    "",
    "5",
    last!,
    `${start}-`,
    `${start}-6`,
    `${start}--1`,
    `${start}-1e3`,
    `${start}-4.5`,
    `00000000-${last}`,
    `${start}-99999999999999999999`,
    "x".repeat(100_000),
  ];
  for (const id of foreign) assertEquals(history.since(id), "gap", id);
});

Deno.test("EventHistory.since() takes no id of another start", () => {
  const before = openHistory();
  before.emit(2);
  const after = openHistory();
  after.emit(2);
  assertEquals(after.history.since(before.heard[0]!.id), "gap");
});

Deno.test("EventHistory keeps a thousand events, and none after its end", () => {
  const { history, heard, emit } = openHistory();
  emit(1_500);
  history[Symbol.dispose]();
  emit(10);
  assertEquals(heard.length, 1_500);
  const kept = history.since(heard[499]!.id);
  assert(kept !== "gap" && kept.length === 1_000);
  assertEquals(history.since(heard[498]!.id), "gap");
});
