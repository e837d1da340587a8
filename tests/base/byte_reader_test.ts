import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const BYTES = Uint8Array.of(0xff, 0x80, 0x01, 0xfe, 0xdc, 0xba, 0x98, 0x76);

Deno.test("ByteReader reads big-endian fields one after the other", () => {
  const reader = new ByteReader(Uint8Array.of(...BYTES, ...BYTES), "X");
  assertEquals(reader.u8("a"), 0xff);
  assertEquals(reader.u16("b"), 0x8001);
  assertEquals(reader.u24("c"), 0xfedcba);
  assertEquals(reader.u32("d"), 0x9876ff80);
  assertEquals([reader.offsetBytes, reader.remainingBytes], [10, 6]);
  assertEquals(reader.take(2, "e"), Uint8Array.of(0x01, 0xfe));
  assertEquals(reader.takeRest("f"), Uint8Array.of(0xdc, 0xba, 0x98, 0x76));
  assertEquals(reader.takeRest("g"), new Uint8Array(0));
});

Deno.test("ByteReader.u32() is never negative", () => {
  assertEquals(new ByteReader(BYTES, "X").u32("a"), 0xff8001fe);
});

Deno.test("ByteReader.take() answers a view", () => {
  const bytes = BYTES.slice();
  const view = new ByteReader(bytes, "X").take(2, "a");
  bytes[0] = 7;
  assertEquals(view[0], 7);
});

const READS: readonly (readonly [string, (reader: ByteReader) => unknown])[] = [
  ["u8", (reader) => reader.u8("field")],
  ["u16", (reader) => reader.u16("field")],
  ["u24", (reader) => reader.u24("field")],
  ["u32", (reader) => reader.u32("field")],
  ["take", (reader) => reader.take(5, "field")],
];

for (const [i, [name, read]] of READS.entries()) {
  Deno.test(`ByteReader.${name}() names the field past the end and takes nothing`, () => {
    const reader = new ByteReader(BYTES.subarray(0, 3 + i), "X");
    reader.take(3, "before");
    const error = assertThrows(() => read(reader), ParseError);
    assertEquals([error.format, error.field, error.offsetBytes], [
      "X",
      "field",
      3,
    ]);
    assertEquals(
      error.message,
      `Cannot parse X: field at byte 3: needs ${i + 1} bytes, ${i} left`,
    );
    assertEquals(reader.offsetBytes, 3);
  });
}

Deno.test("ByteReader.error() is about the field read last", () => {
  const reader = new ByteReader(BYTES, "X");
  reader.u16("a");
  reader.u24("b");
  const error = reader.error("must be 1, found 2", "b");
  assertEquals(
    error.message,
    "Cannot parse X: b at byte 2: must be 1, found 2",
  );
});
