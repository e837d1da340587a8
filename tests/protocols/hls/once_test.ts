import { once } from "#protocols/hls/once.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("once() reads a text again only when another came between", () => {
  const read: string[] = [];
  const lengthOf = once((text) => {
    read.push(text);
    return text === "" ? undefined : text.length;
  });
  const lengths = ["", "", "abc", "abc", "ab", "abc"].map(lengthOf);
  assertEquals(lengths, [undefined, undefined, 3, 3, 2, 3]);
  assertEquals(read, ["", "abc", "ab", "abc"]);
});
