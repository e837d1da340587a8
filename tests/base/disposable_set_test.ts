import { DisposableSet } from "#base/disposable_set.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("DisposableSet keeps what was added, in order, until it is disposed of", () => {
  const set = new DisposableSet<string>();
  const first = set.add("first");
  set.add("second");
  assertEquals([...set], ["first", "second"]);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals([...set], ["second"]);
});
