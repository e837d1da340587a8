import { environment } from "#platform/env.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("environment() is a copy", () => {
  const variables = environment();
  assert("PATH" in variables);
  variables["WEIR_TEST"] = "1";
  assertEquals(environment()["WEIR_TEST"], undefined);
});
