import { ParseError } from "#base/errors.ts";
import { parseVp9KeyFrame } from "#codecs/vp9.ts";
import {
  parseVpCodecConfigurationRecord,
  serializeVpCodecConfigurationRecord,
  vp9ConfigurationRecord,
} from "#codecs/vp9/vpcc.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { VP9_SAMPLES } from "./samples.ts";

const RECORDS = VP9_SAMPLES.map(({ name, vpcc, frame }) => ({
  name,
  bytes: Uint8Array.fromHex(vpcc),
  frame: Uint8Array.fromHex(frame),
}));

for (const { name, bytes, frame } of RECORDS) {
  Deno.test(`vp9ConfigurationRecord() of ${name} is written as ffmpeg does, and read again`, () => {
    const record = vp9ConfigurationRecord(parseVp9KeyFrame(frame));
    assertEquals(
      serializeVpCodecConfigurationRecord(record).toHex(),
      bytes.toHex(),
    );
    const before = bytes.slice();
    assertEquals(parseVpCodecConfigurationRecord(bytes), record);
    assertEquals(bytes, before, "input must stay untouched");
  });
}

Deno.test("parseVpCodecConfigurationRecord() reads every field [made by hand]", () => {
  const bytes = Uint8Array.fromHex("01000000" + "0133c5" + "010d06" + "0000");
  assertEquals(parseVpCodecConfigurationRecord(bytes), {
    profile: 1,
    level: 51,
    bitDepth: 12,
    chromaSubsampling: 2,
    isFullRange: true,
    colourPrimaries: 1,
    transferCharacteristics: 13,
    matrixCoefficients: 6,
  });
});

Deno.test("parseVpCodecConfigurationRecord() rejects every prefix and other versions", () => {
  const { bytes } = RECORDS[0]!;
  for (const prefix of prefixes(bytes.subarray(0, 10))) {
    assertThrows(() => parseVpCodecConfigurationRecord(prefix), ParseError);
  }
  const error = assertThrows(
    () => parseVpCodecConfigurationRecord(bytes.with(0, 0)),
    ParseError,
  );
  assertEquals([error.field, error.offsetBytes], ["version", 0]);
});

Deno.test("vp9ConfigurationRecord() takes the lowest level that allows the picture", () => {
  const keyFrame = parseVp9KeyFrame(RECORDS[0]!.frame);
  for (
    const [width, height, level] of [
      [256, 144, 10],
      [256, 145, 11],
      [1_280, 720, 31],
      [4_096, 2_176, 50],
      [16_384, 8_704, 0],
    ] as const
  ) {
    const record = vp9ConfigurationRecord({ ...keyFrame, width, height });
    assertEquals(record.level, level);
  }
});

Deno.test("parseVpCodecConfigurationRecord() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(RECORDS.map((record) => record.bytes))) {
    try {
      parseVpCodecConfigurationRecord(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
