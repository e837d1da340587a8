import { ParseError } from "#base/errors.ts";
import type { AacParameters } from "#codecs/codec.ts";
import { aacFlv } from "#formats/flv/codecs/aac.ts";
import { type FlvTag, MAX_FLV_BODY_BYTES } from "#formats/flv/flv_codec.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.fromHex(text.replaceAll(" ", ""));

const parameters = (config: string): AacParameters => ({
  codec: "aac",
  audioSpecificConfig: hex(config),
  sampleRateHz: 44_100,
  channelCount: 2,
});

/** AAC LC, 44,100 Hz, stereo; the second with frames of 960 samples. */
const LC = parameters("1210");
const LC_960 = parameters("1214");

const unit = (...parts: readonly Uint8Array[]) => ({
  parts,
  isRandomAccess: true,
  compositionTimeMs: 0,
});

function readAll(...bodies: readonly Uint8Array[]): FlvTag[] {
  const reader = aacFlv.openReader();
  return bodies.map((body) => reader.read(body));
}

Deno.test("aacFlv.sequenceHeader() writes the AudioSpecificConfig", () => {
  assertEquals(aacFlv.sequenceHeader(LC)?.toHex(), "af001210");
});

Deno.test("aacFlv does not carry a track whose configuration is not known", () => {
  const unknown = { ...LC, audioSpecificConfig: undefined };
  assert(aacFlv.isCarried(LC));
  assert(!aacFlv.isCarried(unknown));
  assertEquals(aacFlv.sequenceHeader(unknown), undefined);
});

for (
  const [name, codec, ticks] of [["1024", LC, 1_024], [
    "960",
    LC_960,
    960,
  ]] as const
) {
  Deno.test(`aacFlv.frames() writes a tag for each access unit of ${name} samples`, () => {
    assertEquals(
      aacFlv.frames(
        unit(hex("2101"), hex("22"), new Uint8Array(0), hex("23")),
        codec,
      ),
      [
        { body: hex("af01 2101"), offsetTicks: 0 },
        { body: hex("af01 22"), offsetTicks: ticks },
        { body: hex("af01 23"), offsetTicks: 3 * ticks },
      ],
    );
  });
}

Deno.test("aacFlv.frames() makes nothing of nothing and of too much", () => {
  assertEquals(aacFlv.frames(unit(), LC), []);
  const huge = new Uint8Array(MAX_FLV_BODY_BYTES - 1);
  assertEquals(aacFlv.frames(unit(huge), LC), []);
});

Deno.test("the AAC reader reads a sequence header and frames", () => {
  assertEquals(
    readAll(hex("af01 2101"), hex("af00 1210"), hex("af01 2101"), hex("af01")),
    [
      { kind: "ignored" },
      { kind: "parameters", parameters: LC },
      {
        kind: "frame",
        codec: "aac",
        parts: [hex("2101")],
        isRandomAccess: true,
        compositionTimeMs: 0,
        parameters: undefined,
      },
      { kind: "ignored" },
    ],
  );
});

Deno.test("the AAC reader rejects cut and unknown tags", () => {
  for (const body of ["af", "af00", "af0012", "af02"]) {
    assertThrows(() => readAll(hex(body)), ParseError);
  }
});

Deno.test("the AAC reader throws only ParseError on mutated input", () => {
  const seeds = [
    hex("af00 1210"),
    hex("af00 2b11 8800 56e5 a548 80"),
    hex("af01 2101"),
  ];
  for (const body of mutations(seeds)) {
    if (body.length === 0) continue;
    try {
      readAll(body);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
