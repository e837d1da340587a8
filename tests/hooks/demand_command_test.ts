import { createLogger } from "#base/log.ts";
import { CommandRunner } from "#hooks/command_runner.ts";
import { runOnDemand } from "#hooks/demand_command.ts";
import type { HookOptions } from "#hooks/hook_runner.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

Deno.test("runOnDemand() tells path, groups and query, and launches runOnUnDemand at the end", async () => {
  const lines: string[] = [];
  const folder = await Deno.makeTempDir({ prefix: "weir_demand_" });
  const write = (name: string) =>
    `sh -c 'echo "$MTX_PATH $G1 $G2 $RTSP_PORT $MTX_QUERY" > ${folder}/${name}'`;
  const runner = new CommandRunner(new FakeClock());
  const stop = runOnDemand(runner, "8554", {
    pathName: "cam1",
    groups: ["1", ""],
    query: "a=b",
    settings: {
      runOnDemand: write("on"),
      runOnDemandRestart: false,
      runOnUnDemand: write("off"),
    },
    logger: createLogger((_, text) => lines.push(text), "info"),
  });
  await runner[Symbol.asyncDispose]();
  stop("not needed by anyone");
  await runner[Symbol.asyncDispose]();
  for (const name of ["on", "off"]) {
    assertEquals(
      await Deno.readTextFile(`${folder}/${name}`),
      "cam1 1  8554 a%3Db\n",
    );
  }
  assertEquals(lines, [
    "runOnDemand command started",
    "runOnDemand command stopped: not needed by anyone",
    "runOnUnDemand command launched",
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("runOnDemand() tells webhooks path, groups, query and why it is over", () => {
  const events: unknown[] = [];
  const runner = {
    start({ event }: HookOptions) {
      events.push(event);
      return { stop: () => {} };
    },
    launch: ({ event }: HookOptions) => void events.push(event),
  };
  const stop = runOnDemand(runner, "8554", {
    pathName: "cam1",
    groups: ["1"],
    query: "a=b&token=x",
    settings: {
      runOnDemand: "https://hooks.example.com/on",
      runOnDemandRestart: false,
      runOnUnDemand: "https://hooks.example.com/off",
    },
    logger: createLogger(() => {}, "info"),
  });
  stop("timed out");
  const data = {
    path: "cam1",
    groups: ["1"],
    query: "a=b&token=<redacted>",
  };
  assertEquals(events, [
    { type: "path.demanded", subject: "cam1", data },
    {
      type: "path.undemanded",
      subject: "cam1",
      data: { ...data, reason: "timed out" },
    },
  ]);
});
