import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const HEADERS = [
  {
    name: "layer II at 48 kHz [ffmpeg 5.1]",
    hex: "fffda404",
    expected: [1, 2, 192_000, 48_000, 2, 1_152, 576],
  },
  {
    name: "layer II at 32 kHz, the longest frame of its kind [ffmpeg 5.1]",
    hex: "fffde804",
    expected: [1, 2, 384_000, 32_000, 2, 1_152, 1_728],
  },
  {
    name: "layer III at 44.1 kHz [LAME]",
    hex: "fffb9000",
    expected: [1, 3, 128_000, 44_100, 2, 1_152, 417],
  },
  {
    name: "layer III with a padding slot",
    hex: "fffb9200",
    expected: [1, 3, 128_000, 44_100, 2, 1_152, 418],
  },
  {
    name: "layer III at 32 kHz and the highest bit rate [LAME]",
    hex: "fffbe800",
    expected: [1, 3, 320_000, 32_000, 2, 1_152, 1_440],
  },
  {
    name: "version 2, layer III, one channel [LAME]",
    hex: "fff370c0",
    expected: [2, 3, 56_000, 22_050, 1, 576, 182],
  },
  {
    name: "version 2, layer II",
    hex: "fff5e4c4",
    expected: [2, 2, 160_000, 24_000, 1, 1_152, 960],
  },
  {
    name: "version 2.5",
    hex: "ffe318c4",
    expected: [2.5, 3, 8_000, 8_000, 1, 576, 72],
  },
  {
    name: "layer I in slots of four bytes",
    hex: "ffffe204",
    expected: [1, 1, 448_000, 44_100, 2, 384, 488],
  },
];

for (const { name, hex, expected } of HEADERS) {
  Deno.test(`parseMpegAudioHeader() reads ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const header = parseMpegAudioHeader(bytes);
    assert(header !== undefined);
    const {
      version,
      layer,
      bitRateBps,
      sampleRateHz,
      channelCount,
      sampleCount,
      frameSizeBytes,
    } = header;
    assertEquals([
      version,
      layer,
      bitRateBps,
      sampleRateHz,
      channelCount,
      sampleCount,
      frameSizeBytes,
    ], expected);
    assertEquals(
      parseMpegAudioHeader(Uint8Array.fromHex(`0000${hex}`), 2),
      header,
    );
    for (const prefix of prefixes(bytes)) {
      assertEquals(parseMpegAudioHeader(prefix), undefined);
    }
  });
}

const NO_HEADERS = [
  { name: "another first byte", hex: "fefba404" },
  { name: "a sync word cut short", hex: "ffdba404" },
  { name: "the reserved version", hex: "ffeba404" },
  { name: "the reserved layer", hex: "fff9a404" },
  { name: "the free format", hex: "fffb0404" },
  { name: "the forbidden bit rate", hex: "fffbf404" },
  { name: "the reserved sampling frequency", hex: "fffbac04" },
];

for (const { name, hex } of NO_HEADERS) {
  Deno.test(`parseMpegAudioHeader() does not take ${name}`, () => {
    assertEquals(parseMpegAudioHeader(Uint8Array.fromHex(hex)), undefined);
  });
}

Deno.test("parseMpegAudioHeader() finds only frames of 24 to 2,881 bytes in 10,000 mutations", () => {
  const seeds = HEADERS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) {
    const size = parseMpegAudioHeader(bytes)?.frameSizeBytes;
    assert(size === undefined || size >= 24 && size <= 2_881, `${size}`);
  }
});
