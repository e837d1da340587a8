import { ConfigError, originText } from "#config/errors.ts";
import { loadConfig } from "#config/load.ts";
import { assertEquals, assertIncludes, assertRejects } from "#test/assert.ts";
import { withFiles } from "./files.ts";

Deno.test("loadConfig() takes the first file that exists", async () => {
  const texts = { "b.yml": "rtspAddress: :2\n", "c.yml": "rtspAddress: :3\n" };
  await withFiles(texts, async (path) => {
    const candidates = ["a.yml", "b.yml", "c.yml"].map(path);
    const { config, files, warnings } = await loadConfig([], {
      candidates,
      environment: {},
    });
    assertEquals([config.rtspAddress, files, warnings], [
      ":2",
      [path("b.yml")],
      [],
    ]);
    assertEquals(config.paths.size, 0);
  });
});

Deno.test("loadConfig() lets everybody in without a file, and says so", async () => {
  const { config, files, warnings } = await loadConfig([], {
    candidates: ["/not/there/weir.yml"],
    environment: { WEIR_RTSPADDRESS: ":1" },
  });
  assertEquals(
    [[...config.paths.keys()], files, config.rtspAddress],
    [["all_others"], [], ":1"],
  );
  assertEquals(warnings.length, 1);
  assertIncludes(warnings[0]!, "configuration file not found (looked in /");
  assertIncludes(warnings[0]!, "everybody may publish and read every path");
});

Deno.test("loadConfig() does not speak of files that it does not look for", async () => {
  const { config, warnings } = await loadConfig([], {
    candidates: [],
    environment: { WEIR_PATHS_TEST_SOURCE: "test" },
  });
  assertEquals(warnings, ["everybody may publish and read every path"]);
  assertEquals(config.paths.get("test")?.source, "test");
});

Deno.test("loadConfig() without a file leaves room for the path all of the environment", async () => {
  const { config } = await loadConfig([], {
    candidates: [],
    environment: { MTX_PATHS_ALL_MAXREADERS: "3" },
  });
  assertEquals([...config.paths.keys()], ["all"]);
});

Deno.test("loadConfig() names a file that is not there", async () => {
  const { message } = await assertRejects(
    loadConfig(["/nowhere/weir.yml"], { environment: {} }),
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
      const { config } = await loadConfig([path("weir.yml")], { environment });
      assertEquals(config.rtspAddress, ":8555");
    }
    await assertRejects(
      loadConfig([path("weir.yml")], { environment: { MTX_CONFKEY: "x" } }),
      ConfigError,
    );
  });
});

Deno.test("loadConfig() lays files and the environment over one another", async () => {
  const texts = {
    "base.yml":
      "rtmpAddress: :1\nrtspAddress: :1\nrtmpDisable: yes\npaths: {cam: {maxReaders: 1, record: yes}}\n",
    "prod.yml":
      "rtmp: yes\nrtspAddress: :2\nrtpAddress: :2\npaths: {cam: {maxReaders: 2}, b: }\n",
  };
  await withFiles(texts, async (path) => {
    const named = [path("base.yml"), path("prod.yml")];
    const { config, origins, files, warnings } = await loadConfig(named, {
      environment: { MTX_RTPADDRESS: ":4" },
    });
    assertEquals(files, named);
    assertEquals(
      [config.rtmp, config.rtmpAddress, config.rtspAddress, config.rtpAddress],
      [true, ":1", ":2", ":4"],
    );
    const { maxReaders, record } = config.paths.get("cam")!;
    assertEquals([maxReaders, record, config.paths.size], [2, true, 2]);
    assertEquals(originText(origins.find(["rtmp"])), `${path("prod.yml")}:1:1`);
    assertEquals(originText(origins.find(["rtpAddress"])), "MTX_RTPADDRESS");
    assertIncludes(warnings[0]!, `'rtmp' (${path("base.yml")}:3:1)`);
  });
});

Deno.test("loadConfig() names the file of everything that is wrong", async () => {
  const texts = {
    "base.yml": "rtmpAdress: :1\nlogLevel: loud\n",
    "prod.yml": "logLevel: quiet\npaths: {cam: {sourceOnDemand: yes}}\n",
  };
  await withFiles(texts, async (path) => {
    const named = [path("base.yml"), path("prod.yml")];
    const { message } = await assertRejects(
      loadConfig(named, { environment: {} }),
      ConfigError,
    );
    const [base, prod] = named;
    assertEquals(message.split("\n"), [
      `Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (${base}:1:1)`,
      `Cannot use config key logLevel: invalid log level: 'quiet' (${prod}:1:1)`,
      `Cannot use config key paths.cam.sourceOnDemand: 'sourceOnDemand' is useless when source is 'publisher' (${prod}:2:15)`,
    ]);
  });
});
