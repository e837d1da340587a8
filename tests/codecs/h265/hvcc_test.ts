import { ParseError } from "#base/errors.ts";
import {
  parseHevcDecoderConfigurationRecord,
  serializeHevcDecoderConfigurationRecord,
} from "#codecs/h265/hvcc.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { H265_SAMPLES } from "./samples.ts";

const lengthHex = (bytes: Uint8Array) =>
  bytes.length.toString(16).padStart(4, "0");
const arrayHex = (type: string, nal: Uint8Array) =>
  `${type}0001${lengthHex(nal)}${nal.toHex()}`;

const RECORDS = H265_SAMPLES.map(({ name, vps, sps, pps, hvccHead }) => ({
  name,
  vps,
  sps,
  pps,
  bytes: Uint8Array.fromHex(
    `${hvccHead}03${arrayHex("a0", vps)}${arrayHex("a1", sps)}${
      arrayHex("a2", pps)
    }`,
  ),
}));

for (const { name, bytes, vps, sps, pps } of RECORDS) {
  Deno.test(`parseHevcDecoderConfigurationRecord() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseHevcDecoderConfigurationRecord(bytes), {
      nalLengthSizeBytes: 4,
      vps: [vps],
      sps: [sps],
      pps: [pps],
    });
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseHevcDecoderConfigurationRecord() rejects every prefix of ${name}`, () => {
    for (const prefix of prefixes(bytes)) {
      assertThrows(
        () => parseHevcDecoderConfigurationRecord(prefix),
        ParseError,
      );
    }
  });

  Deno.test(`serializeHevcDecoderConfigurationRecord() writes ${name} as ffmpeg does, arrays complete`, () => {
    assertEquals(
      serializeHevcDecoderConfigurationRecord([vps], [sps], [pps]).toHex(),
      bytes.toHex(),
    );
  });
}

Deno.test("parseHevcDecoderConfigurationRecord() takes version 0 and passes over SEI arrays [made by hand]", () => {
  const { bytes, sps } = RECORDS[0]!;
  const head = bytes.slice(0, 22).with(0, 0).toHex();
  const sei = "27000100024e01";
  const record = parseHevcDecoderConfigurationRecord(
    Uint8Array.fromHex(`${head}02${sei}${arrayHex("21", sps)}`),
  );
  assertEquals(record, {
    nalLengthSizeBytes: 4,
    vps: [],
    sps: [sps],
    pps: [],
  });
});

Deno.test("parseHevcDecoderConfigurationRecord() names the field at fault", () => {
  const { bytes } = RECORDS[0]!;
  for (
    const [at, value, field] of [
      [0, 2, "configurationVersion"],
      [21, 0xfe, "lengthSizeMinusOne"],
      [24, 0xff, "arrays[0].numNalus"],
    ] as const
  ) {
    const wrong = assertThrows(
      () => parseHevcDecoderConfigurationRecord(bytes.with(at, value)),
      ParseError,
    );
    assertEquals(wrong.field, field);
  }
});

Deno.test("serializeHevcDecoderConfigurationRecord() leaves out arrays without sets", () => {
  const { sps } = RECORDS[0]!;
  const bytes = serializeHevcDecoderConfigurationRecord([], [sps], []);
  assertEquals(bytes[22], 1);
  assertThrows(
    () => serializeHevcDecoderConfigurationRecord([], [], []),
    Error,
  );
});

Deno.test("parseHevcDecoderConfigurationRecord() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(RECORDS.map((record) => record.bytes))) {
    try {
      parseHevcDecoderConfigurationRecord(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
