import { joinBytes } from "#base/join_bytes.ts";
import { assert, assertEquals } from "#test/assert.ts";

const VIEWS = ["0102", "", "030405"].map((hex) => Uint8Array.fromHex(hex));

Deno.test("joinBytes() joins in order, up to the limit", () => {
  assertEquals(joinBytes(VIEWS).toHex(), "0102030405");
  for (let max = 0; max <= 6; max++) {
    assertEquals(joinBytes(VIEWS, max).toHex(), "0102030405".slice(0, 2 * max));
  }
  assertEquals(joinBytes([]).length, 0);
});

Deno.test("joinBytes() passes one range on as it is, if it is short enough", () => {
  const view = Uint8Array.of(1, 2, 3);
  assert(joinBytes([view]) === view);
  assert(joinBytes([view], 3) === view);
  assertEquals(joinBytes([view], 2), Uint8Array.of(1, 2));
});
