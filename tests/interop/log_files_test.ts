import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";
import { runProcess } from "#test/processes.ts";
import { findExecutable, interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import {
  freeServerPorts,
  serverConfig,
  startWeir,
  WEIR_FLAGS,
  type WeirProcess,
} from "#test/weir_process.ts";

const CONNECTIONS_AT_ONCE = 20;

/** A folder of its own, gone at the end. */
async function logFolder() {
  const folder = await Deno.makeTempDir({ prefix: "weir_logs_" });
  return {
    folder,
    file: join(folder, "weir.log"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Asks for paths that nobody publishes to, each on a connection of its own: lines with their numbers. */
async function askFor(
  weir: WeirProcess,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<void> {
  const ask = async (i: number) => {
    using peer = await openRawRtsp(weir.rtspPort);
    await peer.request("DESCRIBE", weir.rtspUrl(`n${i}`));
  };
  for (let at = 0; at < count; at += CONNECTIONS_AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(CONNECTIONS_AT_ONCE, count - at) },
      (_, i) => from + at + i,
    );
    await Promise.all(numbers.map(ask));
  }
}

/** Lines of every file of the folder. */
async function linesOf(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const file = await Deno.open(join(folder, name));
    const bytes = name.endsWith(".gz")
      ? file.readable.pipeThrough(new DecompressionStream("gzip"))
      : file.readable;
    texts.push(await new Response(bytes).text());
  }
  return texts.join("").split("\n").slice(0, -1);
}

async function assertNothingLost(
  weir: WeirProcess,
  folder: string,
): Promise<void> {
  assertEquals(await weir.stop(), 0);
  const printed = weir.log.filter((line) => /^\d{4}\//.test(line));
  assertEquals((await linesOf(folder)).sort(), printed.sort());
}

Deno.test({
  name:
    "a log file that is rotated by size and renamed under load loses no line",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await logFolder();
    await using weir = await startWeir({
      config:
        `logLevel: debug\nlogDestinations: [stdout, file]\nlogFile: ${temp.file}\n` +
        "logFileMaxSize: 2K\nlogFileKeep: 0\nlogFileCompress: yes\n",
    });
    for (let i = 0; i < 30; i++) {
      const load = askFor(weir, { from: i * 50, count: 50 });
      await Deno.rename(temp.file, `${temp.file}.moved-${i}`).catch(() => {}); // it may be under its own renaming
      weir.kill("SIGUSR1");
      await load;
    }
    await weir.waitForLog(/n1499'/);
    await assertNothingLost(weir, temp.folder);
    const names = await Array.fromAsync(
      Deno.readDir(temp.folder),
      ({ name }) => name,
    );
    assert(names.some((name) => name.endsWith(".gz")), names.join());
  },
});

interopTest({
  name: "a log file that logrotate rotates loses no line",
  needs: ["logrotate"],
  async fn() {
    await using temp = await logFolder();
    await using weir = await startWeir({
      config:
        `logDestinations: [stdout, file]\nlogFile: ${temp.file}\nlogLevel: debug\n`,
    });
    await using other = await logFolder();
    const config = join(other.folder, "logrotate.conf");
    await Deno.writeTextFile(
      config,
      `"${temp.file}" {\n  rotate 100\n  missingok\n  nocreate\n  su root root\n  postrotate\n    kill -USR1 ${weir.pid}\n  endscript\n}\n`,
    );
    const load = askFor(weir, { from: 0, count: 600 });
    for (let i = 0; i < 10; i++) {
      const state = join(other.folder, "state");
      const { code, stderr } = await runProcess(
        findExecutable("logrotate")!,
        ["--force", "--state", state, config],
      );
      assertEquals([code, stderr], [0, ""]);
    }
    await load;
    await weir.waitForLog(/n599'/);
    await assertNothingLost(weir, temp.folder);
  },
});

Deno.test("a log that nobody reads holds up neither the media server nor its end", async () => {
  await using temp = await logFolder();
  const ports = freeServerPorts();
  const file = join(temp.folder, "weir.yml");
  const config =
    `logDestinations: [file, stdout]\nlogFile: ${temp.file}\nlogLevel: debug\n`;
  await Deno.writeTextFile(file, serverConfig(config, ports));
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const bin = Deno.env.get("WEIR_BIN");
  const child = new Deno.Command(bin ?? Deno.execPath(), {
    args: bin
      ? [file]
      : ["run", "--quiet", "--no-check", ...WEIR_FLAGS, main, file],
    stdout: "piped", // and never read
    stderr: "null",
  }).spawn();
  try {
    while (!(await readOrNothing(temp.file)).includes("[RTMP] started")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    using peer = await openRawRtsp(ports.rtspPort);
    const url = `rtsp://127.0.0.1:${ports.rtspPort}/${"x".repeat(1_000)}`;
    for (let i = 0; i < 400; i++) {
      using other = await openRawRtsp(ports.rtspPort);
      await other.request("DESCRIBE", url);
    }
    assertEquals((await peer.request("OPTIONS", url)).status, 200);
    // More than fits the pipe.
    while ((await readOrNothing(temp.file)).length < 130_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended by itself
    }
    await child.status;
    await child.stdout.cancel();
  }
});

async function readOrNothing(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return ""; // not there yet
  }
}

Deno.test("a log file that cannot be written is an error at the start", async () => {
  await using temp = await logFolder();
  const ports = freeServerPorts();
  const file = join(temp.folder, "weir.yml");
  const logFile = join(temp.folder, "none", "weir.log");
  const config = `logDestinations: [file]\nlogFile: ${logFile}\n`;
  await Deno.writeTextFile(file, serverConfig(config, ports));
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const bin = Deno.env.get("WEIR_BIN");
  const { code, stdout } = await runProcess(
    bin ?? Deno.execPath(),
    bin ? [file] : ["run", "--quiet", "--no-check", ...WEIR_FLAGS, main, file],
  );
  assertEquals(code, 1);
  assert(stdout.includes(`Cannot write ${logFile}: `), stdout);
});
