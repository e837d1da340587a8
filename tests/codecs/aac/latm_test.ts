import { ParseError } from "#base/errors.ts";
import {
  parseAnnouncedStreamMuxConfig,
  parseAudioMuxElement,
  parseInBandStreamMuxConfig,
  parseStreamMuxConfig,
  serializeAudioMuxElement,
  serializeStreamMuxConfig,
  type StreamMuxConfig,
  streamMuxConfigOf,
} from "#codecs/aac/latm.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

interface Row {
  name: string;
  hex: string;
  config: StreamMuxConfig;
}

const CONFIGS: Row[] = [{
  name: "LC 24 kHz stereo [made by hand]",
  hex: "400026203fc0",
  config: {
    audioMuxVersion: 0,
    subFrameCount: 1,
    audioSpecificConfig: Uint8Array.fromHex("1310"),
    audioSpecificConfigBits: 16,
  },
}, {
  name: "hierarchical SBR [made by hand]",
  hex: "40005623101fe0",
  config: {
    audioMuxVersion: 0,
    subFrameCount: 1,
    audioSpecificConfig: Uint8Array.fromHex("2b118800"),
    audioSpecificConfigBits: 25,
  },
}, {
  name: "three sub-frames [made by hand]",
  hex: "420026203fc0",
  config: {
    audioMuxVersion: 0,
    subFrameCount: 3,
    audioSpecificConfig: Uint8Array.fromHex("1310"),
    audioSpecificConfigBits: 16,
  },
}, {
  name: "version 1 with backward compatible SBR [made by hand]",
  hex: "8ff800028138856e5a01fe00",
  config: {
    audioMuxVersion: 1,
    subFrameCount: 1,
    audioSpecificConfig: Uint8Array.fromHex("138856e5a0"),
    audioSpecificConfigBits: 40,
  },
}];

