import { serialDistance } from "#base/serial_number.ts";
import { assertEquals } from "#test/assert.ts";

for (const widthBits of [16, 24, 31, 32] as const) {
  Deno.test(`serialDistance() wraps at ${widthBits} bits`, () => {
    const span = 2 ** widthBits;
    const cases = [
      { from: 5, to: 5, is: 0 },
      { from: 5, to: 8, is: 3 },
      { from: 8, to: 5, is: -3 },
      { from: span - 1, to: 0, is: 1 },
      { from: 0, to: span - 1, is: -1 },
      { from: span - 2, to: 3, is: 5 },
      { from: 0, to: span / 2 - 1, is: span / 2 - 1 },
      { from: 0, to: span / 2, is: -span / 2 },
      { from: span / 2, to: 0, is: -span / 2 },
      { from: span / 2 + 1, to: 0, is: span / 2 - 1 },
    ];
    for (const { from, to, is } of cases) {
      assertEquals(serialDistance(from, to, widthBits), is, `${from} to ${to}`);
    }
  });
}
