import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import { parseAv1SequenceHeader } from "#codecs/av1/sequence_header.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { AV1_SAMPLES } from "./samples.ts";

const HEADERS = AV1_SAMPLES.map(({ name, sequenceHeader, expected }) => ({
  name,
  bytes: Uint8Array.fromHex(sequenceHeader),
  expected,
}));

for (const { name, bytes, expected } of HEADERS) {
  Deno.test(`parseAv1SequenceHeader() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseAv1SequenceHeader(bytes), expected);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseAv1SequenceHeader() rejects prefixes of ${name}`, () => {
    // The last byte may hold nothing but trailing bits.
    for (const prefix of prefixes(bytes.subarray(0, -1))) {
      assertThrows(() => parseAv1SequenceHeader(prefix), ParseError);
    }
  });
}

Deno.test("parseAv1SequenceHeader() takes level and tier of the first of several operating points [made by hand]", () => {
  const bits = new BitWriter()
    .bits(8, 0b0_0001_1_0_0) // OBU header, with extension
    .bits(8, 0)
    .bits(3, 0)
    .bits(2, 0)
    .bits(1, 0) // no timing
    .bits(1, 0) // no display delays
    .bits(5, 1) // two operating points
    .bits(12, 0x303).bits(5, 13).bits(1, 1)
    .bits(12, 0x101).bits(5, 5)
    .bits(4, 15).bits(4, 15).bits(16, 0xffff).bits(16, 0x1fff)
    .bits(1, 1).bits(7, 0) // frame ids
    .bits(3, 0)
    .bits(4, 0).bits(1, 0) // no order hints
    .bits(1, 0).bits(1, 1).bits(1, 0).bits(1, 0) // forced screen content, no integer motion vectors
    .bits(3, 0)
    .bits(1, 0).bits(1, 0).bits(1, 0).bits(1, 1).bits(2, 2).bits(1, 0)
    .bits(1, 0);
  const header = parseAv1SequenceHeader(bits.finish());
  assertEquals(
    [header.levelIdx, header.tier, header.width, header.height],
    [13, 1, 65_536, 8_192],
  );
  assertEquals(
    [header.color.isFullRange, header.color.chromaSamplePosition],
    [true, 2],
  );
});

Deno.test("parseAv1SequenceHeader() names the field at fault", () => {
  const { bytes } = HEADERS[0]!;
  for (
    const [at, value, field] of [
      [0, 0x30, "obu_type"],
      [0, 0x0a, "obu_has_size_field"],
      [1, 0x60, "seq_profile"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseAv1SequenceHeader(bytes.with(at, value)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("parseAv1SequenceHeader() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(HEADERS.map((header) => header.bytes))) {
    try {
      parseAv1SequenceHeader(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
