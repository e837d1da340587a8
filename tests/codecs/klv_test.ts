import { isKlvUnit } from "#codecs/klv.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const KEY = "060e2b34020b01010e01030101000000";

const UNITS = [
  { name: "an item with a short length", hex: `${KEY}03aabbcc` },
  { name: "an empty item", hex: `${KEY}00` },
  { name: "a length of one byte", hex: `${KEY}8103aabbcc` },
  { name: "a length of eight bytes", hex: `${KEY}880000000000000002aabb` },
];

const BROKEN = [
  { name: "nothing", hex: "" },
  { name: "another key", hex: `ff${KEY.slice(2)}03aabbcc` },
  { name: "no length", hex: KEY },
  { name: "an indefinite length", hex: `${KEY}8003aabbcc` },
  { name: "a length of nine bytes", hex: `${KEY}89000000000000000001aa` },
  { name: "a length beyond every number", hex: `${KEY}88ffffffffffffffffaa` },
  { name: "bytes behind the last item", hex: `${KEY}01aabb` },
];

for (const { name, hex } of UNITS) {
  Deno.test(`isKlvUnit() takes ${name}, alone and after another item`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(isKlvUnit(bytes), true);
    for (const prefix of prefixes(bytes)) {
      assertEquals(isKlvUnit(prefix), false);
    }
    const two = Uint8Array.fromHex(`${KEY}02aabb${hex}`);
    assertEquals(isKlvUnit(two), true);
    assertEquals(isKlvUnit(two.subarray(0, -1)), false);
  });
}

for (const { name, hex } of BROKEN) {
  Deno.test(`isKlvUnit() does not take ${name}`, () => {
    assertEquals(isKlvUnit(Uint8Array.fromHex(hex)), false);
  });
}

Deno.test("isKlvUnit() answers on 10,000 mutations", () => {
  const seeds = UNITS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) isKlvUnit(bytes);
});
