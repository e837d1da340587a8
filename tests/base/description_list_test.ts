import { DescriptionList } from "#base/description_list.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("DescriptionList.list() describes everything as it is now", () => {
  const list = new DescriptionList<{ id: string; state: string }>();
  let state = "idle";
  const kick = () => {};
  const first = { describe: () => ({ id: "1", state }), kick };
  const registration = list.register(first);
  using _other = list.register({
    describe: () => ({ id: "2", state: "read" }),
    kick,
  });
  state = "busy";
  assertEquals(list.list(), [{ id: "1", state }, { id: "2", state: "read" }]);
  registration[Symbol.dispose]();
  registration[Symbol.dispose]();
  assertEquals(list.list(), [{ id: "2", state: "read" }]);
});

Deno.test("DescriptionList.kick() ends the one with the id, if there is one", () => {
  const list = new DescriptionList<{ id: string }>();
  const kicked: string[] = [];
  const named = (id: string) => ({
    describe: () => ({ id }),
    kick: (reason: string) => void kicked.push(`${id} ${reason}`),
  });
  using _one = list.register(named("1"));
  using _two = list.register(named("2"));
  assertEquals(list.kick("2", "terminated"), true);
  assertEquals(list.kick("3", "terminated"), false);
  assertEquals(kicked, ["2 terminated"]);
});
