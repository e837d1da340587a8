import { ParseError } from "#base/errors.ts";
import { type Amf0Value, parseAmf0Values } from "#formats/flv/amf0.ts";
import { MAX_AMF0_DEPTH, MAX_AMF0_ELEMENTS } from "#formats/flv/amf_format.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const hex = (...parts: string[]): Uint8Array =>
  Uint8Array.fromHex(parts.join("").replaceAll(" ", ""));

/** Each behind the AMF0 marker; written by hand from the specification. */
const VALUES: {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly value: Amf0Value;
}[] = [
  { name: "undefined", bytes: hex("11 00"), value: undefined },
  { name: "null", bytes: hex("11 01"), value: null },
  { name: "false", bytes: hex("11 02"), value: false },
  { name: "true", bytes: hex("11 03"), value: true },
  { name: "an integer of one byte", bytes: hex("11 04 7f"), value: 127 },
  { name: "an integer of two bytes", bytes: hex("11 04 8100"), value: 128 },
  {
    name: "an integer of three bytes",
    bytes: hex("11 04 818000"),
    value: 16_384,
  },
  {
    name: "the largest integer",
    bytes: hex("11 04 bfffffff"),
    value: 2 ** 28 - 1,
  },
  { name: "a negative integer", bytes: hex("11 04 ffffffff"), value: -1 },
  {
    name: "a double",
    bytes: hex("11 05 3ff8000000000000"),
    value: 1.5,
  },
  { name: "a string", bytes: hex("11 06 07 6162 63"), value: "abc" },
  { name: "an empty string", bytes: hex("11 06 01"), value: "" },
  {
    name: "text that is not ASCII",
    bytes: hex("11 06 05 c3a9"),
    value: "é",
  },
  { name: "XML", bytes: hex("11 0b 09 3c612f3e"), value: "<a/>" },
  { name: "an XML document", bytes: hex("11 07 09 3c612f3e"), value: "<a/>" },
  {
    name: "a date",
    bytes: hex("11 08 01 4272d2a8f5c00000"),
    value: new DataView(hex("4272d2a8f5c00000").buffer as ArrayBuffer)
      .getFloat64(0),
  },
  {
    name: "a byte array",
    bytes: hex("11 0c 07 010203"),
    value: undefined,
  },
  {
    name: "an array",
    bytes: hex("11 09 05 01 04 01 04 02"),
    value: [1, 2],
  },
  {
    name: "an array with names",
    bytes: hex("11 09 03 03 61 04 01 01 03"),
    value: { a: 1, 0: true },
  },
  {
    name: "an object without a class [Flash Player]",
    bytes: hex("11 0a 0b 01 07 617070 06 09 6c697665 01"),
    value: { app: "live" },
  },
  {
    name: "an object of a class, with members and more",
    bytes: hex("11 0a 1b 03 43 03 78 04 05 03 79 06 03 7a 01"),
    value: { x: 5, y: "z" },
  },
  {
    name: "strings by reference",
    bytes: hex("11 09 07 01 06 05 6869 06 00 06 00"),
    value: ["hi", "hi", "hi"],
  },
  {
    name: "objects by reference, and their traits",
    bytes: hex(
      "11 09 07 01",
      "0a 13 01 03 61 04 01",
      "0a 01 04 02",
      "0a 02",
    ),
    value: [{ a: 1 }, { a: 2 }, { a: 1 }],
  },
  {
    name: "a list that is wrapped [Flex]",
    bytes: hex(
      "11 0a 07 43",
      "666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e",
      "09 03 01 04 07",
    ),
    value: [7],
  },
];

