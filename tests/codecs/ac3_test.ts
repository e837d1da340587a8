import { parseAc3Header } from "#codecs/ac3.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

/** First bytes of frames that ffmpeg 5.1 makes; their name is the channel layout. */
const HEADERS = [
  {
    name: "mono",
    hex: "0b7701c394402f",
    expected: [32_000, 1, 192_000, 1_152],
  },
  {
    name: "stereo",
    hex: "0b77b0e1144043",
    expected: [48_000, 2, 192_000, 768],
  },
  {
    name: "2.1",
    hex: "0b77b7b9944047",
    expected: [32_000, 3, 192_000, 1_152],
  },
  {
    name: "3.0",
    hex: "0b77f87494406b",
    expected: [32_000, 3, 192_000, 1_152],
  },
  {
    name: "3.1",
    hex: "0b77d7e294406f",
    expected: [32_000, 4, 192_000, 1_152],
  },
  {
    name: "quad",
    hex: "0b773df29440cb",
    expected: [32_000, 4, 192_000, 1_152],
  },
  {
    name: "5.0",
    hex: "0b77f0259440ea",
    expected: [32_000, 5, 192_000, 1_152],
  },
  {
    name: "5.1 at 44.1 kHz, even",
    hex: "0b77c87d6440eb",
    expected: [44_100, 6, 640_000, 2_786],
  },
  {
    name: "5.1 at 44.1 kHz, odd",
    hex: "0b77c87d6540eb",
    expected: [44_100, 6, 640_000, 2_788],
  },
  {
    name: "the shortest frame",
    hex: "0b770000004020",
    expected: [48_000, 1, 32_000, 128],
  },
];

for (const { name, hex, expected } of HEADERS) {
  Deno.test(`parseAc3Header() reads ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const header = parseAc3Header(bytes);
    assert(header !== undefined);
    const { sampleRateHz, channelCount, bitRateBps, frameSizeBytes } = header;
    assertEquals(
      [sampleRateHz, channelCount, bitRateBps, frameSizeBytes],
      expected,
    );
    assertEquals(parseAc3Header(Uint8Array.fromHex(`77${hex}`), 1), header);
    for (const prefix of prefixes(bytes)) {
      assertEquals(parseAc3Header(prefix), undefined);
    }
  });
}

const NO_HEADERS = [
  { name: "swapped bytes", hex: "770bb0e1144043" },
  { name: "another sync word", hex: "0b78b0e1144043" },
  { name: "the reserved sampling frequency", hex: "0b77b0e1d44043" },
  { name: "a frame size code without meaning", hex: "0b77b0e1264043" },
  { name: "E-AC-3", hex: "0b77b0e1148043" },
];

for (const { name, hex } of NO_HEADERS) {
  Deno.test(`parseAc3Header() does not take ${name}`, () => {
    assertEquals(parseAc3Header(Uint8Array.fromHex(hex)), undefined);
  });
}

Deno.test("parseAc3Header() finds only frames of 128 to 3,840 bytes in 10,000 mutations", () => {
  const seeds = HEADERS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) {
    const header = parseAc3Header(bytes);
    if (header === undefined) continue;
    const { channelCount, frameSizeBytes } = header;
    assert(channelCount >= 1 && channelCount <= 6, `${channelCount}`);
    assert(frameSizeBytes >= 128 && frameSizeBytes <= 3_840);
  }
});
