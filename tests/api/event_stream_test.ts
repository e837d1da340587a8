import { eventStream } from "#api/event_stream.ts";
import type { EventFeed } from "#api/context.ts";
import type { EventRecord } from "#events/event_history.ts";
import { EventBus } from "#base/event_bus.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const HEARTBEAT_MS = 15_000;

function record(id: string, path = "cam"): EventRecord {
  return { id, type: "path.available", time: "2026-03-01T12:00:00.000Z", path };
}

function openStream(
  { missed = [], lastId }: {
    readonly missed?: readonly EventRecord[] | "gap";
    readonly lastId?: string;
  } = {},
) {
  const bus = new EventBus<EventRecord>();
  const clock = new FakeClock();
  const abort = new AbortController();
  let listening = 0;
  let ended = 0;
  let asked: string | undefined;
  const events: EventFeed = {
    since: (id) => {
      asked = id;
      return missed;
    },
    listen: (listener) => {
      listening++;
      const registration = bus.listen(listener);
      return {
        [Symbol.dispose]: () => {
          listening--;
          registration[Symbol.dispose]();
        },
      };
    },
  };
  const stream = eventStream({
    events,
    clock,
    signal: abort.signal,
    onEnd: () => void ended++,
  }, lastId);
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  return {
    bus,
    clock,
    abort,
    reader,
    asked: () => asked,
    left: () => [listening, clock.pendingTimers, ended],
    next: async () => decoder.decode((await reader.read()).value),
  };
}

Deno.test("eventStream() sends what was missed, then what happens", async () => {
  const { bus, next, asked, reader, left } = openStream({
    missed: [record("a-1")],
    lastId: "a-0",
  });
  assertEquals(asked(), "a-0");
  assertEquals(await next(), "retry: 2000\n\n");
  assertEquals(
    await next(),
    'id: a-1\ndata: {"id":"a-1","type":"path.available","time":"2026-03-01T12:00:00.000Z","path":"cam"}\n\n',
  );
  bus.emit(record("a-2"));
  assert((await next()).startsWith("id: a-2\n"));
  await reader.cancel();
  assertEquals(left(), [0, 0, 1]);
});

Deno.test("eventStream() says that events are missing", async () => {
  const { next, reader } = openStream({ missed: "gap" });
  await next();
  assertEquals(await next(), 'data: {"type":"gap"}\n\n');
  await reader.cancel();
});

Deno.test("eventStream() sends something while nothing happens", async () => {
  const { next, clock, reader } = openStream();
  await next();
  for (let i = 0; i < 3; i++) {
    clock.advance(HEARTBEAT_MS);
    assertEquals(await next(), ":\n\n");
  }
  await reader.cancel();
});

Deno.test("eventStream() sends a client away that takes nothing", () => {
  const { bus, left } = openStream();
  const long = "x".repeat(10_000);
  for (let i = 0; i < 200; i++) bus.emit(record(`a-${i}`, long));
  assertEquals(left(), [0, 0, 1]);
});

Deno.test("eventStream() ends with the API", async () => {
  const { abort, reader, left } = openStream();
  abort.abort();
  assertEquals(left(), [0, 0, 1]);
  await reader.read();
  assertEquals((await reader.read()).done, true);
});

Deno.test("eventStream() lets no event break its line", async () => {
  const { bus, next, reader } = openStream();
  await next();
  bus.emit(record("a-1", "a\n\ndata: forged\u2028<b>"));
  assertEquals((await next()).split("\n").length, 4);
  await reader.cancel();
});
