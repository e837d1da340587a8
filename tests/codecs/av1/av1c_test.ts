import { ParseError } from "#base/errors.ts";
import {
  parseAv1CodecConfigurationRecord,
  serializeAv1CodecConfigurationRecord,
} from "#codecs/av1/av1c.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { AV1_SAMPLES } from "./samples.ts";

const RECORDS = AV1_SAMPLES.map(({ name, av1c, sequenceHeader, expected }) => ({
  name,
  bytes: Uint8Array.fromHex(av1c),
  sequenceHeader: Uint8Array.fromHex(sequenceHeader),
  expected,
}));

for (const { name, bytes, sequenceHeader, expected } of RECORDS) {
  Deno.test(`parseAv1CodecConfigurationRecord() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseAv1CodecConfigurationRecord(bytes), {
      profile: expected.profile,
      levelIdx: expected.levelIdx,
      tier: expected.tier,
      sequenceHeader,
    });
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseAv1CodecConfigurationRecord() rejects every prefix of ${name}, but the one without OBUs`, () => {
    for (const prefix of prefixes(bytes)) {
      if (prefix.length === 4) continue;
      assertThrows(() => parseAv1CodecConfigurationRecord(prefix), ParseError);
    }
  });

  Deno.test(`serializeAv1CodecConfigurationRecord() writes ${name} as ffmpeg does`, () => {
    assertEquals(
      serializeAv1CodecConfigurationRecord(sequenceHeader).toHex(),
      bytes.toHex(),
    );
  });
}

Deno.test("parseAv1CodecConfigurationRecord() takes a record without sequence header [rav1e in MP4]", () => {
  const bytes = Uint8Array.fromHex("811f8c00");
  assertEquals(parseAv1CodecConfigurationRecord(bytes), {
    profile: 0,
    levelIdx: 31,
    tier: 1,
    sequenceHeader: undefined,
  });
});

Deno.test("parseAv1CodecConfigurationRecord() finds the sequence header behind other OBUs", () => {
  const bytes = Uint8Array.fromHex("81010c00" + "2a0101" + "0a02aabb");
  const { sequenceHeader } = parseAv1CodecConfigurationRecord(bytes);
  assertEquals(sequenceHeader?.toHex(), "08aabb");
});

Deno.test("parseAv1CodecConfigurationRecord() names the field at fault", () => {
  for (const version of [0x01, 0x80, 0x82]) {
    const error = assertThrows(
      () =>
        parseAv1CodecConfigurationRecord(
          RECORDS[0]!.bytes.with(0, version),
        ),
      ParseError,
    );
    assertEquals([error.field, error.offsetBytes], ["version", 0]);
  }
});

Deno.test("serializeAv1CodecConfigurationRecord() writes tier and chroma position [made by hand]", () => {
  const sequenceHeader = Uint8Array.fromHex("0800000046abbfc3732be540808249");
  assertEquals(
    serializeAv1CodecConfigurationRecord(sequenceHeader).toHex(),
    "8108cd000a0e00000046abbfc3732be540808249",
  );
});

Deno.test("serializeAv1CodecConfigurationRecord() needs a sequence header", () => {
  assertThrows(
    () => serializeAv1CodecConfigurationRecord(Uint8Array.of(0x30, 0x10)),
    ParseError,
  );
});

Deno.test("parseAv1CodecConfigurationRecord() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(RECORDS.map((record) => record.bytes))) {
    try {
      parseAv1CodecConfigurationRecord(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
