import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import {
  type ProcessOptions,
  type ProcessResult,
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import {
  freeServerPorts,
  serverConfig,
  type ServerPorts,
  WEIR_FLAGS,
} from "#test/weir_process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

const EXECUTABLE = Deno.env.get("WEIR_BIN");

/** The program, and what stands before its own arguments. */
const PROGRAM = EXECUTABLE ?? Deno.execPath();
const FIRST_ARGS = EXECUTABLE === undefined
  ? ["run", "--quiet", "--no-check", ...WEIR_FLAGS, MAIN]
  : [];

/** An empty folder with `files`, removed when disposed of. */
async function folderWith(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "weir_test_" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(path, name), text);
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Runs the program to its end in a folder. */
function weir(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProcessResult> {
  return runProcess(PROGRAM, [...FIRST_ARGS, ...args], { cwd, env });
}

/** Starts the program in a folder. */
function startIn(
  cwd: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  return startProcess(PROGRAM, [...FIRST_ARGS, ...args], { cwd, ...options });
}

/** Variables that put every listener on its port. */
function portVariables(
  prefix: "WEIR" | "MTX",
  { rtspPort, rtmpPort, rtpPort }: ServerPorts,
): Record<string, string> {
  return {
    [`${prefix}_RTSPADDRESS`]: `127.0.0.1:${rtspPort}`,
    [`${prefix}_RTMPADDRESS`]: `127.0.0.1:${rtmpPort}`,
    [`${prefix}_RTPADDRESS`]: `127.0.0.1:${rtpPort}`,
    [`${prefix}_RTCPADDRESS`]: `127.0.0.1:${rtpPort + 1}`,
  };
}

Deno.test("--version prints one line and --help the usage", async () => {
  await using folder = await folderWith({});
  const version = await weir(folder.path, ["--version"]);
  assertEquals(version.code, 0);
  assert(/^v\d+\.\d+\.\d+\S* \(\w+\)\n$/.test(version.stdout), version.stdout);
  for (const flag of ["--help", "-h"]) {
    const help = await weir(folder.path, [flag]);
    assertEquals(help.code, 0);
    assertIncludes(help.stdout, "weir [config files]");
    assertIncludes(help.stdout, "weir check [--print] [config files]");
  }
});

Deno.test("a command line that cannot be understood ends with code 80", async () => {
  await using folder = await folderWith({ "weir.yml": "" });
  const cases = [["--what"], ["a.yml", "--print"], ["check", "-p"], ["-x"]];
  for (const args of cases) {
    const { code, stdout } = await weir(folder.path, args);
    assertEquals(code, 80, args.join(" "));
    assertIncludes(stdout, "usage:");
    assert(/ERR: unexpected argument "\S+"\n$/.test(stdout), stdout);
  }
});

const BROKEN = `rtspAdress: :8554
readTimeout: 5
rtmp: maybe
authInternalUsers:
- user: "a b"
  ips: [999.1.1.1]
  permissions: [{ action: fly }]
paths:
  cam:
    sourc: x
    maxReaders: many
  "~(": {}
  a/../b: {}
`;

const BROKEN_PLACES = [
  ["rtspAdress", "1:1", "unknown, nearest: rtspAddress"],
  ["readTimeout", "2:1", "must be a duration"],
  ["rtmp", "3:1", "must be yes or no, found 'maybe'"],
  ["authInternalUsers[0].user", "5:3", "credential contains unsupported"],
  ["authInternalUsers[0].ips[0]", "6:9", "unable to parse IP/CIDR"],
  ["authInternalUsers[0].permissions[0].action", "7:19", "invalid auth action"],
  ["paths.cam.sourc", "10:5", "unknown, nearest: source"],
  ["paths.cam.maxReaders", "11:5", "must be a whole number, found 'many'"],
  ["paths.~(", "12:3", "invalid regular expression"],
  ["paths.a/../b", "13:3", "can't contain dot path segments"],
] as const;

Deno.test("check names every error with file, line, column and key, and so does a start", async () => {
  await using folder = await folderWith({ "broken.yml": BROKEN });
  for (const args of [["check", "broken.yml"], ["broken.yml"]]) {
    const { code, stdout } = await weir(folder.path, args);
    assertEquals(code, 1);
    const lines = stdout.trimEnd().split("\n");
    for (const [key, place, reason] of BROKEN_PLACES) {
      const line = lines.find((one) => one.includes(` config key ${key}: `)) ??
        "";
      assert(line.endsWith(` (broken.yml:${place})`), `${key}: ${stdout}`);
      assertIncludes(line, reason);
    }
    assertEquals(lines.length, BROKEN_PLACES.length, stdout);
  }
});

Deno.test("check tells good files from those that cannot be read", async () => {
  await using folder = await folderWith({
    "good.yml": "paths: { cam: {}, all_others: {} }",
    "yaml.yml": "paths: {\n",
    "twice.yml": "rtsp: yes\nrtsp: no\n",
  });
  const good = await weir(folder.path, ["check", "good.yml"]);
  assertEquals([good.code, good.stdout], [0, "OK: good.yml, 2 paths\n"]);
  const yaml = await weir(folder.path, ["check", "yaml.yml"]);
  assertEquals(yaml.code, 1);
  assert(/invalid YAML: .*\(yaml\.yml:\d+:\d+\)/.test(yaml.stdout));
  const twice = await weir(folder.path, ["check", "twice.yml"]);
  assertEquals(twice.code, 1);
  assertIncludes(twice.stdout, "(twice.yml:2:1)");
  const missing = await weir(folder.path, ["check", "missing.yml"]);
  assertEquals(missing.code, 1);
  assertIncludes(missing.stdout, "Cannot read missing.yml");
});

Deno.test("files are looked up in order, and a named one wins", async () => {
  await using folder = await folderWith({ "other.yml": "" });
  const check = async (...args: string[]) =>
    (await weir(folder.path, ["check", ...args])).stdout;
  assertIncludes(await check(), "configuration file not found");
  for (const name of ["mediamtx.yml", "rtsp-simple-server.yml", "weir.yml"]) {
    await Deno.writeTextFile(join(folder.path, name), "");
    assertEquals(await check(), `OK: ${name}, 0 paths\n`);
  }
  assertEquals(await check("other.yml"), "OK: other.yml, 0 paths\n");
});

Deno.test("variables override the file, and WEIR_ overrides MTX_", async () => {
  await using folder = await folderWith({ "weir.yml": "logLevel: warn" });
  const ports = freeServerPorts();
  const env = {
    ...portVariables("WEIR", ports),
    MTX_LOGLEVEL: "error",
    WEIR_LOGLEVEL: "info",
    MTX_PATHS_CAM_MAXREADERS: "3",
  };
  await using server = startIn(folder.path, [], { env });
  await server.waitForLine(/\[RTMP\] started with listener on :\d+/);
  using client = await openRawRtsp(ports.rtspPort);
  const answer = await client.describe("rtsp://127.0.0.1/cam");
  assertEquals(answer.status, 404, "the path is there");
  assertEquals((await server.stop()).code, 0);
  const bad = await weir(folder.path, ["check"], { MTX_READTIMEOUT: "soon" });
  assertEquals(bad.code, 1);
  assertIncludes(bad.stdout, "config key readTimeout: MTX_READTIMEOUT: ");
});

Deno.test("without a file everybody may publish and read, and the log says so", async () => {
  await using folder = await folderWith({});
  const ports = freeServerPorts();
  const env = portVariables("MTX", ports);
  await using server = startIn(folder.path, [], { env });
  const [warning] = await server.waitForLine(
    / WAR configuration file not found \(looked in .*\), everybody may publish and read every path$/,
  );
  const names = ["weir.yml", "rtsp-simple-server.yml", "mediamtx.yml"];
  for (const name of names) assertIncludes(warning, join(folder.path, name));
  await server.waitForLine(/INF publish to and read from rtsp:\S+ or rtmp:/);
  using publisher = await openRawRtsp(ports.rtspPort);
  assertEquals(await publisher.publish("rtsp://127.0.0.1/any/thing"), 200);
  using reader = await openRawRtsp(ports.rtspPort);
  assertEquals(await reader.play("rtsp://127.0.0.1/any/thing"), 200);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("a key of a feature that is not there is named once in a warning", async () => {
  const ports = freeServerPorts();
  const key = "srtReadPassphrase: long-enough";
  const config = `dumpPackets: yes\npathDefaults: { ${key} }\n` +
    `paths: { a: { ${key} }, b: { ${key} } }\n`;
  await using folder = await folderWith({
    "weir.yml": serverConfig(config, ports),
  });
  await using server = startIn(folder.path, []);
  await server.waitForLine(/\[RTMP\] started with listener/);
  const warnings = server.lines.filter((line) =>
    line.includes("Cannot act on config key")
  );
  const keys = warnings.map((line) => /config key (\S+):/.exec(line)![1]);
  assertEquals(keys, [
    "dumpPackets",
    "pathDefaults.srtReadPassphrase",
  ]);
  assertEquals((await server.stop()).code, 0);
});

for (
  const [key, transport] of [
    ["rtspAddress", "tcp"],
    ["rtmpAddress", "tcp"],
    ["rtpAddress", "udp"],
    ["rtcpAddress", "udp"],
  ] as const
) {
  Deno.test(`a port in use is named with its key and the remedy [${key}]`, async () => {
    const ports = freeServerPorts();
    const port = {
      rtspAddress: ports.rtspPort,
      rtmpAddress: ports.rtmpPort,
      rtpAddress: ports.rtpPort,
      rtcpAddress: ports.rtpPort + 1,
    }[key];
    using _taken = transport === "tcp"
      ? Deno.listen({ hostname: "127.0.0.1", port })
      : takeUdpPort(port);
    await using folder = await folderWith({
      "weir.yml": serverConfig("", ports),
    });
    const { code, stdout } = await weir(folder.path, []);
    assertEquals(code, 1);
    const line = stdout.trimEnd().split("\n").at(-1)!;
    assert(/ ERR Cannot (listen on|open)/.test(line), line);
    assertIncludes(line, `:${port}`);
    assertIncludes(line, `(config key ${key}): end the program that uses it`);
    assertIncludes(line, `or set ${key} to another address`);
  });
}

function takeUdpPort(port: number): Disposable {
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port,
  });
  return { [Symbol.dispose]: () => socket.close() };
}
