import { ParseError } from "#base/errors.ts";
import {
  aacParametersOf,
  type AudioSpecificConfig,
  parseAudioSpecificConfig,
  serializeAudioSpecificConfig,
} from "#codecs/aac/audio_specific_config.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const PLAIN: AudioSpecificConfig = {
  audioObjectType: 2,
  sampleRateHz: 48_000,
  channelCount: 2,
  channelConfiguration: 2,
  extensionSampleRateHz: undefined,
  isSbr: false,
  isPs: false,
  frameLengthSamples: 1024,
};

interface Row {
  name: string;
  hex: string;
  /** Lengths of prefixes that are whole configurations themselves: what stands in front of a sync extension. */
  wholePrefixes?: number[];
  isPlain?: boolean;
  config: AudioSpecificConfig;
}

const CONFIGS: Row[] = [
  {
    name: "LC 48 kHz stereo",
    hex: "1190",
    isPlain: true,
    config: PLAIN,
  },
  {
    name: "LC 16 kHz mono",
    hex: "1408",
    isPlain: true,
    config: {
      ...PLAIN,
      sampleRateHz: 16_000,
      channelCount: 1,
      channelConfiguration: 1,
    },
  },
  {
    name: "channel configuration 7",
    hex: "11b8",
    isPlain: true,
    config: { ...PLAIN, channelCount: 8, channelConfiguration: 7 },
  },
  {
    name: "an escaped frequency",
    hex: "1780678410",
    isPlain: true,
    config: { ...PLAIN, sampleRateHz: 53_000 },
  },
  {
    name: "frames of 960 samples",
    hex: "1194",
    config: { ...PLAIN, frameLengthSamples: 960 },
  },
  {
    name: "hierarchical SBR",
    hex: "2b920800",
    config: {
      ...PLAIN,
      sampleRateHz: 22_050,
      extensionSampleRateHz: 44_100,
      isSbr: true,
    },
  },
  {
    name: "hierarchical PS",
    hex: "eb098800",
    config: {
      ...PLAIN,
      sampleRateHz: 24_000,
      channelCount: 1,
      channelConfiguration: 1,
      extensionSampleRateHz: 48_000,
      isSbr: true,
      isPs: true,
    },
  },
  {
    name: "backward compatible SBR",
    hex: "138856e5a0",
    wholePrefixes: [2, 3],
    config: {
      ...PLAIN,
      sampleRateHz: 22_050,
      channelCount: 1,
      channelConfiguration: 1,
      extensionSampleRateHz: 44_100,
      isSbr: true,
    },
  },
  {
    name: "backward compatible PS",
    hex: "138856e5a54880",
    wholePrefixes: [2, 3, 5, 6],
    config: {
      ...PLAIN,
      sampleRateHz: 22_050,
      channelCount: 1,
      channelConfiguration: 1,
      extensionSampleRateHz: 44_100,
      isSbr: true,
      isPs: true,
    },
  },
  {
    name: "a program config element for 5.1",
    hex: "118004c80500010880026869",
    config: { ...PLAIN, channelCount: 6, channelConfiguration: 0 },
  },
  {
    name: "low delay without error protection",
    hex: "b98800",
    config: {
      ...PLAIN,
      audioObjectType: 23,
      channelCount: 1,
      channelConfiguration: 1,
      frameLengthSamples: 512,
    },
  },
];

for (const { name, hex, config } of CONFIGS) {
  Deno.test(`parseAudioSpecificConfig() reads ${name} [made by hand]`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(parseAudioSpecificConfig(bytes), config);
    assertEquals(bytes.toHex(), hex, "input must stay untouched");
  });
}

Deno.test("parseAudioSpecificConfig() rejects every prefix that is not whole", () => {
  for (const { hex, wholePrefixes = [] } of CONFIGS) {
    for (const prefix of prefixes(Uint8Array.fromHex(hex))) {
      if (wholePrefixes.includes(prefix.length)) {
        parseAudioSpecificConfig(prefix);
      } else {
        assertThrows(() => parseAudioSpecificConfig(prefix), ParseError);
      }
    }
  }
});

Deno.test("parseAudioSpecificConfig() names the field at fault", () => {
  for (
    const [hex, field] of [
      ["1690", "samplingFrequencyIndex"], // reserved index 13
      ["11c0", "channelConfiguration"], // reserved configuration 8
      ["1780000010", "samplingFrequencyIndex"], // 0 Hz
      ["4990", "audioObjectType"], // no object type of AAC
      ["b98880", "epConfig"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseAudioSpecificConfig(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals([hex, error.field], [hex, field]);
  }
});

Deno.test("parseAudioSpecificConfig() throws only ParseError", () => {
  const seeds = CONFIGS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) {
    try {
      parseAudioSpecificConfig(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("serializeAudioSpecificConfig() writes what the table says", () => {
  for (const { hex, config, isPlain } of CONFIGS) {
    if (!isPlain) continue;
    assertEquals(serializeAudioSpecificConfig(config).toHex(), hex);
  }
});

Deno.test("serializeAudioSpecificConfig() goes round for every channel count", () => {
  for (let channelCount = 1; channelCount <= 8; channelCount++) {
    const bytes = serializeAudioSpecificConfig({
      audioObjectType: 2,
      sampleRateHz: 44_100,
      channelCount,
    });
    assertEquals(parseAudioSpecificConfig(bytes).channelCount, channelCount);
  }
});

Deno.test("serializeAudioSpecificConfig() throws on what it cannot express", () => {
  const plain = { audioObjectType: 2, sampleRateHz: 48_000, channelCount: 2 };
  for (
    const wrong of [
      { ...plain, audioObjectType: 5 },
      { ...plain, channelCount: 0 },
      { ...plain, channelCount: 9 },
      { ...plain, sampleRateHz: 0 },
      { ...plain, sampleRateHz: 2 ** 24 },
    ]
  ) {
    assertThrows(() => serializeAudioSpecificConfig(wrong), RangeError);
  }
});

Deno.test("aacParametersOf() takes rate and channels of the core codec", () => {
  const bytes = Uint8Array.fromHex("eb098800");
  assertEquals(aacParametersOf(bytes), {
    codec: "aac",
    audioSpecificConfig: bytes,
    sampleRateHz: 24_000,
    channelCount: 1,
  });
});
