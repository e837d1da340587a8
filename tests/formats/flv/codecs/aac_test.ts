import { ParseError } from "#base/errors.ts";
import type { AacParameters } from "#codecs/codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { MAX_FLV_BODY_BYTES } from "#formats/flv/flv_codec.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const parameters = (config: string): AacParameters => ({
  codec: "aac",
  audioSpecificConfig: hex(config),
  sampleRateHz: 44_100,
  channelCount: 2,
});

/** AAC LC, 44,100 Hz, stereo; the second with frames of 960 samples. */
const LC = parameters("1210");
const LC_960 = parameters("1214");

Deno.test("aacFlv writes the AudioSpecificConfig before the first frame", () => {
  assertEquals(headerOf(LC), "af001210");
  assertEquals(headerOf(LC, { isEnhanced: true }), "906d7034611210");
  assertEquals(headerOf(LC, { trackId: 1 }), "95006d703461011210");
});

Deno.test("aacFlv does not carry a track whose configuration is not known", () => {
  assertEquals(
    flvCodecOf({ ...LC, audioSpecificConfig: undefined }),
    undefined,
  );
});

for (const [ticks, codec] of [[1_024, LC], [960, LC_960]] as const) {
  Deno.test(`aacFlv writes a tag for each access unit of ${ticks} samples`, () => {
    const parts = [hex("2101"), hex("22"), new Uint8Array(0), hex("23")];
    assertEquals(framesOf(codec, parts), [
      "af012101",
      `+${ticks} af0122`,
      `+${3 * ticks} af0123`,
    ]);
    assertEquals(framesOf(codec, [hex("2101")], { isEnhanced: true }), [
      "916d7034612101",
    ]);
    assertEquals(framesOf(codec, [hex("2101")], { trackId: 255 }), [
      "95016d703461ff2101",
    ]);
  });
}

Deno.test("aacFlv makes nothing of nothing and of too much", () => {
  assertEquals(framesOf(LC, []), []);
  assertEquals(framesOf(LC, [new Uint8Array(MAX_FLV_BODY_BYTES - 1)]), []);
});

for (
  const [name, header, frame] of [
    ["without FourCC", "af00 1210", "af01 2101"],
    ["with FourCC [ffmpeg 9.0.2]", "90 6d703461 1210", "91 6d703461 2101"],
  ] as const
) {
  Deno.test(`aacFlv reads a sequence header and frames ${name}`, () => {
    assertEquals(readTags("audio", frame), [[]]);
    assertEquals(readParameters("audio", header), LC);
    assertEquals(readParts("audio", header, frame), ["2101"]);
    assertEquals(readTags("audio", header, frame.slice(0, -4))[1], []);
  });
}

Deno.test("aacFlv rejects cut and unknown tags", () => {
  for (const body of ["af", "af00", "af0012", "af03", "906d703461"]) {
    assertThrows(() => readTags("audio", body), ParseError);
  }
});

Deno.test("aacFlv throws only ParseError on mutated input", () => {
  const seeds = ["af00 1210", "af00 2b11 8800 56e5 a548 80", "af01 2101"];
  for (const body of mutations(seeds.map(hex))) {
    try {
      readTags("audio", body.toHex());
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
