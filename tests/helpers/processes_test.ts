import { runProcess, startProcess } from "./processes.ts";
import { assertEquals, assertIncludes, assertRejects } from "./assert.ts";

const deno = (code: string): [string, string[]] => [
  Deno.execPath(),
  ["eval", code],
];

Deno.test("runProcess() returns code and output", async () => {
  const code = 'console.log("out"); console.error("err"); Deno.exit(3)';
  const result = await runProcess(...deno(code));
  assertEquals(result.code, 3);
  assertEquals(result.stdout, "out\n");
  assertIncludes(result.stderr, "err\n");
});

Deno.test("waitForLine() sees lines of both outputs and answers with the match", async () => {
  const code = "console.log('port 12'); console.error('ready');" +
    "setInterval(() => {}, 1000)";
  await using running = startProcess(...deno(code));
  await running.waitForLine(/^ready$/);
  assertEquals((await running.waitForLine(/^port (\d+)$/))[1], "12");
  const status = await running.stop();
  assertEquals(status.signal, "SIGTERM");
});

Deno.test("waitForLine() rejects with the output when the process ends", async () => {
  await using running = startProcess(...deno("console.log('bad config')"));
  const error = await assertRejects(running.waitForLine(/^ready$/), Error);
  assertIncludes(error.message, "bad config");
});

Deno.test("waitForExit() rejects when the process does not end in time", async () => {
  await using running = startProcess(...deno("setInterval(() => {}, 1000)"));
  await assertRejects(running.waitForExit(1), Error);
});

Deno.test("writeLine() reaches the standard input", async () => {
  const code = "const b = new Uint8Array(9);" +
    "const n = await Deno.stdin.read(b);" +
    "console.log('got ' + new TextDecoder().decode(b.subarray(0, n)).trim())";
  const [command, args] = deno(code);
  await using running = startProcess(command, args, { input: true });
  await running.writeLine("hello");
  await running.waitForLine(/^got hello$/);
});
