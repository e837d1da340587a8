import type { RawObject } from "#base/schema.ts";
import { buildConfig } from "#config/build.ts";
import { keyPathText } from "#config/errors.ts";
import { localFault } from "#config/local_keys.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";

const BEFORE: RawObject = {
  runOnConnect: "c",
  pathDefaults: { runOnAvailable: "d" },
  paths: { cam: { runOnInit: "i", runOnAvailable: "own" } },
};

/** Key at fault of what the API would make of {@linkcode BEFORE}. */
const CHANGES: [name: string, after: RawObject, key: string | undefined][] = [
  ["nothing", {}, undefined],
  ["another key", { rtmp: false }, undefined],
  ["who may set commands", { apiAllowHooks: true }, "apiAllowHooks"],
  ["what is kept", { apiPersist: true }, "apiPersist"],
  ["a command of connections", { runOnConnect: "x" }, "runOnConnect"],
  ["a webhook", { runOnDisconnect: "https://x" }, "runOnDisconnect"],
  ["a command that goes", { runOnConnect: "" }, "runOnConnect"],
  ["whether it runs again", { runOnConnectRestart: true }, undefined],
  [
    "a command of pathDefaults",
    { pathDefaults: { runOnAvailable: "x" } },
    "pathDefaults.runOnAvailable",
  ],
  [
    "a command of a path",
    { paths: { cam: { runOnInit: "x", runOnAvailable: "own" } } },
    "paths.cam.runOnInit",
  ],
  [
    "a path that goes back to what it inherits",
    { paths: { cam: {} } },
    undefined,
  ],
  ["a path without commands of its own", { paths: { b: {} } }, undefined],
  [
    "a path with a command",
    { paths: { b: { runOnRead: "x" } } },
    "paths.b.runOnRead",
  ],
  ["how long commands wait", {
    pathDefaults: { runOnAvailable: "d", runOnDemandStartTimeout: "1s" },
  }, undefined],
  ["a path that goes", { paths: {} }, undefined],
];

function faultOf(after: RawObject, before = BEFORE): string | undefined {
  const fault = localFault(
    buildConfig(structuredClone(before)).config,
    buildConfig({ ...structuredClone(before), ...structuredClone(after) })
      .config,
  );
  return fault && keyPathText(fault.keyPath);
}

for (const [name, after, key] of CHANGES) {
  Deno.test(`localFault() answers ${name}`, () => {
    assertEquals(faultOf(after), key);
  });
}

Deno.test("localFault() lets commands pass where files allow it", () => {
  const before = { ...BEFORE, apiAllowHooks: true };
  assertEquals(faultOf({ runOnConnect: "x" }, before), undefined);
  assertEquals(
    faultOf({ paths: { b: { runOnRead: "x" } } }, before),
    undefined,
  );
  assertEquals(faultOf({ apiAllowHooks: false }, before), "apiAllowHooks");
});

Deno.test("localFault() says what to do", () => {
  const before = buildConfig({}).config;
  const after = buildConfig({ runOnConnect: "x" }).config;
  assertIncludes(
    localFault(before, after)?.reason ?? "",
    "'apiAllowHooks: yes'",
  );
});
