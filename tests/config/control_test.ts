import type { RawObject } from "#base/schema.ts";
import { type ChangePlan, ConfigControl } from "#config/control.ts";
import { type ConfigEdit, ConfigEditError } from "#config/edit.ts";
import { ConfigError } from "#config/errors.ts";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import { createLogger } from "#base/log.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { withFiles } from "./files.ts";

const NO_PLAN: ChangePlan = { restarts: [], paths: [], cut: [] };

/** A program that takes configurations, as far as it is let. */
class FakeTarget {
  readonly applied: Config[] = [];
  readonly refusals: string[] = [];
  plan: (next: Config) => ChangePlan = () => NO_PLAN;
  apply: (next: Config) => Promise<void> = (next) => {
    this.applied.push(next);
    return Promise.resolve();
  };

  handleRefusal(reason: string): void {
    this.refusals.push(reason);
  }
}

interface Scene {
  readonly control: ConfigControl;
  readonly target: FakeTarget;
  readonly log: string[];
  readonly path: (name: string) => string;
}

/** A control over `weir.yml` in a folder of its own. */
async function withControl(
  text: string,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withFiles({ "weir.yml": text }, async (path) => {
    const log: string[] = [];
    const load = () => loadConfig([path("weir.yml")], { environment: {} });
    const control = new ConfigControl({
      load,
      loaded: await load(),
      logger: createLogger(
        (level, line) => log.push(`${level} ${line}`),
        "info",
      ),
    });
    const target = new FakeTarget();
    control.attach(target);
    await run({ control, target, log, path });
  });
}

const global = (values: RawObject): ConfigEdit => ({ kind: "global", values });
const add = (name: string, values: RawObject = {}): ConfigEdit => ({
  kind: "addPath",
  name,
  values,
});

/** Changes, and waits until the program runs on it. */
async function change(control: ConfigControl, edit: ConfigEdit): Promise<void> {
  await (await control.change(edit)).applied;
}

Deno.test("ConfigControl applies a change and shows it", async () => {
  await withControl("rtmpAddress: :1\n", async ({ control, target, log }) => {
    target.plan = () => ({ ...NO_PLAN, restarts: ["RTMP"] });
    const { plan, applied } = await control.change(
      global({ rtmpAddress: ":2" }),
    );
    assertEquals(plan.restarts, ["RTMP"]);
    assertEquals(control.config.rtmpAddress, ":2");
    await applied;
    assertEquals(target.applied.map((one) => one.rtmpAddress), [":2"]);
    assertEquals(log, [
      "info reloading configuration: API request",
      "info configuration reloaded: RTMP restarted",
    ]);
  });
});

Deno.test("ConfigControl edits paths", async () => {
  const text = "pathDefaults: {maxReaders: 5}\npaths: {cam: {maxReaders: 1}}\n";
  await withControl(text, async ({ control }) => {
    const readers = () =>
      [...control.config.paths].map(([name, one]) =>
        `${name} ${one.maxReaders}`
      );
    const path =
      (kind: "patchPath" | "replacePath", name: string) =>
      (values: RawObject): ConfigEdit => ({ kind, name, values });
    const steps: [ConfigEdit, string[]][] = [
      [add("a"), ["a 5", "cam 1"]],
      [path("patchPath", "a")({ maxReaders: 2 }), ["a 2", "cam 1"]],
      [path("patchPath", "a")({ gopCache: false }), ["a 2", "cam 1"]],
      [path("replacePath", "a")({}), ["a 5", "cam 1"]],
      [path("replacePath", "cam")({ gopCache: false }), ["a 5", "cam 5"]],
      [path("replacePath", "new")({ maxReaders: 7 }), [
        "a 5",
        "cam 5",
        "new 7",
      ]],
      [{ kind: "deletePath", name: "cam" }, ["a 5", "new 7"]],
      [add("cam", { record: true }), ["a 5", "cam 5", "new 7"]],
      [{ kind: "pathDefaults", values: { maxReaders: 9 } }, [
        "a 9",
        "cam 9",
        "new 7",
      ]],
    ];
    for (const [edit, expected] of steps) {
      await change(control, edit);
      assertEquals(readers(), expected, JSON.stringify(edit));
    }
  });
});

