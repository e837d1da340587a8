import { assertEquals } from "#test/assert.ts";
import { testTargets } from "./short_form.ts";
import { FUZZ_TARGETS, PROTOCOL_TARGETS } from "./targets.ts";

testTargets(PROTOCOL_TARGETS);

Deno.test("targets have names of their own", () => {
  const names = FUZZ_TARGETS.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
});
