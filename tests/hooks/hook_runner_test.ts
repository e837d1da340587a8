import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import { Secret } from "#base/secret.ts";
import type { ServerEvent } from "#core/ports.ts";
import { type HookOptions, HookRunner } from "#hooks/hook_runner.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { openWebhookReceiver } from "#test/webhook_receiver.ts";

function openRunner() {
  const lines: string[] = [];
  const events = new EventBus<ServerEvent>();
  const ends: string[] = [];
  events.listen((event) => {
    if (event.type !== "succeeded" && event.type !== "failed") return;
    const { type, kind, subject, reason } = event;
    ends.push(`${kind} ${subject} ${type}: ${reason}`);
  });
  const clock = new FakeClock();
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "info",
  );
  const secret = () => new Secret("");
  const runner = new HookRunner({ clock, logger, events, secret });
  const hook = (command: string): HookOptions => ({
    name: "runOnX",
    command,
    variables: {},
    event: { type: "x.begun", subject: "cam", data: {} },
    logger,
  });
  return { runner, clock, lines, ends, hook };
}

Deno.test("HookRunner runs commands, sends addresses as webhooks, and tells the end of each as one event", async () => {
  await using receiver = openWebhookReceiver((count) =>
    count === 1 ? 200 : 410
  );
  const { runner, hook, ends, lines } = openRunner();
  runner.start({ ...hook(` ${receiver.url}`), restart: true }).stop();
  runner.launch(hook(receiver.url));
  runner.launch(hook("false"));
  runner.start({ ...hook("true"), restart: false });
  await runner[Symbol.asyncDispose]();
  assertEquals(ends.sort(), [
    "hook runOnX failed: code 1",
    "hook runOnX succeeded: code 0",
    "webhook runOnX failed: the answer is 410",
    "webhook runOnX succeeded: taken",
  ]);
  assertEquals(receiver.received.length, 2);
  const told = lines.filter((line) => line.includes("webhook"));
  assertEquals(told.length, 2, "one line each");
});

Deno.test("HookRunner waits for what runs at the end, and kills it after 4 s with one warning", async () => {
  await using receiver = openWebhookReceiver(() => "never");
  const { runner, hook, clock, lines, ends } = openRunner();
  const folder = await Deno.makeTempDir({ prefix: "weir_hooks_" });
  const fifo = `${folder}/fifo`;
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const line = `sh -c "trap '' INT TERM; echo > ${fifo}; sleep 60; sleep 60"`;
  const running = runner.start({ ...hook(line), restart: false });
  runner.launch(hook(receiver.url));
  await Promise.all([Deno.readTextFile(fifo), receiver.waitFor(1)]);
  runner.handleShutdown();
  running.stop();
  const ended = runner[Symbol.asyncDispose]();
  assert(lines.includes("info: waiting for running hooks"), lines.join("\n"));
  clock.advance(4_000);
  await ended;
  assertEquals(lines.filter((line) => line.startsWith("warn")).sort(), [
    "warn: 1 command(s) did not end in time and were killed: runOnX",
    `warn: runOnX webhook failed: Cannot post to ${
      new URL(receiver.url).origin
    }: the server ends`,
  ]);
  assertEquals(ends, ["webhook runOnX failed: the server ends"]);
  assertEquals(clock.pendingTimers, 0);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("HookRunner ends at once when nothing runs", async () => {
  const { runner, clock, lines } = openRunner();
  await runner[Symbol.asyncDispose]();
  assertEquals(lines, []);
  assertEquals(clock.pendingTimers, 0);
});
