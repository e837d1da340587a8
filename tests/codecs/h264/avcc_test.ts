import { ParseError } from "#base/errors.ts";
import {
  parseAvcDecoderConfigurationRecord,
  serializeAvcDecoderConfigurationRecord,
} from "#codecs/h264/avcc.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { H264_SAMPLES } from "./samples.ts";

const lengthHex = (bytes: Uint8Array) =>
  bytes.length.toString(16).padStart(4, "0");

const RECORDS = H264_SAMPLES.map(({ name, sps, pps, avccTail }) => ({
  name,
  sps,
  pps,
  tailBytes: avccTail.length / 2,
  bytes: Uint8Array.fromHex(
    `01${sps.subarray(1, 4).toHex()}ffe1${lengthHex(sps)}${sps.toHex()}01${
      lengthHex(pps)
    }${pps.toHex()}${avccTail}`,
  ),
}));

for (const { name, bytes, sps, pps, tailBytes } of RECORDS) {
  Deno.test(`parseAvcDecoderConfigurationRecord() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseAvcDecoderConfigurationRecord(bytes), {
      profileIndication: sps[1],
      levelIndication: sps[3],
      nalLengthSizeBytes: 4,
      sps: [sps],
      pps: [pps],
    });
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseAvcDecoderConfigurationRecord() rejects every prefix of ${name}`, () => {
    const needed = bytes.subarray(0, bytes.length - tailBytes);
    for (const prefix of prefixes(needed)) {
      assertThrows(
        () => parseAvcDecoderConfigurationRecord(prefix),
        ParseError,
      );
    }
    assertEquals(parseAvcDecoderConfigurationRecord(needed).pps, [pps]);
  });

  Deno.test(`serializeAvcDecoderConfigurationRecord() writes ${name} as ffmpeg does`, () => {
    assertEquals(
      serializeAvcDecoderConfigurationRecord([sps], [pps]).toHex(),
      bytes.toHex(),
    );
  });
}

Deno.test("parseAvcDecoderConfigurationRecord() names the field at fault", () => {
  const { bytes } = RECORDS[0]!;
  const cut = assertThrows(
    () => parseAvcDecoderConfigurationRecord(bytes.subarray(0, 8)),
    ParseError,
  );
  assertEquals([cut.field, cut.offsetBytes], ["sps[0]", 8]);
  for (
    const [at, value, field] of [
      [0, 2, "configurationVersion"],
      [4, 0xfe, "lengthSizeMinusOne"],
    ] as const
  ) {
    const wrong = assertThrows(
      () => parseAvcDecoderConfigurationRecord(bytes.with(at, value)),
      ParseError,
    );
    assertEquals([wrong.field, wrong.offsetBytes], [field, at]);
  }
});

Deno.test("parseAvcDecoderConfigurationRecord() leaves empty sets out [made by hand]", () => {
  const bytes = Uint8Array.fromHex("0142c01effe2000000016701" + "0000");
  assertEquals(parseAvcDecoderConfigurationRecord(bytes).sps, [
    Uint8Array.of(0x67),
  ]);
});

Deno.test("serializeAvcDecoderConfigurationRecord() leaves out what does not fit the counts", () => {
  const { sps, pps } = RECORDS[0]!;
  const record = parseAvcDecoderConfigurationRecord(
    serializeAvcDecoderConfigurationRecord(
      Array(40).fill(sps),
      Array(300).fill(pps),
    ),
  );
  assertEquals([record.sps.length, record.pps.length], [31, 255]);
});

Deno.test("serializeAvcDecoderConfigurationRecord() needs an SPS", () => {
  assertThrows(() => serializeAvcDecoderConfigurationRecord([], []), Error);
});

Deno.test("parseAvcDecoderConfigurationRecord() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(RECORDS.map((record) => record.bytes))) {
    try {
      const { sps, pps } = parseAvcDecoderConfigurationRecord(bytes);
      for (const nal of [...sps, ...pps]) assert(nal.length > 0);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
