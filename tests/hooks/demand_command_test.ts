import { createLogger } from "#base/log.ts";
import { CommandRunner } from "#hooks/command_runner.ts";
import { escapedQuery, runOnDemand } from "#hooks/demand_command.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

Deno.test("escapedQuery() makes one value of a query [Go's url.QueryEscape]", () => {
  const cases = [
    ["", ""],
    ["a=b", "a%3Db"],
    ["a b&c+d", "a+b%26c%2Bd"],
    ["!'()*~-._", "%21%27%28%29%2A~-._"],
    ["é", "%C3%A9"],
    ["half of a character: \ud800", "half+of+a+character%3A+%EF%BF%BD"],
  ];
  for (const [query, is] of cases) assertEquals(escapedQuery(query!), is);
});

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
