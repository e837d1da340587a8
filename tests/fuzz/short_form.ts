import { assert, assertEquals } from "#test/assert.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { fuzz } from "./fuzzer.ts";

/** The task `fuzz` goes a hundred times as far. */
const COUNT = 10_000;

/** Registers a test for each target. */
export function testTargets(targets: readonly FuzzTarget[]): void {
  for (const target of targets) {
    Deno.test(`${target.name} answers 10,000 mutations as it must`, async () => {
      const { findings, takenSeeds, taken } = await fuzz(target, {
        count: COUNT,
      });
      assertEquals(findings.map(({ text }) => text), []);
      assert(takenSeeds > 0, "no seed is taken: mutations lead nowhere");
      assert(taken > 0, "no mutation is taken");
    });
  }
}
