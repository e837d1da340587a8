import { RunningModules } from "#modules/running_modules.ts";
import type { ProtocolModule, RunningModule } from "#core/ports.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { testPorts } from "#test/test_ports.ts";

/** Ports of two modules; 0 is off, a negative one cannot be opened. */
interface Ports {
  readonly one: number;
  readonly two: number;
}

/** Tells `events` what it does. */
function moduleOf(key: keyof Ports, events: string[]): ProtocolModule<Ports> {
  return {
    name: key,
    open(config): RunningModule<Ports> | undefined {
      const port = config[key];
      if (port < 0) throw new Error(`port ${port} is in use`);
      if (port === 0) return undefined;
      events.push(`${key} opened ${port}`);
      return {
        apply: (next) => next[key] === port ? "done" : "restart",
        closed: Promise.resolve(),
        [Symbol.asyncDispose]() {
          events.push(`${key} closed ${port}`);
          return Promise.resolve();
        },
      };
    },
  };
}

function open(): { modules: RunningModules<Ports>; events: string[] } {
  const events: string[] = [];
  const rows = [moduleOf("one", events), moduleOf("two", events)];
  return { modules: new RunningModules(rows, testPorts().ports), events };
}

const BEFORE = { one: 1, two: 2 };

const CHANGES = [
  { name: "nothing", next: BEFORE, restarts: [], events: [] },
  {
    name: "another port",
    next: { one: 1, two: 3 },
    restarts: ["two"],
    events: ["two closed 2", "two opened 3"],
  },
  {
    name: "switched off",
    next: { one: 0, two: 2 },
    restarts: ["one"],
    events: ["one closed 1"],
  },
];

for (const { name, next, restarts, events } of CHANGES) {
  Deno.test(`RunningModules.apply() restarts only what must be: ${name}`, async () => {
    const test = open();
    await test.modules.open(BEFORE);
    assertEquals(test.modules.restartsFor(next), restarts);
    test.events.length = 0;
    await test.modules.apply(BEFORE, next);
    assertEquals(test.events, events);
    await test.modules.apply(next, next);
    assertEquals(test.events, events);
  });
}

Deno.test("RunningModules.apply() switches on what was off", async () => {
  const test = open();
  await test.modules.open({ one: 0, two: 2 });
  await test.modules.apply({ one: 0, two: 2 }, BEFORE);
  assertEquals(test.events, ["two opened 2", "one opened 1"]);
});

Deno.test("RunningModules.apply() goes back if something cannot be opened", async () => {
  const test = open();
  await test.modules.open(BEFORE);
  test.events.length = 0;
  const next = { one: 5, two: -1 };
  const error = await assertRejects(
    test.modules.apply(BEFORE, next),
    Error,
  );
  assertEquals(error.message, "port -1 is in use");
  assertEquals(test.events.slice().sort(), [
    "one closed 1",
    "one closed 5",
    "one opened 1",
    "one opened 5",
    "two closed 2",
    "two opened 2",
  ]);
  assertEquals(test.modules.restartsFor(BEFORE), []);
});
