import type { CodecParameters } from "#codecs/codec.ts";
import {
  ALL_FLV_CODECS,
  FLV_CODECS,
  flvCodecByFourCc,
  flvCodecById,
  flvCodecOf,
} from "#formats/flv/flv_codecs.ts";
import { fourCcNumber } from "#formats/flv/four_cc.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("FLV_CODECS holds each codec under its name", () => {
  for (const [name, { codec }] of Object.entries(FLV_CODECS)) {
    assertEquals(codec, name);
  }
});

Deno.test("flvCodecById() finds what CodecID and SoundFormat mean", () => {
  const found = (kind: "video" | "audio", ids: readonly number[]) =>
    ids.map((id) => flvCodecById(kind, id)?.codec);
  assertEquals(found("video", [7, 12, 2, 4]), [
    "h264",
    "h265",
    undefined,
    undefined,
  ]);
  assertEquals(found("audio", [0, 2, 3, 7, 8, 10, 14, 1, 9, 11]), [
    ...["lpcm", "mpegAudio", "lpcm", "g711", "g711", "aac", "mpegAudio"],
    ...[undefined, undefined, undefined],
  ]);
});

Deno.test("flvCodecByFourCc() finds what FourCCs mean", () => {
  for (const { codec, kind, fourCc } of ALL_FLV_CODECS) {
    if (fourCc === undefined) continue;
    const number = fourCcNumber(fourCc);
    assertEquals(flvCodecByFourCc(kind, number)?.codec, codec);
    const otherKind = kind === "video" ? "audio" : "video";
    assertEquals(flvCodecByFourCc(otherKind, number), undefined);
  }
  assertEquals(flvCodecByFourCc("video", 7), undefined);
});

Deno.test("flvCodecOf() finds the codecs that FLV carries", () => {
  const codecOf = (parameters: CodecParameters) =>
    flvCodecOf(parameters)?.codec;
  assertEquals(codecOf({ codec: "h264", sps: [], pps: [] }), "h264");
  assertEquals(codecOf({ codec: "vp8" }), "vp8");
  assertEquals(codecOf({ codec: "klv" }), undefined);
  assertEquals(codecOf({ codec: "g722", channelCount: 1 }), undefined);
});
