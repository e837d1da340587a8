import type { CodecParameters } from "#codecs/codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { flvCodecId } from "#formats/flv/tag_writer.ts";
import { assertEquals } from "#test/assert.ts";
import { AUDIO, H264_PARAMETERS } from "#test/units.ts";
import { framesOf, headerOf, hex } from "./tags.ts";

const H264 = H264_PARAMETERS;
const AAC = AUDIO.codec;
const OPUS: CodecParameters = { codec: "opus", channelCount: 2 };

/** One frame in each form, and the beginning of its sequence header. */
const FORMS: readonly {
  readonly name: string;
  readonly parameters: CodecParameters;
  readonly part: string;
  readonly options: Parameters<typeof framesOf>[2];
  readonly header: string;
  readonly frame: string;
}[] = [{
  name: "video without FourCC",
  parameters: H264,
  part: "419a",
  options: { isRandomAccess: false, compositionTimeMs: 40 },
  header: "1700000000",
  frame: "2701000028 00000002419a",
}, {
  name: "video with FourCC",
  parameters: H264,
  part: "6588",
  options: { isEnhanced: true },
  header: "9061766331",
  frame: "9361766331 000000026588",
}, {
  name: "video with FourCC that is shown later",
  parameters: H264,
  part: "419a",
  options: { isEnhanced: true, isRandomAccess: false, compositionTimeMs: 40 },
  header: "9061766331",
  frame: "a161766331000028 00000002419a",
}, {
  name: "a further video track",
  parameters: H264,
  part: "6588",
  options: { trackId: 1 },
  header: "96006176633101",
  frame: "96036176633101 000000026588",
}, {
  name: "a further video track that is shown earlier",
  parameters: H264,
  part: "419a",
  options: { trackId: 255, isRandomAccess: false, compositionTimeMs: -2 },
  header: "960061766331ff",
  frame: "a60161766331fffffffe 00000002419a",
}, {
  name: "audio without FourCC",
  parameters: AAC,
  part: "2110",
  options: {},
  header: "af00",
  frame: "af012110",
}, {
  name: "audio with FourCC",
  parameters: OPUS,
  part: "fc01",
  options: { isEnhanced: true },
  header: "904f707573",
  frame: "914f707573fc01",
}, {
  name: "a further audio track",
  parameters: AAC,
  part: "2110",
  options: { trackId: 2 },
  header: "95006d70346102",
  frame: "95016d703461022110",
}];

for (const { name, parameters, part, options, header, frame } of FORMS) {
  Deno.test(`flvSequenceHeader() and flvFrames() write ${name}`, () => {
    const written = headerOf(parameters, options);
    assertEquals(written?.slice(0, header.length), header);
    assertEquals(framesOf(parameters, [hex(part)], options), [
      frame.replace(" ", ""),
    ]);
  });
}

Deno.test("flvCodecId() is what metadata calls the codec", () => {
  const idOf = (parameters: CodecParameters, isEnhanced: boolean) => {
    const flv = flvCodecOf(parameters)!;
    return flvCodecId({ flv, isEnhanced, trackId: 0 }, parameters);
  };
  assertEquals([idOf(H264, false), idOf(H264, true)], [7, 0x61766331]);
  assertEquals([idOf(AAC, false), idOf(OPUS, true)], [10, 0x4f707573]);
});
