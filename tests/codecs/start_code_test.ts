import { findStartCode } from "#codecs/start_code.ts";
import { assertEquals } from "#test/assert.ts";

const CASES = [
  { name: "none", hex: "0102030405", offsets: [] },
  { name: "one at the start", hex: "000001b3", offsets: [0] },
  { name: "zero stuffing before it", hex: "00000000000001b3", offsets: [4] },
  { name: "two that touch", hex: "000001b3000001b8ff", offsets: [0, 4] },
  { name: "a one that belongs to none", hex: "01000100000100", offsets: [3] },
  { name: "one without its code", hex: "ff000001", offsets: [] },
  { name: "nothing", hex: "", offsets: [] },
];

for (const { name, hex, offsets } of CASES) {
  Deno.test(`findStartCode() finds ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const found: number[] = [];
    let at = findStartCode(bytes, 0);
    while (at >= 0) {
      found.push(at);
      at = findStartCode(bytes, at + 1);
    }
    assertEquals(found, offsets);
  });
}
