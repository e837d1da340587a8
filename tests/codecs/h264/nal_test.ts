import {
  H264_NAL,
  h264NalType,
  h264ParameterSetId,
  isH264FirstIntraSlice,
  isH264ParameterSet,
} from "#codecs/h264/nal.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("h264NalType() reads the low five bits", () => {
  assertEquals(h264NalType(Uint8Array.of(0x65)), H264_NAL.idrSlice);
  assertEquals(h264NalType(Uint8Array.of(0x67)), H264_NAL.sps);
  assertEquals(h264NalType(Uint8Array.of()), 0);
});

Deno.test("isH264ParameterSet() knows SPS and PPS", () => {
  const types = [5, 6, 7, 8, 9].filter(isH264ParameterSet);
  assertEquals(types, [7, 8]);
});

Deno.test("h264ParameterSetId() reads ids of SPS and PPS", () => {
  assertEquals(h264ParameterSetId(Uint8Array.fromHex("6742c01ed9")), 0);
  assertEquals(h264ParameterSetId(Uint8Array.fromHex("6742c01e2000")), 3);
  assertEquals(h264ParameterSetId(Uint8Array.fromHex("68ebe3")), 0);
  assertEquals(h264ParameterSetId(Uint8Array.fromHex("6840")), 1);
});

Deno.test("h264ParameterSetId() has no answer for other types, cut sets and ids out of range", () => {
  for (
    const hex of ["", "65ff", "67", "6742c01e", "68", "680040", "6742c01e01"]
  ) {
    assertEquals(h264ParameterSetId(Uint8Array.fromHex(hex)), undefined, hex);
  }
});

Deno.test("isH264FirstIntraSlice() knows slice types 2 and 7 at macroblock 0", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const firsts = bytes.filter(isH264FirstIntraSlice);
  assertEquals(firsts, [
    0x88,
    ...Array.from({ length: 16 }, (_, i) => 0xb0 + i),
  ]);
});
