import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import {
  freeServerPorts,
  serverConfig,
  startWeir,
  WEIR_FLAGS,
  type WeirProcess,
} from "#test/weir_process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

const EXECUTABLE = Deno.env.get("WEIR_BIN");

/** The program, and what stands before its own arguments. */
const PROGRAM = EXECUTABLE ?? Deno.execPath();
const FIRST_ARGS = EXECUTABLE === undefined
  ? ["run", "--quiet", "--no-check", ...WEIR_FLAGS, MAIN]
  : [];

/** Long enough for a machine that does much else. */
const LOG_TIMEOUT_MS = 60_000;

/** Waits until the program runs on a configuration that this path was added to. */
async function waitForPath(server: WeirProcess, name: string): Promise<void> {
  const line = new RegExp(`configuration reloaded: .*\\b${name}\\b.* added`);
  await server.waitForLog(line, LOG_TIMEOUT_MS);
}

const paths = (...names: string[]) =>
  `paths: {${names.map((name) => `${name}: {}`).join(", ")}}`;

/** Text of the server's file with these paths. */
function textWith(server: WeirProcess, ...names: string[]): string {
  return serverConfig(paths(...names), server);
}

Deno.test("weir takes a file that is written, renamed over, removed and made anew, or linked", async () => {
  await using server = await startWeir({ config: paths("a") });
  const { file } = server;
  await Deno.writeTextFile(file, textWith(server, "a", "written"));
  await waitForPath(server, "written");

  await Deno.writeTextFile(`${file}.new`, textWith(server, "a", "renamed"));
  await Deno.rename(`${file}.new`, file);
  await waitForPath(server, "renamed");

  await Deno.remove(file);
  await Deno.writeTextFile(file, textWith(server, "a", "anew"));
  await waitForPath(server, "anew");

  const folder = dirname(file);
  for (const version of ["first", "second"]) {
    await Deno.mkdir(join(folder, `..${version}`));
    await Deno.writeTextFile(
      join(folder, `..${version}`, "weir.yml"),
      textWith(server, "a", version),
    );
    await Deno.symlink(`..${version}`, join(folder, "..data_tmp"));
    await Deno.rename(join(folder, "..data_tmp"), join(folder, "..data"));
    if (version === "first") {
      await Deno.symlink("..data/weir.yml", join(folder, "link"));
      await Deno.rename(join(folder, "link"), file);
    }
    await waitForPath(server, version);
  }
  assertEquals(server.log.filter((line) => line.includes(" ERR ")), []);
});

Deno.test("weir goes on with what it has if a file cannot be used, and says why", async () => {
  await using server = await startWeir({ config: paths("a") });
  using client = await openRawRtsp(server.rtspPort);
  await Deno.writeTextFile(server.file, "rtspAdress: :1\npaths: {\n");
  const [line] = await server.waitForLog(
    /ERR Cannot reload the configuration, nothing was changed: .*/,
    LOG_TIMEOUT_MS,
  );
  assertIncludes(line, `${server.file}:3:`);
  await Deno.writeTextFile(server.file, "rtspAdress: :1\n");
  const [second] = await server.waitForLog(
    /rtspAdress: unknown, nearest: rtspAddress.*/,
    LOG_TIMEOUT_MS,
  );
  assertIncludes(second, `${server.file}:1:1`);
  const { status } = await client.request("OPTIONS", server.rtspUrl("a"));
  assertEquals(status, 200);
  await Deno.writeTextFile(server.file, textWith(server, "a", "fixed"));
  await waitForPath(server, "fixed");
});

Deno.test("weir takes files of a folder that come and change, and SIGHUP", async () => {
  await using server = await startWeir({
    config: "include: [conf.d/*.yml]\npaths: {a: {}}",
  });
  const folder = join(dirname(server.file), "conf.d");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "x.yml"), paths("came"));
  await waitForPath(server, "came");
  await Deno.writeTextFile(join(folder, "x.yml"), paths("changed"));
  await waitForPath(server, "changed");
  server.kill("SIGHUP");
  await server.waitForLog(/reloading configuration: SIGHUP/, LOG_TIMEOUT_MS);
  await server.waitForLog(
    /configuration reloaded: nothing had to restart/,
    LOG_TIMEOUT_MS,
  );
});

Deno.test("weir lays several files over one another, and check prints them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const base = serverConfig("rtmp: no\nrtsp: no", freeServerPorts());
  await Deno.writeTextFile(join(folder, "base.yml"), base);
  await Deno.writeTextFile(
    join(folder, "prod.yml"),
    "rtsp: yes\nauthInternalUsers: [{user: a, pass: secret}]\n",
  );
  const args = [...FIRST_ARGS, "check", "--print", "base.yml", "prod.yml"];
  const { code, stdout } = await runProcess(PROGRAM, args, {
    cwd: folder,
    env: { MTX_LOGLEVEL: "warn" },
    timeoutMs: LOG_TIMEOUT_MS,
  });
  assertEquals(code, 0);
  for (
    const line of [
      "logLevel: warn # MTX_LOGLEVEL",
      "rtsp: yes # prod.yml:1:1",
      '    pass: "<redacted>" # prod.yml:2:31',
    ]
  ) assertIncludes(stdout, `${line}\n`);
  assert(/^rtmp: no # base\.yml:\d+:1$/m.test(stdout), stdout);

  const files = ["base.yml", "prod.yml"];
  await using running = startProcess(PROGRAM, [...FIRST_ARGS, ...files], {
    cwd: folder,
  });
  await running.waitForLine(/\[RTSP\] started with listener/, LOG_TIMEOUT_MS);
  await Deno.writeTextFile(
    join(folder, "prod.yml"),
    "rtsp: yes\npaths: {later: {}}\n",
  );
  await running.waitForLine(/reloading configuration: prod\.yml changed/);
  await running.waitForLine(/configuration reloaded: .*later added/);
});
