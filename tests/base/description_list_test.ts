import { DescriptionList } from "#base/description_list.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("DescriptionList.list() describes everything as it is now", () => {
  const list = new DescriptionList<string>();
  let state = "idle";
  const registration = list.register(() => `first ${state}`);
  using _other = list.register(() => "second");
  state = "busy";
  assertEquals(list.list(), ["first busy", "second"]);
  registration[Symbol.dispose]();
  registration[Symbol.dispose]();
  assertEquals(list.list(), ["second"]);
});
