import { decodePercent, parseUserInfo } from "#base/user_info.ts";
import { assertEquals } from "#test/assert.ts";

for (
  const [text, user, password] of [
    ["ann", "ann", ""],
    ["ann:", "ann", ""],
    ["ann:secret", "ann", "secret"],
    ["ann:se:cr@et", "ann", "se:cr@et"],
    [":secret", "", "secret"],
    ["a%40b:c%3ad", "a@b", "c:d"],
    ["a%40b:100%", "a@b", "100%"],
    ["", "", ""],
  ] as const
) {
  Deno.test(`parseUserInfo() reads "${text}"`, () => {
    assertEquals(parseUserInfo(text), { user, password });
  });
}

Deno.test("decodePercent() leaves a text alone whose escapes are not valid", () => {
  assertEquals(
    ["a%20b", "a%2", "%ff", "%zz"].map(decodePercent),
    ["a b", "a%2", "%ff", "%zz"],
  );
});
