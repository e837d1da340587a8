import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import { h265SpsId, parseH265Sps } from "#codecs/h265/sps.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { H265_SAMPLES } from "./samples.ts";

for (const { name, sps, expected, hvccHead } of H265_SAMPLES) {
  Deno.test(`parseH265Sps() reads ${name}`, () => {
    const before = sps.slice();
    assertEquals(parseH265Sps(sps), {
      ...expected,
      id: 0,
      tierFlag: 0,
      subLayerCount: 1,
      isTemporalIdNested: true,
      generalProfileTierLevel: Uint8Array.fromHex(hvccHead.slice(2, 26)),
    });
    assertEquals(h265SpsId(sps), 0);
    assertEquals(sps, before, "input must stay untouched");
  });

  Deno.test(`parseH265Sps() throws nothing but ParseError on prefixes of ${name}`, () => {
    // Behind the timing nothing is read: the last 4 bytes may be missing.
    for (const prefix of prefixes(sps.subarray(0, -4))) {
      assertThrows(() => parseH265Sps(prefix), ParseError);
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

/** Values of all ones, so that no emulation prevention is needed. */
const HEAD = [
  [16, 0x4201],
  [4, 0],
  [3, 1], // two sub-layers
  [1, 0],
  [2, 0],
  [1, 1], // High tier
  [5, 1],
  [32, 0xffffffff],
  [32, 0xffffffff],
  [16, 0xffff],
  [8, 93],
  [2, 0b11], // sub-layer 0 has a profile and a level
  [14, 0],
  [32, 0xffffffff],
  [32, 0xffffffff],
  [24, 0xffffff],
  [8, 90],
  [2], // id
  [1],
  [1_280],
  [720],
  [1, 0],
  [0],
  [0],
  [4], // 8 bits of POC
  [1, 1], // ordering for each sub-layer
  [2],
  [1],
  [0],
  [4],
  [3], // reorder depth of the highest
  [0],
];
const TOOLS = [[0], [3], [0], [3], [0], [0]];
const TAIL = [
  [1, 1], // long-term pictures
  [1],
  [8, 0xff],
  [1, 1],
  [2, 0b11],
  [1, 1], // VUI
  [4, 0],
  [4, 0],
  [1, 1], // timing
  [32, 0x01010101],
  [32, 0x3c3c3c3c],
  [8, 0xff],
];

Deno.test("parseH265Sps() reads sub-layers, predicted reference picture sets and long-term pictures [made by hand]", () => {
  const sps = bitsOf([
    ...HEAD,
    ...TOOLS,
    [1, 0],
    [2, 0b11],
    [1, 1], // PCM
    [8, 0xff],
    [0],
    [2],
    [1, 0],
    [4], // reference picture sets
    // Set 0: -1, -3 and +2.
    [2],
    [1],
    [0],
    [1, 1],
    [1],
    [1, 1],
    [1],
    [1, 1],
    // Set 1 = set 0 shifted by +1: the first falls on 0 and goes, 4 flags for 3 pictures; -2, +3, +1.
    [1, 1],
    [1, 0],
    [0],
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
    // Set 2 = set 1 shifted by -1: four flags again, -3 by use_delta_flag, +1 left out.
    [1, 1],
    [1, 1],
    [0],
    [2, 0b01],
    [2, 0b00],
    [1, 1],
    [1, 1],
    // Set 3 = set 2 (-1, -3, +2), four flags once more.
    [1, 1],
    [1, 0],
    [4],
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
    ...TAIL,
  ]);
  const parsed = parseH265Sps(sps);
  assertEquals(
    [parsed.id, parsed.subLayerCount, parsed.tierFlag, parsed.levelIdc],
    [2, 2, 1, 93],
  );
  assertEquals([parsed.width, parsed.height], [1_280, 720]);
  assertEquals([parsed.maxNumReorderFrames, parsed.frameRateHz], [3, 60]);
});

Deno.test("parseH265Sps() reads past scaling lists [made by hand]", () => {
  const lists: number[][] = [];
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrixId = 0; matrixId < (sizeId === 3 ? 2 : 6); matrixId++) {
      if (matrixId === 1) {
        lists.push([1, 0], [1]);
        continue;
      }
      lists.push([1, 1]);
      if (sizeId > 1) lists.push([3]);
      for (let i = 0; i < (sizeId === 0 ? 16 : 64); i++) lists.push([2]);
    }
  }
  const sps = bitsOf([
    ...HEAD,
    ...TOOLS,
    [2, 0b11],
    ...lists,
    [3, 0b110],
    [0],
    ...TAIL,
  ]);
  assertEquals(parseH265Sps(sps).frameRateHz, 60);
});

Deno.test("parseH265Sps() rejects too many reference picture sets [made by hand]", () => {
  const sps = bitsOf([...HEAD, ...TOOLS, [4, 0], [65]]);
  const error = assertThrows(() => parseH265Sps(sps), ParseError);
  assertEquals(error.field, "num_short_term_ref_pic_sets");
});

Deno.test("parseH265Sps() rejects other NAL units", () => {
  const error = assertThrows(
    () => parseH265Sps(H265_SAMPLES[0]!.vps),
    ParseError,
  );
  assertEquals(error.field, "nal_unit_type");
});

Deno.test("parseH265Sps() throws nothing but ParseError on mutations", () => {
  const seeds = [
    ...H265_SAMPLES.map(({ sps }) => sps),
    bitsOf([...HEAD, ...TOOLS, [4, 0], [0], ...TAIL]),
  ];
  for (const bytes of mutations(seeds)) {
    try {
      parseH265Sps(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
