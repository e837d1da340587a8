import { ParseError } from "#base/errors.ts";
import {
  av1ObuExtension,
  av1ObuType,
  isAv1KeyFrame,
  isDroppedAv1Obu,
  joinObus,
  leb128Bytes,
  leb128SizeBytes,
  MAX_OBUS_PER_UNIT,
  readLeb128,
  splitObus,
  writeLeb128,
} from "#codecs/av1/obu.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

const NUMBERS = [
  { value: 0, bytes: "00" },
  { value: 1, bytes: "01" },
  { value: 127, bytes: "7f" },
  { value: 128, bytes: "8001" },
  { value: 300, bytes: "ac02" },
  { value: 16_383, bytes: "ff7f" },
  { value: 16_384, bytes: "808001" },
  { value: 2_097_152, bytes: "80808001" },
  { value: 2 ** 31 - 1, bytes: "ffffffff07" },
];

for (const { value, bytes } of NUMBERS) {
  Deno.test(`leb128 of ${value} is ${bytes}, both ways`, () => {
    const encoded = hex(`ff${bytes}ff`);
    const lengthBytes = bytes.length / 2;
    assertEquals(leb128Bytes(encoded, 1), lengthBytes);
    assertEquals(readLeb128(encoded, 1, lengthBytes), value);
    assertEquals(leb128SizeBytes(value), lengthBytes);
    const into = new Uint8Array(lengthBytes + 2).fill(0xff);
    assertEquals(writeLeb128(into, 1, value), lengthBytes + 1);
    assertEquals(into, encoded);
    for (let cut = 0; cut < lengthBytes; cut++) {
      assertEquals(leb128Bytes(encoded.subarray(0, cut + 1), 1), 0);
    }
  });
}

Deno.test("leb128Bytes() takes padded numbers of up to 8 bytes", () => {
  assertEquals(leb128Bytes(hex("8180808080808000"), 0), 8);
  assertEquals(readLeb128(hex("8180808080808000"), 0, 8), 1);
  assertEquals(readLeb128(hex("ffffffffffffff7f"), 0, 8), 2 ** 56);
  assertEquals(leb128Bytes(hex("818080808080808000"), 0), 0);
});

/** One temporal unit as a bitstream, and what is in it. */
const UNITS = [{
  name: "a frame with size",
  bytes: "320330aabb",
  obus: ["3030aabb"],
  joined: "320330aabb",
}, {
  name: "delimiter, sequence header, frame [ffmpeg]",
  bytes: "12000a0b0000000cc4ff6736be4010320210aa",
  obus: ["080000000cc4ff6736be4010", "3010aa"],
  joined: "0a0b0000000cc4ff6736be4010320210aa",
}, {
  name: "a last OBU without size [MP4]",
  bytes: "0a0200003030aabb",
  obus: ["080000", "3030aabb"],
  joined: "0a020000320330aabb",
}, {
  name: "OBUs with extension",
  bytes: "36080130" + "3408aa",
  obus: ["340830", "3408aa"],
  joined: "36080130" + "360801aa",
}, {
  name: "tile list and padding, which go",
  bytes: "4202aabb7a03000080320130",
  obus: ["3030"],
  joined: "320130",
}, {
  name: "a size in more bytes than needed [encoders that leave room]",
  bytes: "3282808000" + "30aa",
  obus: ["3030aa"],
  joined: "320230aa",
}, {
  name: "an empty payload",
  bytes: "3200",
  obus: ["30"],
  joined: "3200",
}, {
  name: "nothing",
  bytes: "",
  obus: [],
  joined: "",
}];
for (const { name, bytes, obus, joined } of UNITS) {
  Deno.test(`splitObus() reads ${name}, joinObus() writes it`, () => {
    const unit = hex(bytes);
    const split = splitObus(unit);
    assertEquals(hexOf(split), obus);
    assertEquals(unit.toHex(), bytes, "input must stay untouched");
    assertEquals(joinObus(split).toHex(), joined);
    assertEquals(hexOf(splitObus(joinObus(split))), obus);
  });
}

const BROKEN_UNITS = [
  { name: "the forbidden bit is set", bytes: "3200b200", field: "obus[1]" },
  { name: "a size is missing", bytes: "32", field: "obus[0]" },
  { name: "a size is cut", bytes: "3280", field: "obus[0]" },
  { name: "a size has over 8 bytes", bytes: "32808080808080808000" },
  { name: "a size is over all memory", bytes: "32ffffffffffffff7f" },
  { name: "an extension is missing", bytes: "34" },
  { name: "a size behind an extension is missing", bytes: "3608" },
  { name: "an OBU is cut", bytes: "320330aa" },
];

for (const { name, bytes, field = "obus[0]" } of BROKEN_UNITS) {
  Deno.test(`splitObus() rejects a unit if ${name}`, () => {
    const error = assertThrows(() => splitObus(hex(bytes)), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("splitObus() appends to a list and rejects units over its limit", () => {
  const many = hex("3200".repeat(MAX_OBUS_PER_UNIT));
  const obus = splitObus(many);
  assertEquals(obus.length, MAX_OBUS_PER_UNIT);
  assertEquals(splitObus(hex("1200"), obus).length, MAX_OBUS_PER_UNIT);
  assertThrows(() => splitObus(hex("30"), obus), ParseError);
});

Deno.test("splitObus() gives a view of an OBU without size", () => {
  const unit = hex("3030aabb");
  assert(splitObus(unit)[0]!.buffer === unit.buffer);
});

Deno.test("splitObus() throws nothing but ParseError on mutations, and what it gives can be joined", () => {
  for (const bytes of mutations(UNITS.map(({ bytes }) => hex(bytes)))) {
    try {
      const obus = splitObus(bytes);
      assertEquals(hexOf(splitObus(joinObus(obus))), hexOf(obus));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("isAv1KeyFrame() knows shown key frames by their first bytes", () => {
  for (
    const [bytes, expected] of [
      ["3010", true],
      ["1810", true],
      ["340810", true],
      ["320210aa", true],
      ["36088180001000", true],
      ["3030", false], // inter frame
      ["3050", false], // intra only
      ["3000", false], // not shown
      ["1890", false], // shows an existing frame
      ["2010", false], // tile group
      ["0810", false], // sequence header
      ["30", false],
      ["3408", false],
      ["", false],
    ] as const
  ) {
    const padded = hex(`ff${bytes}10`);
    const endBytes = 1 + bytes.length / 2;
    assertEquals(isAv1KeyFrame(padded, 1, endBytes), expected, bytes);
  }
});

Deno.test("av1ObuType(), av1ObuExtension() and isDroppedAv1Obu() read the header", () => {
  assertEquals(av1ObuType(hex("0a")), 1);
  assertEquals(av1ObuType(hex("ff7a"), 1), 15);
  assertEquals(av1ObuType(new Uint8Array()), 0);
  assertEquals(av1ObuExtension(hex("3428")), 0x28);
  assertEquals(av1ObuExtension(hex("3028")), -1);
  assertEquals(av1ObuExtension(hex("34")), -1);
  const dropped = Array.from({ length: 16 }, (_, type) => type)
    .filter(isDroppedAv1Obu);
  assertEquals(dropped, [2, 8, 15]);
});
