import { systemClock } from "#base/clock.ts";
import { createLogger } from "#base/log.ts";
import { CommandRunner } from "#hooks/command_runner.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

function openRunner(clock = new FakeClock()) {
  const lines: string[] = [];
  let wake = Promise.withResolvers<void>();
  const logger = createLogger((level, text) => {
    lines.push(`${level}: ${text}`);
    wake.resolve();
  }, "debug");
  const runner = new CommandRunner(clock);
  return {
    runner,
    clock,
    lines,
    options: (command: string) => ({
      name: "runOnX",
      command,
      variables: { MTX_PATH: "cam" },
      logger,
    }),
    async waitForLines(count: number): Promise<void> {
      while (lines.length < count) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    },
  };
}

Deno.test("CommandRunner.start() tells variables, in the words and in the environment", async () => {
  await using folder = await tempFolder();
  const { runner, options, lines } = openRunner();
  const script = `printf %s "$MTX_PATH-$1" > ${folder.path}/out`;
  await Deno.writeTextFile(`${folder.path}/script`, script);
  runner.start({
    ...options(`sh ${folder.path}/script x$MTX_PATH`),
    restart: false,
  });
  await runner[Symbol.asyncDispose]();
  assertEquals(await Deno.readTextFile(`${folder.path}/out`), "cam-xcam");
  assertEquals(lines, ["info: runOnX command started"]);
});

Deno.test("CommandRunner.start() tells what went wrong, once", async () => {
  for (
    const { command, line } of [
      { command: "sh -c 'exit 3'", line: "code 3" },
      { command: "a 'b", line: "a single quote is not closed" },
    ]
  ) {
    const { runner, options, lines, clock } = openRunner();
    runner.start({ ...options(command), restart: false });
    await runner[Symbol.asyncDispose]();
    assertEquals(lines, [
      "info: runOnX command started",
      `info: runOnX command exited: ${line}`,
    ]);
    assertEquals(clock.pendingTimers, 0);
  }
  const { runner, options, lines } = openRunner();
  runner.start({ ...options("/no/such/program"), restart: false });
  await runner[Symbol.asyncDispose]();
  assert(lines[1]!.includes("Cannot start /no/such/program"), lines[1]!);
});

Deno.test("CommandRunner.start() runs a command again 5 s after its end, until it is stopped", async () => {
  const { runner, options, lines, clock, waitForLines } = openRunner();
  const running = runner.start({ ...options("true"), restart: true });
  await waitForLines(2);
  clock.advance(5_000);
  await waitForLines(3);
  running.stop("not needed by anyone");
  running.stop();
  await runner[Symbol.asyncDispose]();
  assertEquals(lines, [
    "info: runOnX command started",
    "info: runOnX command exited: code 0",
    "info: runOnX command exited: code 0",
    "info: runOnX command stopped: not needed by anyone",
  ]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("CommandRunner.start() stops the command and what it has started", async () => {
  await using folder = await tempFolder();
  const { runner, options } = openRunner();
  const fifo = `${folder.path}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const inner =
    `trap "exit 0" INT; echo up > ${fifo}; while :; do sleep 1; done`;
  const running = runner.start({
    ...options(`sh -c 'sh -c "${inner.replaceAll('"', '\\"')}"; exit 0'`),
    restart: false,
  });
  await Deno.readTextFile(fifo);
  const startedAtMs = systemClock.monotonicMs();
  running.stop();
  await runner[Symbol.asyncDispose]();
  assert(systemClock.monotonicMs() - startedAtMs < 10_000);
});

Deno.test("CommandRunner.start() takes a blank command for none", async () => {
  const { runner, options, lines } = openRunner();
  runner.start({ ...options("  "), restart: true });
  await runner[Symbol.asyncDispose]();
  assertEquals([runner.runningCount, lines.length], [0, 1]);
});

Deno.test("CommandRunner.launch() runs once and says nothing of the end", async () => {
  const { runner, options, lines } = openRunner();
  runner.launch(options("sh -c 'exit 1'"));
  runner.launch(options("/no/such/program"));
  await runner[Symbol.asyncDispose]();
  assertEquals(lines[0], "info: runOnX command launched");
  assertEquals(lines.length, 3);
});

async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "weir_hooks_" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
