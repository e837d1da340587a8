import { BitWriter } from "#base/bit_writer.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("BitWriter.bits() fills bytes from the highest bit and pads with zeros", () => {
  const writer = new BitWriter().bits(1, 1).bits(3, 0b011).bits(7, 0b0010_010);
  assertEquals(writer.lengthBits, 11);
  assertEquals(writer.finish(), Uint8Array.of(0b1011_0010, 0b0100_0000));
});

Deno.test("BitWriter.bits() writes the lowest bits, up to 32", () => {
  const writer = new BitWriter().bits(4, 0xff).bits(32, 0xfedcba98).bits(4, 0);
  assertEquals(writer.finish().toHex(), "ffedcba980");
});

Deno.test("BitWriter.bytes() goes on at the current bit", () => {
  const writer = new BitWriter().bits(4, 0xa).bytes(Uint8Array.of(0xbc, 0xde));
  assertEquals(writer.lengthBits, 20);
  assertEquals(writer.finish().toHex(), "abcde0");
});

Deno.test("BitWriter.finish() answers nothing for nothing", () => {
  assertEquals(new BitWriter().finish(), new Uint8Array(0));
});
