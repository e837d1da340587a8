import { libc } from "#platform/libc.ts";
import { raiseFileLimit } from "#platform/raise_file_limit.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("raiseFileLimit() answers the limit that holds", () => {
  const limit = raiseFileLimit();
  assertEquals(limit === undefined, libc === undefined);
  assertEquals(raiseFileLimit(), limit);
});
