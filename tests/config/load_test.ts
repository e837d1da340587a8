import { ConfigError } from "#config/errors.ts";
import { loadConfig } from "#config/load.ts";
import { checkCommand } from "#cli/check.ts";
import { assertEquals, assertIncludes, assertRejects } from "#test/assert.ts";

/** Makes a folder with files, and removes it afterwards. */
async function withFiles(
  files: Record<string, string>,
  run: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await run((name) => `${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadConfig() takes the first file that exists", async () => {
  const files = { "b.yml": "rtspAddress: :2\n", "c.yml": "rtspAddress: :3\n" };
  await withFiles(files, async (path) => {
    const candidates = ["a.yml", "b.yml", "c.yml"].map(path);
    const { config, file, warnings } = await loadConfig(undefined, {
      candidates,
      environment: {},
    });
    assertEquals([config.rtspAddress, file, warnings], [
      ":2",
      path("b.yml"),
      [],
    ]);
    assertEquals(config.paths.size, 0);
  });
});

Deno.test("loadConfig() lets everybody in without a file, and says so", async () => {
  const { config, file, warnings } = await loadConfig(undefined, {
    candidates: [],
    environment: { WEIR_RTSPADDRESS: ":1" },
  });
  assertEquals(
    [[...config.paths.keys()], file, config.rtspAddress],
    [["all_others"], undefined, ":1"],
  );
  assertEquals(warnings.length, 1);
  assertIncludes(warnings[0]!, "configuration file not found (looked in /");
  assertIncludes(warnings[0]!, "everybody may publish and read every path");
});

Deno.test("loadConfig() without a file leaves room for the path all of the environment", async () => {
  const { config } = await loadConfig(undefined, {
    candidates: [],
    environment: { MTX_PATHS_ALL_MAXREADERS: "3" },
  });
  assertEquals([...config.paths.keys()], ["all"]);
});

Deno.test("loadConfig() names a file that is not there", async () => {
  const { message } = await assertRejects(
    loadConfig("/nowhere/weir.yml", { environment: {} }),
    ConfigError,
  );
  assertIncludes(message, "Cannot read config: ");
  assertIncludes(message, "/nowhere/weir.yml");
});

Deno.test("loadConfig() decrypts with each key that the environment has", async () => {
  const text =
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYfxUTgK2jERxmUqOpsxYH25EPbILhHxW40ZYidFuaTm0GGIk=";
  await withFiles({ "weir.yml": text }, async (path) => {
    for (const variable of ["RTSP_CONFKEY", "MTX_CONFKEY", "WEIR_CONFKEY"]) {
      const environment = { [variable]: "testKey" };
      const { config } = await loadConfig(path("weir.yml"), { environment });
      assertEquals(config.rtspAddress, ":8555");
    }
    await assertRejects(
      loadConfig(path("weir.yml"), { environment: { MTX_CONFKEY: "x" } }),
      ConfigError,
    );
  });
});

Deno.test("checkCommand() tells everything that is wrong", async () => {
  const text =
    "rtmpAdress: :1935\nlogLevel: loud\npaths:\n  cam:\n    source: x\n";
  await withFiles({ "weir.yml": text }, async (path) => {
    const lines: string[] = [];
    const exitCode = await checkCommand(
      path("weir.yml"),
      (line) => lines.push(line),
    );
    const file = path("weir.yml");
    assertEquals(exitCode, 1);
    assertEquals(lines, [
      `Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (${file}:1:1)`,
      `Cannot use config key logLevel: invalid log level: 'loud' (${file}:2:1)`,
      `Cannot use config key paths.cam.source: invalid source: 'x' (${file}:5:5)`,
    ]);
  });
});

Deno.test("checkCommand() counts the paths of what is right", async () => {
  const text = "paths:\n  cam:\n    record: yes\n  all_others:\n";
  await withFiles({ "weir.yml": text }, async (path) => {
    const lines: string[] = [];
    const exitCode = await checkCommand(
      path("weir.yml"),
      (line) => lines.push(line),
    );
    assertEquals(exitCode, 0);
    assertEquals(lines, [
      `Warning: Cannot act on config key paths.cam.record: this feature is not in this build yet (${
        path("weir.yml")
      }:3:5)`,
      `OK: ${path("weir.yml")}, 2 paths`,
    ]);
  });
});