const REFUSED: [name: string, edit: ConfigEdit, ...parts: string[]][] = [
  ["a wrong type", global({ rtmp: "x" }), "rtmp: must be yes or no", "(API)"],
  ["an unknown key", global({ rtmpAdress: ":1" }), "nearest: rtmpAddress"],
  ["an unknown key without value", add("b", { sorce: null }), "paths.b.sorce"],
  ["a list without elements", global({ rtspTransports: [null] }), "[0]"],
  ["a name that no path may have", add("a b"), "invalid path name 'a b'"],
  ["a pattern that is none", add("~("), "paths.~("],
  ["a second name of all_others", add("all"), "aliases"],
  ["values that do not fit", add("b", { sourceOnDemand: true }), "useless"],
  [
    "a command",
    add("b", { runOnInit: "rm" }),
    "paths.b.runOnInit",
    "apiAllowHooks",
  ],
  [
    "the right to set commands",
    global({ apiAllowHooks: true }),
    "apiAllowHooks",
  ],
];

for (const [name, edit, ...parts] of REFUSED) {
  Deno.test(`ConfigControl refuses ${name} and changes nothing`, async () => {
    const text = "paths: {all_others: }\n";
    await withControl(text, async ({ control, target, log }) => {
      const before = control.config;
      const { message } = await assertRejects(
        control.change(edit),
        ConfigError,
      );
      for (const part of parts) assertIncludes(message, part);
      assert(control.config === before);
      assertEquals([target.applied.length, log.length], [0, 0]);
    });
  });
}

Deno.test("ConfigControl says whether a path is there already, or not", async () => {
  await withControl("paths: {cam: }\n", async ({ control }) => {
    const faults: [ConfigEdit, string, string][] = [
      [add("cam"), "path_exists", "path already exists"],
      [
        { kind: "patchPath", name: "x", values: {} },
        "path_not_found",
        "path not found",
      ],
      [{ kind: "deletePath", name: "x" }, "path_not_found", "path not found"],
    ];
    for (const [edit, code, message] of faults) {
      const error = await assertRejects(control.change(edit), ConfigEditError);
      assertEquals([error.code, error.message], [code, message]);
    }
  });
});

Deno.test("ConfigControl only plans in a dry run", async () => {
  await withControl("", async ({ control, target, log }) => {
    target.plan = (next) => ({ ...NO_PLAN, restarts: [next.rtmpAddress] });
    const before = control.config;
    const { plan, applied } = await control.change(
      global({ rtmpAddress: ":9" }),
      { dryRun: true },
    );
    await applied;
    assertEquals(plan.restarts, [":9"]);
    assert(control.config === before);
    assertEquals([target.applied.length, log.length], [0, 0]);
    await assertRejects(
      control.change(global({ x: 1 }), { dryRun: true }),
      ConfigError,
    );
  });
});

Deno.test("ConfigControl does one change after the other", async () => {
  await withControl("", async ({ control, target }) => {
    const first = Promise.withResolvers<void>();
    const starts: number[] = [];
    target.apply = ({ paths }) => {
      starts.push(paths.size);
      return starts.length === 1 ? first.promise : Promise.resolve();
    };
    const changes = ["a", "b", "c"].map((name) => control.change(add(name)));
    await changes[0];
    assertEquals(starts, [1]);
    assertEquals([...control.config.paths.keys()], ["a"]);
    first.resolve();
    for (const one of changes) await (await one).applied;
    assertEquals(starts, [1, 2, 3]);
  });
});

Deno.test("ConfigControl goes back to what runs if a change cannot be applied", async () => {
  await withControl(
    "apiPersist: yes\n",
    async ({ control, target, log, path }) => {
      await change(control, add("a"));
      const { apply } = target;
      target.apply = () => Promise.reject(new Error("port 1 is taken"));
      const { applied } = await control.change(global({ rtmpAddress: ":1" }));
      const later = control.change(add("b"), { dryRun: true });
      await assertRejects(applied, Error);
      assertEquals(control.config.rtmpAddress, ":1935");
      assertEquals(target.refusals, ["port 1 is taken"]);
      assertEquals(
        log.at(-1),
        "error Cannot reload the configuration, nothing was changed: port 1 is taken",
      );
      await later;
      const kept = await Deno.readTextFile(path("weir.api.yml"));
      assert(!kept.includes("rtmpAddress"), kept);
      target.apply = apply;
      await change(control, add("c"));
      assertEquals([...control.config.paths.keys()], ["a", "c"]);
    },
  );
});

