import { ParseError } from "#base/errors.ts";
import {
  FLAC_STREAM_INFO_BYTES,
  type FlacFrameHeader,
  flacStreamInfoFromHeader,
  isWholeFlacFrame,
  parseFlacFrameHeader,
  parseFlacStreamInfo,
  serializeFlacStreamInfo,
} from "#codecs/flac.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

/** Whole frames that ffmpeg 5.1 makes of constant sound. */
const FRAMES: { name: string; hex: string; header: FlacFrameHeader }[] = [{
  name: "a frame of common sizes [ffmpeg 5.1]",
  hex: "fff8590c0068000000009208",
  header: {
    isVariableBlockSize: false,
    blockSamples: 4_608,
    sampleRateHz: 44_100,
    channelCount: 1,
    bitDepth: 24,
  },
}, {
  name: "a frame of uncommon block size and sample rate [ffmpeg 5.1]",
  hex: "fff86d1c003130397b01433333014333" + "33dc6d",
  header: {
    isVariableBlockSize: false,
    blockSamples: 50,
    sampleRateHz: 12_345,
    channelCount: 2,
    bitDepth: 24,
  },
}];

/** Header fields with the CRC-8 that belongs to them. */
const HEADERS: { name: string; hex: string; header: FlacFrameHeader }[] = [{
  name: "block size in 16 bits, rate in kHz, mid/side, seven bytes of number",
  hex: "fff97ca8febfbfbfbfbfbfffff60",
  header: {
    isVariableBlockSize: true,
    blockSamples: 65_536,
    sampleRateHz: 96_000,
    channelCount: 2,
    bitDepth: 16,
  },
}, {
  name: "rate in tens of Hz, eight channels, everything else from STREAMINFO",
  hex: "fff81e70001130",
  header: {
    isVariableBlockSize: false,
    blockSamples: 192,
    sampleRateHz: 44_000,
    channelCount: 8,
    bitDepth: undefined,
  },
}, {
  name: "rate and depth from STREAMINFO",
  hex: "fff8c08000",
  header: {
    isVariableBlockSize: false,
    blockSamples: 4_096,
    sampleRateHz: undefined,
    channelCount: 2,
    bitDepth: undefined,
  },
}];

/** CRC-8 with the polynomial of RFC 9639 §9.1.8, bit by bit. */
function withCrc8(bytes: Uint8Array): Uint8Array {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc << 1 ^ (crc & 0x80 ? 7 : 0)) & 0xff;
  }
  return Uint8Array.of(...bytes, crc, 0);
}

for (const { name, hex, header } of FRAMES) {
  Deno.test(`parseFlacFrameHeader() reads ${name}, whose CRC-16 is right`, () => {
    const frame = Uint8Array.fromHex(hex);
    assertEquals(parseFlacFrameHeader(frame), header);
    assertEquals(isWholeFlacFrame(frame), true);
    for (const prefix of prefixes(frame)) {
      assertEquals(isWholeFlacFrame(prefix), false);
    }
  });
}

for (const { name, hex, header } of HEADERS) {
  Deno.test(`parseFlacFrameHeader() reads ${name}`, () => {
    const bytes = withCrc8(Uint8Array.fromHex(hex));
    assertEquals(parseFlacFrameHeader(bytes), header);
    for (const prefix of prefixes(bytes.subarray(0, -1))) {
      assertEquals(parseFlacFrameHeader(prefix), undefined);
    }
  });
}

const NO_HEADERS = [
  { name: "another sync code", hex: "fff0590c00" },
  { name: "the reserved block size", hex: "fff8090c00" },
  { name: "the forbidden sample rate", hex: "fff85f0c00" },
  { name: "reserved channels", hex: "fff859bc00" },
  { name: "the reserved bit depth", hex: "fff8590600" },
  { name: "a set reserved bit", hex: "fff8590d00" },
  { name: "a number that begins in its middle", hex: "fff8590c80" },
  { name: "a number of eight bytes", hex: "fff8590cff" },
];

