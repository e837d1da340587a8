import { BitReader } from "#base/bit_reader.ts";
import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

Deno.test("BitReader.bits() reads over the borders of bytes", () => {
  const reader = new BitReader(Uint8Array.of(0b1011_0010, 0b0100_1111), "X");
  assertEquals(
    [1, 3, 6, 2, 4].map((count) => reader.bits(count, "a")),
    [0b1, 0b011, 0b0010_01, 0b00, 0b1111],
  );
  assertEquals([reader.offsetBits, reader.remainingBits], [16, 0]);
  assertEquals(reader.bits(0, "nothing"), 0);
});

Deno.test("BitReader.bits() reads 32 bits without a sign", () => {
  const reader = new BitReader(new Uint8Array(5).fill(0xff), "X");
  reader.skip(3, "a");
  assertEquals(reader.bits(32, "b"), 0xffff_ffff);
  assertEquals(reader.flag("c"), true);
});

/** Codes of ITU-T H.264 table 9-2 and 9-3, and both ends of what 32 bits can say. */
const GOLOMB = [
  { bits: "1", unsigned: 0, signed: 0 },
  { bits: "010", unsigned: 1, signed: 1 },
  { bits: "011", unsigned: 2, signed: -1 },
  { bits: "00100", unsigned: 3, signed: 2 },
  { bits: "00101", unsigned: 4, signed: -2 },
  { bits: "0001000", unsigned: 7, signed: 4 },
  { bits: "000010001", unsigned: 16, signed: -8 },
  {
    bits: "0".repeat(31) + "1".repeat(32),
    unsigned: 2 ** 32 - 2,
    signed: -(2 ** 31 - 1),
  },
  {
    bits: "0".repeat(32) + "1" + "0".repeat(32),
    unsigned: 2 ** 32 - 1,
    signed: 2 ** 31,
  },
];

for (const { bits, unsigned, signed } of GOLOMB) {
  Deno.test(`BitReader reads the Exp-Golomb code of ${unsigned} and ${signed}`, () => {
    const writer = new BitWriter();
    for (const bit of bits) writer.bits(1, Number(bit));
    const bytes = writer.finish();
    const reader = new BitReader(bytes, "X");
    assertEquals(reader.unsignedGolomb("a"), unsigned);
    assertEquals(reader.offsetBits, bits.length);
    // The sign of zero is no part of the code.
    assertEquals(new BitReader(bytes, "X").signedGolomb("a") + 0, signed);
    const cut = bytes.subarray(0, Math.ceil(bits.length / 8) - 1);
    assertThrows(() => new BitReader(cut, "X").unsignedGolomb("a"), ParseError);
  });
}

Deno.test("BitReader.unsignedGolomb() refuses over 32 zero bits", () => {
  const reader = new BitReader(new Uint8Array(20), "X");
  const error = assertThrows(() => reader.unsignedGolomb("a"), ParseError);
  assertEquals(
    error.message,
    "Cannot parse X: a at byte 4: has over 32 zero bits",
  );
});

Deno.test("BitReader names the field past the end and takes nothing", () => {
  const reader = new BitReader(Uint8Array.of(0xff, 0xff), "X");
  reader.skip(11, "a");
  for (
    const read of [
      () => reader.bits(6, "b"),
      () => reader.skip(6, "b"),
    ]
  ) {
    const error = assertThrows(read, ParseError);
    assertEquals(
      error.message,
      "Cannot parse X: b at byte 1: needs 6 bits, 5 left",
    );
    assertEquals(reader.offsetBits, 11);
  }
});

Deno.test("BitReader reads what BitWriter writes", () => {
  const random = seededRandom(7);
  const fields = Array.from({ length: 2_000 }, () => {
    const countBits = 1 + Math.floor(random() * 32);
    return { countBits, value: Math.floor(random() * 2 ** countBits) };
  });
  const writer = new BitWriter();
  for (const { countBits, value } of fields) writer.bits(countBits, value);
  const reader = new BitReader(writer.finish(), "X");
  for (const { countBits, value } of fields) {
    assertEquals(reader.bits(countBits, "a"), value);
  }
});
