import { startProgram, treeKillCommand } from "#platform/process.ts";
import { PlatformError } from "#platform/errors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

const SLEEP = { program: "sleep", args: ["60"], environment: {} };

Deno.test("startProgram() tells the exit code", async () => {
  const program = startProgram({
    program: "sh",
    args: ["-c", 'exit "$CODE"'],
    environment: { CODE: "7" },
  });
  assertEquals(await program.ended, { code: 7 });
  program.interrupt();
  program.kill();
  assertEquals(program.terminateRest(), false);
});

Deno.test("startProgram() names a program that is not there", () => {
  const error = assertThrows(
    () => startProgram({ program: "/no/such", args: [], environment: {} }),
    PlatformError,
  );
  assertEquals(error.code, "not_found");
  assert(error.message.startsWith("Cannot start /no/such"), error.message);
});

for (const way of ["interrupt", "kill"] as const) {
  Deno.test(`startProgram() starts a program that ends by ${way}()`, async () => {
    const program = startProgram(SLEEP);
    program[way]();
    const { code } = await program.ended;
    assertEquals(code, way === "interrupt" ? 130 : 137);
  });
}

Deno.test("treeKillCommand() ends a program with all that it has started [Windows]", () => {
  assertEquals(treeKillCommand(4_711), [
    "taskkill",
    "/T",
    "/F",
    "/PID",
    "4711",
  ]);
});