Deno.test("ConfigControl.reload() reads files anew and drops what the API has changed", async () => {
  await withControl("paths: {a: }\n", async ({ control, log, path }) => {
    await change(control, add("b"));
    await Deno.writeTextFile(
      path("weir.yml"),
      "rtspDisable: no\npaths: {c: }\n",
    );
    log.length = 0;
    const { applied } = await control.reload("SIGHUP");
    await applied;
    assertEquals([...control.config.paths.keys()], ["c"]);
    assertEquals(log.length, 3);
    assertEquals(log[0], "info reloading configuration: SIGHUP");
    assertIncludes(log[1]!, "warn parameter 'rtspDisable' is deprecated");
    assertEquals(log[2], "info configuration reloaded: nothing had to restart");
  });
});

Deno.test("ConfigControl.reload() changes nothing if a file cannot be used", async () => {
  await withControl(
    "paths: {a: }\n",
    async ({ control, target, log, path }) => {
      const before = control.config;
      const file = path("weir.yml");
      for (const text of ["paths: {", "rtspAdress: :1\nx: 1\n"]) {
        await Deno.writeTextFile(file, text);
        await assertRejects(control.reload("SIGHUP"), ConfigError);
        const line = log.at(-1)!;
        assertIncludes(
          line,
          "error Cannot reload the configuration, nothing was changed: ",
        );
        assertIncludes(line, `(${file}:1:`);
      }
      assert(control.config === before);
      assertEquals(target.applied, []);
      await Deno.remove(file);
      await assertRejects(control.reload("SIGHUP"), ConfigError);
      assertIncludes(log.at(-1)!, file);
      await change(control, add("b"));
    },
  );
});

Deno.test("ConfigControl keeps what the API changes with apiPersist", async () => {
  const text = "# mine\napiPersist: yes\npaths: {a: {maxReaders: 1}, b: }\n";
  await withControl(text, async ({ control, path }) => {
    await change(control, {
      kind: "patchPath",
      name: "a",
      values: { gopCache: false },
    });
    await change(control, { kind: "deletePath", name: "b" });
    await change(control, global({ rtmpAddress: ":7" }));
    await change(control, add("c", { source: "rtsp://u:p@h/x" }));
    assertEquals(await Deno.readTextFile(path("weir.yml")), text);
    const { config, origins } = await loadConfig([path("weir.yml")]);
    assertEquals(
      [...config.paths].map((
        [name, one],
      ) => [name, one.maxReaders, one.gopCache]),
      [["a", 1, false], ["c", 0, true]],
    );
    assertEquals(config.given, control.config.given);
    assertEquals(origins.find(["rtmpAddress"]).file, path("weir.api.yml"));

    const { applied } = await control.reload("test");
    await applied;
    assertEquals([...control.config.paths.keys()], ["a", "c"]);

    await (await control.dropOverlay()).applied;
    assertEquals([...control.config.paths.keys()], ["a", "b"]);
    assertEquals(control.config.rtmpAddress, ":1935");
    await assertRejects(Deno.stat(path("weir.api.yml")), Deno.errors.NotFound);
  });
});

Deno.test("ConfigControl refuses a change that cannot be kept", async () => {
  await withControl("apiPersist: yes\n", async ({ control, target, path }) => {
    await Deno.mkdir(path("weir.api.yml/x"), { recursive: true });
    await assertRejects(control.change(add("a")), Error);
    assertEquals([control.config.paths.size, target.applied.length], [0, 0]);
  });
});

Deno.test("ConfigControl.origins() says where each value is from", async () => {
  const text = "rtspAddress: :1\nrtmpDisable: no\n" +
    "authInternalUsers:\n  - user: a\n    permissions: []\npaths:\n  cam:\n  b: {maxReaders: 1}\n";
  await withControl(text, async ({ control, path }) => {
    await change(control, global({ rtmpAddress: ":2" }));
    await change(control, {
      kind: "patchPath",
      name: "cam",
      values: { record: true },
    });
    const origins = control.origins();
    const file = path("weir.yml");
    assertEquals(
      [
        "rtspAddress",
        "rtmp",
        "rtmpAddress",
        "rtspsAddress",
        "authInternalUsers[0].user",
        "authInternalUsers[0].permissions",
        "pathDefaults.maxReaders",
        "paths.b.maxReaders",
        "paths.cam.record",
      ].map((key) => origins.get(key)),
      [
        `${file}:1:1`,
        `${file}:2:1`,
        "API",
        "default",
        `${file}:4:5`,
        `${file}:5:5`,
        "default",
        `${file}:8:7`,
        "API",
      ],
    );
    assertEquals(origins.get("paths.b.record"), undefined);
  });
});
