import { ParseError } from "#base/errors.ts";
import {
  parseVorbisTiming,
  vorbisBlockSamples,
  type VorbisTiming,
} from "#codecs/vorbis.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { IDENTIFICATION_HEX, vorbisSetup as setup } from "./vorbis_samples.ts";

const IDENTIFICATION = Uint8Array.fromHex(IDENTIFICATION_HEX);

Deno.test("parseVorbisTiming() reads block sizes and counts modes from the end", () => {
  for (
    const longModes of [
      [false],
      [false, true],
      [true, false, true],
      Array.from({ length: 64 }, (_, i) => i % 3 === 0),
    ]
  ) {
    const timing = parseVorbisTiming(IDENTIFICATION, setup(longModes));
    assertEquals(timing, {
      shortBlockSamples: 256,
      longBlockSamples: 2_048,
      longModes,
    });
  }
});

Deno.test("parseVorbisTiming() takes no zero bits in front for a mode", () => {
  const quiet = setup([false, true], new Uint8Array(40));
  assertEquals(parseVorbisTiming(IDENTIFICATION, quiet).longModes, [
    false,
    true,
  ]);
});

Deno.test("parseVorbisTiming() names what is wrong", () => {
  const good = setup([false, true]);
  for (
    const [identification, wrongSetup, field] of [
      [IDENTIFICATION.with(0, 3), good, "packet_type"],
      [IDENTIFICATION.with(1, 0x77), good, "vorbis"],
      [IDENTIFICATION.with(28, 0x8b), good, "blocksize"],
      [IDENTIFICATION.with(28, 0xb5), good, "blocksize"],
      [IDENTIFICATION.with(28, 0xe8), good, "blocksize"],
      [IDENTIFICATION, good.with(0, 1), "packet_type"],
      [IDENTIFICATION, good.subarray(0, 7), "vorbis_mode_configurations"],
      [
        IDENTIFICATION,
        setup([true], undefined, 5),
        "vorbis_mode_configurations",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => parseVorbisTiming(identification, wrongSetup),
      ParseError,
    );
    assertEquals(error.field, field);
  }
  for (const prefix of prefixes(IDENTIFICATION.subarray(0, 29))) {
    assertThrows(() => parseVorbisTiming(prefix, good), ParseError);
  }
});

Deno.test("vorbisBlockSamples() reads the mode of a packet", () => {
  const two: VorbisTiming = {
    shortBlockSamples: 256,
    longBlockSamples: 2_048,
    longModes: [false, true],
  };
  const three = { ...two, longModes: [true, false, true] };
  const one = { ...two, longModes: [true] };
  for (
    const [timing, first, samples] of [
      [two, 0b00, 256],
      [two, 0b10, 2_048],
      [two, 0b01, undefined],
      [one, 0b10, 2_048],
      [three, 0b010, 256],
      [three, 0b100, 2_048],
      [three, 0b110, undefined],
    ] as const
  ) {
    assertEquals(vorbisBlockSamples(Uint8Array.of(first), timing), samples);
  }
  assertEquals(vorbisBlockSamples(new Uint8Array(), two), undefined);
});

Deno.test("parseVorbisTiming() throws only ParseError on 10,000 mutations", () => {
  const seeds = [IDENTIFICATION, setup([false, true]), setup([true])];
  let i = 0;
  for (const bytes of mutations(seeds)) {
    try {
      if (i++ % 2 === 0) parseVorbisTiming(IDENTIFICATION, bytes);
      else parseVorbisTiming(bytes, setup([false]));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
