import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import { parseH264Sps } from "#codecs/h264/sps.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { H264_SAMPLES } from "./samples.ts";

for (const { name, sps, expected } of H264_SAMPLES) {
  Deno.test(`parseH264Sps() reads ${name}`, () => {
    const before = sps.slice();
    assertEquals(parseH264Sps(sps), expected);
    assertEquals(sps, before, "input must stay untouched");
  });

  Deno.test(`parseH264Sps() rejects every prefix of ${name}`, () => {
    for (const prefix of prefixes(sps.subarray(0, -1))) {
      assertThrows(() => parseH264Sps(prefix), ParseError);
    }
  });
}

/** Writes codes in a row; `[value]` is Exp-Golomb, `[bits, value]` fixed. */
function bitsOf(codes: readonly (readonly number[])[]): Uint8Array {
  const writer = new BitWriter();
  for (const [first, value] of codes) {
    if (value !== undefined) writer.bits(first!, value);
    else {
      const lengthBits = Math.floor(Math.log2(first! + 1));
      writer.bits(lengthBits, 0).bits(lengthBits + 1, first! + 1);
    }
  }
  return writer.finish();
}

Deno.test("parseH264Sps() reads POC type 1, scaling lists, HRD and cropping [made by hand]", () => {
  const sps = bitsOf([
    [8, 0x67],
    [8, 100],
    [8, 0],
    [8, 31],
    [3], // id
    [1], // chroma_format_idc
    [0],
    [0],
    [1, 0],
    [1, 1], // scaling matrix
    [1, 1], // list 0: first delta ends it (8 - 8)
    [16],
    [7, 0],
    [0],
    [1], // POC type 1
    [1, 0],
    [0],
    [0],
    [2], // two frames in the cycle
    [2],
    [2],
    [4],
    [1, 0],
    [19], // 320
    [14], // 240
    [1, 1],
    [1, 1],
    [1, 1], // cropping
    [1],
    [2],
    [3],
    [4],
    [1, 1], // VUI
    [1, 1],
    [8, 255],
    [16, 4],
    [16, 3],
    [1, 0],
    [1, 1],
    [4, 5],
    [1, 1],
    [24, 0x010101],
    [1, 1],
    [0],
    [0],
    [1, 0], // no timing
    [1, 1], // NAL HRD
    [1],
    [8, 0],
    [5],
    [6],
    [1, 1],
    [7],
    [8],
    [1, 0],
    [20, 0],
    [1, 0],
    [1, 0],
    [1, 0],
    [1, 1], // bitstream restriction
    [1, 1],
    [0],
    [0],
    [10],
    [10],
    [5],
    [6],
    [1, 1],
  ]);
  const { id, width, height, picOrderCntType } = parseH264Sps(sps);
  assertEquals({ id, width, height, picOrderCntType }, {
    id: 3,
    width: 320 - 2 * 3,
    height: 240 - 2 * 7,
    picOrderCntType: 1,
  });
  const { frameRateHz, maxNumReorderFrames } = parseH264Sps(sps);
  assertEquals([frameRateHz, maxNumReorderFrames], [undefined, 5]);
});

/** Main profile, no VUI, POC type 0, unless told otherwise. */
function plainSps(
  fields: { profileIdc?: number; flags?: number; widthMbsMinus1?: number },
): Uint8Array {
  const { profileIdc = 77, flags = 0, widthMbsMinus1 = 9 } = fields;
  const high = profileIdc === 100 ? [[1], [0], [0], [2, 0]] : [];
  return bitsOf([
    [8, 0x67],
    [8, profileIdc],
    [8, flags],
    [8, 30],
    [0],
    ...high,
    [0],
    [0],
    [0],
    [1],
    [1, 0],
    [widthMbsMinus1],
    [9],
    [4, 0b1100],
    [1, 1],
  ]);
}

Deno.test("parseH264Sps() knows no reorder depth without VUI [made by hand]", () => {
  assertEquals(parseH264Sps(plainSps({})).maxNumReorderFrames, undefined);
});

Deno.test("parseH264Sps() knows that baseline and intra profiles do not reorder [made by hand]", () => {
  for (const fields of [{ profileIdc: 66 }, { profileIdc: 100, flags: 0x10 }]) {
    assertEquals(parseH264Sps(plainSps(fields)).maxNumReorderFrames, 0);
  }
});

Deno.test("parseH264Sps() rejects sides over its limit [made by hand]", () => {
  const error = assertThrows(
    () => parseH264Sps(plainSps({ widthMbsMinus1: 2_048 })),
    ParseError,
  );
  assertEquals(error.field, "pic_width_in_mbs_minus1");
});

Deno.test("parseH264Sps() rejects other NAL units", () => {
  const error = assertThrows(
    () => parseH264Sps(H264_SAMPLES[0]!.pps),
    ParseError,
  );
  assertEquals(error.field, "nal_unit_type");
});

Deno.test("parseH264Sps() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(H264_SAMPLES.map(({ sps }) => sps))) {
    try {
      parseH264Sps(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
