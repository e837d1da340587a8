import { assert, assertEquals } from "#test/assert.ts";
import { corpusTargets, findingsOf } from "./corpus.ts";
import { tryInput } from "./fuzzer.ts";
import { FUZZ_TARGETS } from "./targets.ts";

for (const name of await corpusTargets()) {
  for (const { name: file, input } of await findingsOf(name)) {
    Deno.test(`${name} answers what was found once as it must [${file}]`, async () => {
      const target = FUZZ_TARGETS.find((one) => one.name === name);
      assert(target !== undefined, `there is no target ${name}`);
      const outcome = await tryInput(target, input.slice());
      assertEquals(typeof outcome, "boolean", String(outcome));
    });
  }
}
