import { systemClock } from "#base/clock.ts";
import { createLogger } from "#base/log.ts";
import { CommandRunner } from "#hooks/command_runner.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

function openRunner(clock = new FakeClock()) {
  const lines: string[] = [];
  let wake = Promise.withResolvers<void>();
  const logger = createLogger((level, text) => {
    lines.push(`${level}: ${text}`);
    wake.resolve();
  }, "debug");
  const ends: string[] = [];
  const runner = new CommandRunner(clock, ({ name, isFailure, reason }) => {
    ends.push(`${name} ${isFailure ? "failed" : "ok"}: ${reason}`);
  });
  return {
    runner,
    clock,
    lines,
    ends,
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

Deno.test("CommandRunner.launch() runs once and tells only what failed", async () => {
  const { runner, options, lines, ends } = openRunner();
  runner.launch(options("sh -c 'exit 1'"));
  runner.launch(options("/no/such/program"));
  runner.launch(options("true"));
  await runner[Symbol.asyncDispose]();
  const launched = "info: runOnX command launched";
  assertEquals(lines.slice(0, 3), [launched, launched, launched]);
  const exits = lines.slice(3).sort();
  assert(exits[0]!.includes("exited: Cannot start /no/such"), exits[0]);
  assertEquals(exits.slice(1), ["info: runOnX command exited: code 1"]);
  assertEquals(ends.length, 3);
  assert(ends.includes("runOnX failed: code 1"), ends.join());
  assert(ends.includes("runOnX ok: code 0"), ends.join());
});

Deno.test("CommandRunner.start() tells a stopped command as one that worked", async () => {
  await using folder = await tempFolder();
  const { runner, options, ends, lines } = openRunner();
  const { line, started } = await fifoCommand(
    folder.path,
    "echo >&3; exec sleep 60",
  );
  const running = runner.start({ ...options(line), restart: true });
  await started;
  running.stop();
  await runner[Symbol.asyncDispose]();
  assertEquals(ends, ["runOnX ok: stopped"]);
  assertEquals(lines.length, 2);
});

Deno.test("CommandRunner.start() ends what a stopped command leaves behind in the background", async () => {
  await using folder = await tempFolder();
  const { runner, options, clock } = openRunner();
  // The shell lets it ignore the first signal.
  const { line, started, ended } = await fifoCommand(
    folder.path,
    "sleep 60 & echo >&3; wait",
  );
  const running = runner.start({ ...options(line), restart: false });
  await started;
  running.stop();
  await ended;
  await endingWith(clock, runner);
});

Deno.test("CommandRunner.start() kills what a stopped command leaves behind and does not want to end", async () => {
  await using folder = await tempFolder();
  const { runner, options, clock } = openRunner();
  const { line, started, ended } = await fifoCommand(
    folder.path,
    `sh -c "trap '' TERM; echo >&3; while :; do sleep 1; done" & wait`,
  );
  const running = runner.start({ ...options(line), restart: false });
  await started;
  running.stop();
  await endingWith(clock, runner);
  await ended;
});

Deno.test("CommandRunner.cut() kills whoever ignores every signal, children too, and starts nothing any more", async () => {
  await using folder = await tempFolder();
  const { runner, options, ends } = openRunner();
  const { line, started, ended } = await fifoCommand(
    folder.path,
    "trap '' INT TERM; sh -c 'echo >&3; while :; do sleep 1; done'; sleep 60",
  );
  const running = runner.start({ ...options(line), restart: true });
  await started;
  running.stop();
  assertEquals(runner.runningCount, 1);
  assertEquals(runner.cut(), ["runOnX"]);
  await ended;
  runner.launch(options(`touch ${folder.path}/late`));
  await runner[Symbol.asyncDispose]();
  assertEquals(ends, []);
  assertEquals((await filesIn(folder.path)).includes("late"), false);
});

Deno.test("CommandRunner.start() starts nothing that was stopped before its turn", async () => {
  await using folder = await tempFolder();
  const { runner, options, ends } = openRunner();
  runner.start({ ...options(`touch ${folder.path}/x`), restart: true }).stop();
  await runner[Symbol.asyncDispose]();
  assertEquals(await filesIn(folder.path), []);
  assertEquals(ends, []);
});

/** Waits for the end of all commands while time goes by. */
async function endingWith(
  clock: FakeClock,
  runner: CommandRunner,
): Promise<void> {
  let isOver = false;
  const over = runner[Symbol.asyncDispose]().then(() => void (isOver = true));
  while (!isOver) {
    clock.advance(1_000);
    await settled();
  }
  await over;
}

/** A command whose processes hold a pipe open as descriptor 3: `started` and `ended` follow from it. */
async function fifoCommand(folder: string, script: string): Promise<{
  readonly line: string;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
}> {
  const fifo = `${folder}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const file = `${folder}/script`;
  await Deno.writeTextFile(file, `exec 3> ${fifo}; ${script}`);
  const reading = Deno.open(fifo);
  const started = reading.then(async (pipe) => {
    await pipe.read(new Uint8Array(1));
  });
  const ended = started.then(async () => {
    using pipe = await reading;
    while (await pipe.read(new Uint8Array(64)) !== null);
  });
  return { line: `sh ${file}`, started, ended };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name);
}

async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "weir_hooks_" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
