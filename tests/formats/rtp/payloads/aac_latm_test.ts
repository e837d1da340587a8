import { ParseError } from "#base/errors.ts";
import type { AacParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { aacLatmPayloadFormat } from "#formats/rtp/payloads/aac_latm.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const STREAM_MUX_CONFIG = "400026203fc0";

function description(
  fmtp: Record<string, string>,
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "MP4A-LATM",
    clockRateHz: 24_000,
    channelCount: 2,
    fmtp: new Map(Object.entries(fmtp)),
    ...changes,
  };
}

function outOfBand(
  streamMuxConfig: string,
  audioSpecificConfig: string,
  sampleRateHz: number,
): AacParameters {
  return {
    codec: "aac",
    audioSpecificConfig: Uint8Array.fromHex(audioSpecificConfig),
    sampleRateHz,
    channelCount: 2,
    latm: {
      streamMuxConfig: Uint8Array.fromHex(streamMuxConfig),
      isConfigInBand: false,
    },
  };
}

const OUT_OF_BAND = outOfBand(STREAM_MUX_CONFIG, "1310", 24_000);
const IN_BAND: AacParameters = {
  codec: "aac",
  audioSpecificConfig: undefined,
  sampleRateHz: 90_000,
  channelCount: 1,
  latm: { streamMuxConfig: undefined, isConfigInBand: true },
};
const IN_BAND_SEEN: AacParameters = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.fromHex("1310"),
  sampleRateHz: 90_000,
  channelCount: 2,
  latm: {
    streamMuxConfig: Uint8Array.fromHex(STREAM_MUX_CONFIG),
    isConfigInBand: true,
  },
};

const DESCRIPTIONS: {
  name: string;
  description: RtpFormatDescription;
  parameters: AacParameters;
}[] = [{
  name: "a configuration out of band",
  description: description({
    "profile-level-id": "30",
    "cpresent": "0",
    "config": STREAM_MUX_CONFIG,
    "object": "2",
  }),
  parameters: OUT_OF_BAND,
}, {
  name: "hierarchical SBR at the rate of its output",
  description: description({
    "profile-level-id": "30",
    "cpresent": "0",
    "config": "40005623101fe0",
    "object": "2",
  }, { clockRateHz: 48_000 }),
  parameters: outOfBand("40005623101fe0", "2b118800", 48_000),
}, {
  name: "a configuration in band",
  description: description(
    { "profile-level-id": "30", "cpresent": "1" },
    { clockRateHz: 90_000, channelCount: 1 },
  ),
  parameters: IN_BAND,
}];

