import { EventBus } from "#base/event_bus.ts";
import type { ServerEvent } from "#core/ports.ts";
import { EventCounts } from "#metrics/event_counts.ts";
import { assertEquals } from "#test/assert.ts";

function failed(kind: string): ServerEvent {
  return { type: "failed", kind, subject: "cam", reason: "it broke" };
}

Deno.test("EventCounts counts failures by kind, known kinds from zero", () => {
  const events = new EventBus<ServerEvent>();
  using counts = new EventCounts(events);
  assertEquals(
    [...counts.failures.values()].every((count) => count === 0),
    true,
  );
  events.emit(failed("webhook"));
  events.emit(failed("webhook"));
  events.emit(failed("disk"));
  assertEquals(counts.failures.get("webhook"), 2);
  assertEquals(counts.failures.get("disk"), 1);
  assertEquals(counts.failures.get("hook"), 0);
});

Deno.test("EventCounts counts how hooks ended", () => {
  const events = new EventBus<ServerEvent>();
  using counts = new EventCounts(events);
  events.emit(failed("hook"));
  events.emit({ ...failed("webhook"), type: "succeeded" } as ServerEvent);
  assertEquals([...counts.hooks], [
    ["hook", { ok: 0, failed: 1 }],
    ["webhook", { ok: 1, failed: 0 }],
  ]);
});

Deno.test("EventCounts counts reloads, not the first configuration", () => {
  const events = new EventBus<ServerEvent>();
  using counts = new EventCounts(events);
  events.emit({ type: "configApplied", revision: 1 });
  events.emit({ type: "configApplied", revision: 2 });
  events.emit(failed("config"));
  events.emit({ type: "configApplied", revision: 3 });
  assertEquals(counts.reloads, { ok: 2, failed: 1 });
});

Deno.test("EventCounts stops when disposed of", () => {
  const events = new EventBus<ServerEvent>();
  const counts = new EventCounts(events);
  counts[Symbol.dispose]();
  events.emit(failed("hook"));
  assertEquals(counts.failures.get("hook"), 0);
});
