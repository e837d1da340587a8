import { fileURLToPath } from "node:url";
import { assertEquals, assertIncludes } from "#test/assert.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { type ProcessResult, runProcess } from "#test/processes.ts";
import { startWeir, WEIR_FLAGS } from "#test/weir_process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Runs `weir healthcheck`. */
function healthcheck(...args: readonly string[]): Promise<ProcessResult> {
  const executable = Deno.env.get("WEIR_BIN");
  const [program, ...first] = executable === undefined
    ? [Deno.execPath(), "run", "--quiet", "--no-check", ...WEIR_FLAGS, MAIN]
    : [executable];
  return runProcess(program!, [...first, "healthcheck", ...args]);
}

Deno.test("a server with metrics is live and ready, and healthcheck says so until it ends", async () => {
  await using monitored = await startMonitoredWeir();
  const { weir, target } = monitored;
  for (const path of ["/livez", "/readyz"]) {
    const response = await fetch(`http://${target}${path}`);
    assertEquals([response.status, await response.text()], [204, ""]);
  }
  const ready = await healthcheck(weir.file);
  assertEquals(ready, {
    code: 0,
    stdout: `ready: http://${target}/readyz\n`,
    stderr: "",
  });
  await weir.stop();
  const ended = await healthcheck(weir.file);
  assertEquals([ended.code, ended.stderr], [1, ""]);
  assertIncludes(ended.stdout, `ERR: Cannot connect to ${target}`);
});

Deno.test("healthcheck asks a server that has neither metrics nor API over RTSP", async () => {
  await using weir = await startWeir();
  const { code, stdout } = await healthcheck(weir.file);
  assertEquals([code, stdout], [
    0,
    `ready: rtsp://127.0.0.1:${weir.rtspPort}/\n`,
  ]);
});