for (const { name, bytes, value } of VALUES) {
  Deno.test(`simplifyAmf3() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseAmf0Values(bytes), [value]);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`simplifyAmf3() rejects every prefix of ${name}`, () => {
    for (const prefix of prefixes(bytes)) {
      if (prefix.length === 0) continue;
      assertThrows(() => parseAmf0Values(prefix), ParseError);
    }
  });
}

Deno.test("simplifyAmf3() reads values between those of AMF0", () => {
  assertEquals(
    parseAmf0Values(hex("0200016b", "11 04 05", "03 000161 11 02 000009")),
    ["k", 5, { a: false }],
  );
});

/** What is refused, and how the reason ends. */
const REJECTED: readonly {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly reason: string;
}[] = [
  {
    name: "a vector",
    reason: "must be a known AMF3 type, found 13",
    bytes: hex("11 0d 03 00 00000001"),
  },
  {
    name: "a dictionary",
    reason: "must be a known AMF3 type, found 17",
    bytes: hex("11 11 01 00"),
  },
  {
    name: "text that is not UTF-8",
    reason: "must be UTF-8",
    bytes: hex("11 06 03 ff"),
  },
  {
    name: "a string that was never sent",
    reason: "must mean a known string, found reference 0",
    bytes: hex("11 06 00"),
  },
  {
    name: "an object that was never sent",
    reason: "must mean a finished value, found reference 0",
    bytes: hex("11 0a 00"),
  },
  {
    name: "an array in itself",
    reason: "must mean a finished value, found reference 0",
    bytes: hex("11 09 03 01 09 00"),
  },
  {
    name: "traits that were never sent",
    reason: "must mean known traits, found reference 0",
    bytes: hex("11 0a 01"),
  },
  {
    name: "a class that writes itself",
    reason: "must not be of a class that writes itself",
    bytes: hex("11 0a 07 03 43 01"),
  },
  {
    name: "a member without a name",
    reason: "must have names of 1 to 1024 bytes, found 0",
    bytes: hex("11 0a 13 01 01 01"),
  },
  {
    name: "a property __proto__",
    reason: "must have no name __proto__",
    bytes: hex("11 0a 0b 01 13 5f5f70726f746f5f5f 01 01"),
  },
  {
    name: "more elements than bytes",
    reason: "must have a byte for each of 134217727 values",
    bytes: hex("11 09 bfffffff 01"),
  },
  {
    name: "more members than bytes",
    reason: "must have a byte for each of 16777215 names",
    bytes: hex("11 0a bffffff3 01"),
  },
  {
    name: "more bytes than there are",
    reason: "needs 134217727 bytes, 0 left",
    bytes: hex("11 0c bfffffff"),
  },
  {
    name: "too many levels",
    reason: "must not be deeper than 16 levels",
    bytes: hex("11", "09 03 01".repeat(MAX_AMF0_DEPTH + 1), "01"),
  },
  {
    name: "too many levels of both formats",
    reason: "must not be deeper than 16 levels",
    bytes: hex(
      "0a 00000001".repeat(MAX_AMF0_DEPTH - 1),
      "11",
      "09 03 01".repeat(2),
      "01",
    ),
  },
  {
    name: "too many values",
    reason: "at most 1024 are allowed",
    bytes: hex("11 09 91 01 01", "01".repeat(MAX_AMF0_ELEMENTS * 2)),
  },
  {
    name: "too many members without a name",
    reason: "at most 1024 are allowed",
    bytes: hex("11 0a 81fa03 01", "01".repeat(MAX_AMF0_ELEMENTS * 2)),
  },
  {
    name: "references that multiply",
    reason: "at most 1024 are allowed",
    bytes: hex(
      "11 09 13 01",
      "09 21 01" + "01".repeat(16),
      "09 21 01" + "09 02".repeat(16),
      "09 21 01" + "09 04".repeat(16),
    ),
  },
];

for (const { name, bytes, reason } of REJECTED) {
  Deno.test(`simplifyAmf3() rejects ${name}`, () => {
    const error = assertThrows(() => parseAmf0Values(bytes), ParseError);
    assert(error.message.endsWith(reason), error.message);
  });
}

Deno.test("simplifyAmf3() throws only ParseError on mutated input", () => {
  let taken = 0;
  for (const bytes of mutations(VALUES.map((one) => one.bytes))) {
    try {
      parseAmf0Values(bytes);
      taken++;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
  assert(taken > 100, "some mutations are values, too");
});
