import { EventBus } from "#core/event_bus.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { SessionList } from "#core/session_list.ts";
import { assertEquals } from "#test/assert.ts";

const SESSION: SessionInfo = {
  id: "6f0c0a4e-3b7d-4b0e-9f49-0d5b2a8f1c11",
  type: "rtmpConn",
  createdAtMs: 0,
  remoteAddress: "192.0.2.9:50000",
  state: "idle",
  pathName: "",
  query: "",
  user: "",
  userAgent: "",
  inboundBytes: 0,
  outboundBytes: 0,
  droppedUnits: 0,
  lostPackets: 0,
  transport: "",
};

Deno.test("EventBus.emit() calls each listener in order until it is disposed of", () => {
  const bus = new EventBus();
  const heard: string[] = [];
  const event: ServerEvent = { type: "connectionOpened", session: SESSION };
  using _first = bus.listen(({ type }) => heard.push(`first ${type}`));
  const second = bus.listen(({ type }) => heard.push(`second ${type}`));
  bus.emit(event);
  second[Symbol.dispose]();
  bus.emit(event);
  assertEquals(heard, [
    "first connectionOpened",
    "second connectionOpened",
    "first connectionOpened",
  ]);
});

Deno.test("SessionList.list() describes the sessions as they are now", () => {
  const sessions = new SessionList();
  let state: SessionInfo["state"] = "idle";
  const registration = sessions.register(() => ({ ...SESSION, state }));
  using _other = sessions.register(() => SESSION);
  state = "publish";
  assertEquals(sessions.list().map((one) => one.state), ["publish", "idle"]);
  registration[Symbol.dispose]();
  registration[Symbol.dispose]();
  assertEquals(sessions.list(), [SESSION]);
});