for (const { name, hex, config } of CONFIGS) {
  Deno.test(`parseStreamMuxConfig() reads ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(parseStreamMuxConfig(bytes), config);
    assertEquals(bytes.toHex(), hex, "input must stay untouched");
    for (const prefix of prefixes(bytes)) {
      assertThrows(() => parseStreamMuxConfig(prefix), ParseError);
    }
  });

  Deno.test(`serializeStreamMuxConfig() writes ${name}`, () => {
    assertEquals(serializeStreamMuxConfig(config).toHex(), hex);
  });
}

Deno.test("parseStreamMuxConfig() says what it cannot read", () => {
  for (
    const [hex, field] of [
      ["c00026203fc0", "audioMuxVersionA"],
      ["000026203fc0", "allStreamsSameTimeFraming"],
      ["401026203fc0", "numProgram"],
      ["400226203fc0", "numLayer"],
      ["400026207fc0", "frameLengthType"],
      ["400026203fe0", "otherDataPresent"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseStreamMuxConfig(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals([hex, error.field], [hex, field]);
  }
});

Deno.test("parseAnnouncedStreamMuxConfig() reads a config that ends with the AudioSpecificConfig [gstreamer 1.22 rtpmp4apay]", () => {
  for (
    const [hex, audioSpecificConfig] of [
      ["40002620", "1310"],
      ["40002320adca00", "1190"],
      ["400026203fc0", "1310"],
    ] as const
  ) {
    const config = parseAnnouncedStreamMuxConfig(Uint8Array.fromHex(hex));
    const { audioMuxVersion, audioSpecificConfigBits } = config;
    assertEquals([audioMuxVersion, audioSpecificConfigBits], [0, 16]);
    const wanted = Uint8Array.fromHex(audioSpecificConfig);
    assertEquals(config.audioSpecificConfig.subarray(0, 2), wanted);
  }
  const sbr = parseAnnouncedStreamMuxConfig(
    Uint8Array.fromHex("40002710adcb40"),
  );
  assertEquals(
    [sbr.audioMuxVersion, sbr.audioSpecificConfig.toHex()],
    [1, "138856e5a0"],
  );
  for (const hex of ["4000", "40012620", "000026203fc0", "4000f5"]) {
    const bytes = Uint8Array.fromHex(hex);
    assertThrows(() => parseAnnouncedStreamMuxConfig(bytes), ParseError);
  }
});

Deno.test("streamMuxConfigOf() takes version 1 only for a sync extension", () => {
  for (const [index, row] of CONFIGS.entries()) {
    if (index === 2) continue; // one access unit an element
    assertEquals(streamMuxConfigOf(row.config.audioSpecificConfig), row.config);
  }
});

const PAYLOAD = Uint8Array.fromHex("aabbcc");
const [STEREO, , THREE_UNITS] = CONFIGS.map(({ config }) => config);

const ELEMENTS = [{
  name: "an element with its configuration in band",
  hex: "200013101fe01d55de60",
  isConfigInBand: true,
  known: undefined,
  accessUnits: [PAYLOAD],
}, {
  name: "an element that keeps the last configuration",
  hex: "81d55de600",
  isConfigInBand: true,
  known: STEREO,
  accessUnits: [PAYLOAD],
}, {
  name: "an element with its configuration out of band",
  hex: "03aabbcc",
  isConfigInBand: false,
  known: STEREO,
  accessUnits: [PAYLOAD],
}, {
  name: "several access units, one empty, one of 255 bytes",
  hex: "03aabbcc00ff00" + "55".repeat(255),
  isConfigInBand: false,
  known: THREE_UNITS,
  accessUnits: [PAYLOAD, new Uint8Array(), new Uint8Array(255).fill(0x55)],
}];

for (const { name, hex, isConfigInBand, known, accessUnits } of ELEMENTS) {
  Deno.test(`parseAudioMuxElement() reads ${name} [made by hand]`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const element = parseAudioMuxElement(bytes, { isConfigInBand, known });
    assertEquals(
      element.accessUnits.map((one) => one.toHex()),
      accessUnits.map((one) => one.toHex()),
    );
    assertEquals(element.config, known ?? STEREO);
    assertEquals(bytes.toHex(), hex, "input must stay untouched");
    for (const prefix of prefixes(bytes)) {
      assertThrows(
        () => parseAudioMuxElement(prefix, { isConfigInBand, known }),
        ParseError,
      );
    }
  });

  Deno.test(`serializeAudioMuxElement() writes ${name}`, () => {
    if (isConfigInBand && known) return; // always writes its configuration
    const config = isConfigInBand ? STEREO : undefined;
    assertEquals(serializeAudioMuxElement(accessUnits, config).toHex(), hex);
  });
}

Deno.test("parseAudioMuxElement() rejects bytes behind the element and an unknown layout", () => {
  const bytes = Uint8Array.fromHex("03aabbcc00");
  const longer = assertThrows(
    () => parseAudioMuxElement(bytes, { isConfigInBand: false, known: STEREO }),
    ParseError,
  );
  assertEquals(longer.field, "ByteAlign");
  const unknown = assertThrows(
    () =>
      parseAudioMuxElement(Uint8Array.fromHex("81d55de600"), {
        isConfigInBand: true,
        known: undefined,
      }),
    ParseError,
  );
  assertEquals(unknown.field, "config");
});

Deno.test("parseInBandStreamMuxConfig() answers nothing if the last one holds", () => {
  assertEquals(
    parseInBandStreamMuxConfig(Uint8Array.fromHex("81d55de600")),
    undefined,
  );
  assertEquals(
    parseInBandStreamMuxConfig(Uint8Array.fromHex("200013101fe01d55de60")),
    { config: STEREO, lengthBits: 45 },
  );
});

Deno.test("parseAudioMuxElement() and parseStreamMuxConfig() throw only ParseError", () => {
  const seeds = [
    ...CONFIGS.map(({ hex }) => Uint8Array.fromHex(hex)),
    ...ELEMENTS.slice(0, 3).map(({ hex }) => Uint8Array.fromHex(hex)),
  ];
  for (const bytes of mutations(seeds)) {
    for (
      const parse of [
        () => parseStreamMuxConfig(bytes),
        () =>
          parseAudioMuxElement(bytes, { isConfigInBand: true, known: STEREO }),
        () =>
          parseAudioMuxElement(bytes, {
            isConfigInBand: false,
            known: THREE_UNITS,
          }),
      ]
    ) {
      try {
        parse();
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  }
});
