import { EventBus } from "#base/event_bus.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("EventBus.emit() calls each listener in order until it is disposed of", () => {
  const bus = new EventBus<string>();
  const heard: string[] = [];
  using _first = bus.listen((event) => heard.push(`first ${event}`));
  const second = bus.listen((event) => heard.push(`second ${event}`));
  bus.emit("opened");
  second[Symbol.dispose]();
  bus.emit("closed");
  assertEquals(heard, ["first opened", "second opened", "first closed"]);
});