for (const { name, hex } of NO_HEADERS) {
  Deno.test(`parseFlacFrameHeader() does not take ${name}`, () => {
    const bytes = withCrc8(Uint8Array.fromHex(hex));
    assertEquals(parseFlacFrameHeader(bytes), undefined);
  });
}

Deno.test("parseFlacFrameHeader() does not take a wrong CRC-8", () => {
  const frame = Uint8Array.fromHex(FRAMES[0]!.hex);
  assertEquals(parseFlacFrameHeader(frame.with(5, frame[5]! ^ 1)), undefined);
  assertEquals(parseFlacFrameHeader(frame.with(2, 0x49)), undefined);
});

const INFO = {
  sampleRateHz: 44_100,
  channelCount: 2,
  bitDepth: 16,
  minBlockSamples: 4_096,
  maxBlockSamples: 4_608,
};
const INFO_HEX = "10001200000000000000" + "0ac442f000000000" + "00".repeat(16);

Deno.test("parseFlacStreamInfo() and serializeFlacStreamInfo() agree", () => {
  const bytes = Uint8Array.fromHex(INFO_HEX);
  assertEquals(bytes.length, FLAC_STREAM_INFO_BYTES);
  assertEquals(serializeFlacStreamInfo(INFO).toHex(), INFO_HEX);
  assertEquals(parseFlacStreamInfo(bytes), INFO);
  for (const prefix of prefixes(bytes)) {
    assertThrows(() => parseFlacStreamInfo(prefix), ParseError);
  }
});

Deno.test("parseFlacStreamInfo() names what allows no samples", () => {
  const bytes = Uint8Array.fromHex(INFO_HEX);
  const noRate = bytes.slice();
  noRate.set([0, 0, 0x02], 10);
  const falling = bytes.with(2, 0x0f);
  for (
    const [wrong, field] of [
      [noRate, "sample rate"],
      [falling, "maximum block size"],
      [new Uint8Array(FLAC_STREAM_INFO_BYTES), "maximum block size"],
    ] as const
  ) {
    const error = assertThrows(() => parseFlacStreamInfo(wrong), ParseError);
    assertEquals(error.field, field);
  }
});

Deno.test("flacStreamInfoFromHeader() makes what the frames say", () => {
  const common = FRAMES[0]!.header;
  const made = flacStreamInfoFromHeader(common, 8_000);
  assert(made !== undefined);
  assertEquals(parseFlacStreamInfo(made), {
    sampleRateHz: 44_100,
    channelCount: 1,
    bitDepth: 24,
    minBlockSamples: 4_608,
    maxBlockSamples: 4_608,
  });
  const variable = flacStreamInfoFromHeader({
    ...common,
    isVariableBlockSize: true,
    sampleRateHz: undefined,
  }, 8_000);
  assert(variable !== undefined);
  assertEquals(parseFlacStreamInfo(variable), {
    sampleRateHz: 8_000,
    channelCount: 1,
    bitDepth: 24,
    minBlockSamples: 16,
    maxBlockSamples: 65_535,
  });
  const unknown = { ...common, bitDepth: undefined };
  assertEquals(flacStreamInfoFromHeader(unknown, 8_000), undefined);
});

Deno.test("flacStreamInfoFromHeader() makes what can be read of every header in 10,000 mutations", () => {
  const seeds = [
    ...FRAMES.map(({ hex }) => Uint8Array.fromHex(hex)),
    ...HEADERS.map(({ hex }) => withCrc8(Uint8Array.fromHex(hex))),
  ];
  for (const bytes of mutations(seeds)) {
    isWholeFlacFrame(bytes);
    const header = parseFlacFrameHeader(withCrc8(bytes.subarray(0, -2)));
    const made = header && flacStreamInfoFromHeader(header, 48_000);
    if (made) parseFlacStreamInfo(made);
  }
});

Deno.test("parseFlacStreamInfo() throws only ParseError on 10,000 mutations", () => {
  for (const bytes of mutations([Uint8Array.fromHex(INFO_HEX)])) {
    try {
      parseFlacStreamInfo(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
