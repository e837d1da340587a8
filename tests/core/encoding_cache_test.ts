import { EncodingCache } from "#core/encoding_cache.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("EncodingCache remembers by key until released", () => {
  const cache = new EncodingCache();
  assertEquals(cache.get("a"), undefined);
  assertEquals([cache.set("a", 1), cache.set("b", 2)], [1, 2]);
  assertEquals([cache.get("a"), cache.get("b")], [1, 2]);
  cache.set("a", 3);
  assertEquals(cache.get("a"), 3);
  cache.release();
  assertEquals([cache.get("a"), cache.get("b")], [undefined, undefined]);
});

Deno.test("EncodingCache remembers nothing once released", () => {
  const cache = new EncodingCache();
  cache.release();
  assertEquals(cache.set("a", 1), 1);
  assertEquals(cache.get("a"), undefined);
});