for (const { name, description, parameters } of DESCRIPTIONS) {
  Deno.test(`aacLatmPayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    assertEquals(
      aacLatmPayloadFormat.parseDescription(description),
      parameters,
    );
    const written = aacLatmPayloadFormat.describe(parameters)!;
    assertEquals(written, description);
    assertEquals([...written.fmtp.keys()], [...description.fmtp.keys()]);
  });
}

Deno.test("aacLatmPayloadFormat.parseDescription() takes a missing cpresent as in band", () => {
  assertEquals(
    aacLatmPayloadFormat.parseDescription(
      description({}, { encodingName: "mp4a-latm", clockRateHz: 90_000 }),
    ),
    IN_BAND,
  );
});

Deno.test("aacLatmPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = description({}, { encodingName: "mpeg4-generic" });
  assertEquals(aacLatmPayloadFormat.parseDescription(other), undefined);
  for (
    const [fmtp, field] of [
      [{ cpresent: "2" }, "cpresent"],
      [{ cpresent: "0" }, "config"],
      [{ cpresent: "0", config: "4" }, "config"],
      [{ cpresent: "0", config: "401026203fc0" }, "numProgram"],
    ] as const
  ) {
    const error = assertThrows(
      () => aacLatmPayloadFormat.parseDescription(description(fmtp)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("aacLatmPayloadFormat.describe() leaves AAC without LATM alone", () => {
  const { latm: _latm, ...plain } = OUT_OF_BAND;
  assertEquals(aacLatmPayloadFormat.describe(plain), undefined);
});

Deno.test("aacLatmPayloadFormat.describe() says the same once a configuration was seen in band", () => {
  assertEquals(
    aacLatmPayloadFormat.describe(IN_BAND_SEEN),
    DESCRIPTIONS[2]!.description,
  );
});

interface Row {
  name: string;
  parameters: AacParameters;
  maxPayloadBytes: number;
  parts: string[];
  /** Payload, marker and offset of each packet. */
  packets: [hex: string, marker: boolean, offsetTicks: number][];
}

const UNITS: Row[] = [{
  name: "an element for each access unit",
  parameters: OUT_OF_BAND,
  maxPayloadBytes: 100,
  parts: ["aabbcc", "dd"],
  packets: [["03aabbcc", true, 0], ["01dd", true, 1_024]],
}, {
  name: "a fragmented element",
  parameters: OUT_OF_BAND,
  maxPayloadBytes: 3,
  parts: ["aabbccdd"],
  packets: [["04aabb", false, 0], ["ccdd", true, 0]],
}, {
  name: "several access units an element",
  parameters: outOfBand("410026203fc0", "1310", 24_000),
  maxPayloadBytes: 100,
  parts: ["aa", "bb", "cc", "dd"],
  packets: [["01aa01bb", true, 0], ["01cc01dd", true, 2_048]],
}, {
  name: "the configuration in every element",
  parameters: IN_BAND_SEEN,
  maxPayloadBytes: 100,
  parts: ["aabbcc", "aabbcc"],
  packets: [
    ["200013101fe01d55de60", true, 0],
    ["200013101fe01d55de60", true, 3_840],
  ],
}];

for (const { name, parameters, maxPayloadBytes, parts, packets } of UNITS) {
  Deno.test(`LATM packetize() writes ${name}`, () => {
    const payloads = aacLatmPayloadFormat
      .openPacketizer(parameters, maxPayloadBytes)
      .packetize(parts.map((part) => Uint8Array.fromHex(part)), true);
    assertEquals(
      payloads.map((
        { bytes, marker, offsetTicks },
      ) => [bytes.toHex(), marker, offsetTicks]),
      packets,
    );
    for (const { bytes } of payloads) assert(bytes.length <= maxPayloadBytes);
  });

  Deno.test(`LATM extract() reads back ${name} and rejects prefixes`, () => {
    const depacketizer = aacLatmPayloadFormat.openDepacketizer(parameters);
    const found: string[] = [];
    let unit: Uint8Array[] = [];
    for (const [hex, marker] of packets) {
      const payload = Uint8Array.fromHex(hex);
      unit.push(payload);
      if (!marker) continue;
      found.push(...depacketizer.extract(unit).map((part) => part.toHex()));
      for (const prefix of prefixes(payload)) {
        const cut = [...unit.slice(0, -1), prefix];
        assertThrows(() => depacketizer.extract(cut), ParseError);
      }
      unit = [];
    }
    assertEquals(found, parts);
  });
}

Deno.test("LATM packetize() sends nothing before the configuration is known, nor half an element", () => {
  const parts = [Uint8Array.of(1)];
  const unknown = aacLatmPayloadFormat.openPacketizer(IN_BAND, 100);
  assertEquals(unknown.packetize(parts, true), []);
  const pairs = aacLatmPayloadFormat.openPacketizer(UNITS[2]!.parameters, 100);
  assertEquals(pairs.packetize(parts, true), []);
});

const NOTHING_NEW = { isRandomAccess: true, parameters: undefined };
const WITH_CONFIG = Uint8Array.fromHex("200013101fe01d55de60");
/** The same with another latmBufferFullness. */
const WITH_OTHER_FULLNESS = Uint8Array.fromHex("200013100fe01d55de60");
const MONO_CONFIG = Uint8Array.fromHex("200013081fe01d55de60");
const SAME_CONFIG = Uint8Array.fromHex("81d55de600");

Deno.test("LATM inspect() reports the configuration in band once and each time it changes", () => {
  const depacketizer = aacLatmPayloadFormat.openDepacketizer(IN_BAND);
  const cut = WITH_CONFIG.subarray(0, 3);
  assertEquals(depacketizer.inspect([]), NOTHING_NEW);
  assertEquals(depacketizer.inspect([new Uint8Array()]), NOTHING_NEW);
  assertEquals(depacketizer.inspect([cut]), NOTHING_NEW);
  assertEquals(depacketizer.inspect([SAME_CONFIG]), NOTHING_NEW);
  assertThrows(() => depacketizer.extract([SAME_CONFIG]), ParseError);
  assertEquals(depacketizer.inspect([cut, WITH_CONFIG.subarray(3)]), {
    isRandomAccess: true,
    parameters: IN_BAND_SEEN,
  });
  assertEquals(depacketizer.extract([SAME_CONFIG])[0]!.toHex(), "aabbcc");
  assertEquals(depacketizer.inspect([WITH_CONFIG]), NOTHING_NEW);
  assertEquals(depacketizer.inspect([WITH_OTHER_FULLNESS]), NOTHING_NEW);
  assertEquals(
    depacketizer.inspect([MONO_CONFIG]).parameters?.channelCount,
    1,
  );
  assertEquals(depacketizer.inspect([WITH_CONFIG]).parameters, IN_BAND_SEEN);
});

Deno.test("LATM extract() reads an element without configuration if the parameters hold it", () => {
  const depacketizer = aacLatmPayloadFormat.openDepacketizer(IN_BAND_SEEN);
  assertEquals(depacketizer.inspect([WITH_CONFIG]), NOTHING_NEW);
  assertEquals(depacketizer.extract([SAME_CONFIG])[0]!.toHex(), "aabbcc");
});

Deno.test("LATM extract() limits a joined element", () => {
  const depacketizer = aacLatmPayloadFormat.openDepacketizer(OUT_OF_BAND);
  const fragment = new Uint8Array(40_000).fill(0xff);
  const error = assertThrows(
    () => depacketizer.extract([fragment, fragment]),
    ParseError,
  );
  assertEquals(error.field, "fragments");
});

Deno.test("LATM extract() throws only ParseError, inspect() never", () => {
  const inBand = aacLatmPayloadFormat.openDepacketizer(IN_BAND);
  const plain = aacLatmPayloadFormat.openDepacketizer(OUT_OF_BAND);
  const seeds = [WITH_CONFIG, MONO_CONFIG, SAME_CONFIG];
  for (const payload of mutations(seeds)) {
    for (const reader of [inBand, plain]) {
      assertEquals(reader.inspect([payload]).isRandomAccess, true);
      try {
        reader.extract([payload]);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  }
});
