import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("ByteWriter writes big-endian fields one after the other", () => {
  const writer = new ByteWriter().u8(0xff).u16(0x8001).u24(0xfedcba)
    .u32(0x9876ff80).bytes(Uint8Array.of(1, 2));
  assertEquals(writer.lengthBytes, 12);
  assertEquals(writer.finish().toHex(), "ff8001fedcba9876ff800102");
});

Deno.test("ByteWriter keeps the lowest bits of what is too large", () => {
  const writer = new ByteWriter().u8(0x1ff).u16(0x1_0002).u24(0x100_0003)
    .u32(0x1_0000_0004);
  assertEquals(writer.finish().toHex(), "ff0002000003" + "00000004");
});

Deno.test("ByteWriter.patchU16() and patchU32() write over what is there", () => {
  const writer = new ByteWriter().u8(9).u16(0).u32(0).u8(8);
  writer.patchU16(1, 0xabcd).patchU32(3, 0xfedcba98);
  assertEquals(writer.lengthBytes, 8);
  assertEquals(writer.finish().toHex(), "09abcdfedcba9808");
});

Deno.test("ByteWriter grows with what is written", () => {
  const writer = new ByteWriter();
  const part = Uint8Array.from({ length: 255 }, (_, i) => i);
  for (let i = 0; i < 20; i++) writer.bytes(part).u32(i);
  const reader = new ByteReader(writer.finish(), "X");
  for (let i = 0; i < 20; i++) {
    assertEquals(reader.take(255, "part"), part);
    assertEquals(reader.u32("i"), i);
  }
  assertEquals(reader.remainingBytes, 0);
});

Deno.test("ByteWriter.finish() answers a copy", () => {
  const writer = new ByteWriter().u8(1);
  const first = writer.finish();
  writer.u8(2).patchU16(0, 0x0304);
  assertEquals(first, Uint8Array.of(1));
  assertEquals(writer.finish(), Uint8Array.of(3, 4));
});
