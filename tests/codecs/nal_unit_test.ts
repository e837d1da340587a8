import { ParseError } from "#base/errors.ts";
import {
  MAX_NALS_PER_UNIT,
  removeEmulationPrevention,
  splitLengthPrefixed,
} from "#codecs/nal_unit.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const SAMPLES = [
  {
    sizeBytes: 4,
    hex: "000000026501" + "00000000" + "0000000141",
    nals: ["6501", "41"],
  },
  { sizeBytes: 2, hex: "0002650100014100", nals: undefined },
  { sizeBytes: 2, hex: "00026501000141", nals: ["6501", "41"] },
  { sizeBytes: 1, hex: "0265010141", nals: ["6501", "41"] },
  { sizeBytes: 4, hex: "", nals: [] },
  { sizeBytes: 4, hex: "ffffffff65", nals: undefined },
];

for (const { sizeBytes, hex, nals } of SAMPLES) {
  const verb = nals ? "splits" : "rejects";
  Deno.test(`splitLengthPrefixed() ${verb} "${hex}" with lengths of ${sizeBytes} bytes`, () => {
    const bytes = Uint8Array.fromHex(hex);
    if (nals === undefined) {
      assertThrows(() => splitLengthPrefixed(bytes, sizeBytes), ParseError);
      return;
    }
    const split = splitLengthPrefixed(bytes, sizeBytes);
    assertEquals(split.map((nal) => nal.toHex()), nals);
    for (const nal of split) assertEquals(nal.buffer, bytes.buffer);
  });
}

Deno.test("splitLengthPrefixed() rejects prefixes that cut a NAL unit", () => {
  const bytes = Uint8Array.fromHex("00000002650100000001410000000142");
  const accepted: number[] = [];
  for (const prefix of prefixes(bytes)) {
    try {
      splitLengthPrefixed(prefix, 4);
      accepted.push(prefix.length);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
  assertEquals(accepted, [0, 6, 11]);
});

Deno.test("splitLengthPrefixed() names the NAL unit at fault", () => {
  const bytes = Uint8Array.fromHex("0000000141000000056501");
  const error = assertThrows(() => splitLengthPrefixed(bytes, 4), ParseError);
  assertEquals([error.field, error.offsetBytes], ["nals[1]", 9]);
});

Deno.test("splitLengthPrefixed() rejects more NAL units than its limit", () => {
  const bytes = new Uint8Array(2 * MAX_NALS_PER_UNIT + 2).fill(1);
  assertEquals(
    splitLengthPrefixed(bytes.subarray(2), 1).length,
    MAX_NALS_PER_UNIT,
  );
  assertThrows(() => splitLengthPrefixed(bytes, 1), ParseError);
});

Deno.test("splitLengthPrefixed() throws nothing but ParseError on mutations", () => {
  const seeds = SAMPLES.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) {
    try {
      splitLengthPrefixed(bytes, 4);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

const ESCAPED = [
  { name: "nothing to remove", nal: "6700010203", plain: "6700010203" },
  { name: "one byte", nal: "67000003010000", plain: "670000010000" },
  { name: "a row of zeros", nal: "6700000300000301", plain: "670000000001" },
  { name: "a byte at the end", nal: "67000003", plain: "670000" },
  {
    name: "no byte that follows a removed one",
    nal: "670000030003",
    plain: "6700000003",
  },
];

for (const { name, nal, plain } of ESCAPED) {
  Deno.test(`removeEmulationPrevention() removes ${name}`, () => {
    const bytes = Uint8Array.fromHex(nal);
    assertEquals(removeEmulationPrevention(bytes, 100).toHex(), plain);
    for (let maxBytes = 0; maxBytes <= plain.length / 2; maxBytes++) {
      const part = removeEmulationPrevention(bytes, maxBytes);
      assertEquals(part.toHex(), plain.slice(0, 2 * maxBytes));
    }
    assertEquals(bytes.toHex(), nal, "input must stay untouched");
  });
}
