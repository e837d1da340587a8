import { ParseError } from "#base/errors.ts";
import type { G711Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { g711PayloadFormat } from "#formats/rtp/payloads/g711.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const MONO: G711Parameters = {
  codec: "g711",
  law: "mu",
  sampleRateHz: 8_000,
  channelCount: 1,
};
const STEREO: G711Parameters = { ...MONO, channelCount: 2 };

const PLAIN: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: 0,
  encodingName: "PCMU",
  clockRateHz: 8_000,
  channelCount: undefined,
  fmtp: new Map(),
};

const DESCRIPTIONS: {
  name: string;
  description: RtpFormatDescription;
  parameters: G711Parameters;
}[] = [
  { name: "static µ-law", description: PLAIN, parameters: MONO },
  {
    name: "static A-law",
    description: { ...PLAIN, payloadType: 8, encodingName: "PCMA" },
    parameters: { ...MONO, law: "a" },
  },
  {
    name: "stereo",
    description: { ...PLAIN, payloadType: undefined, channelCount: 2 },
    parameters: STEREO,
  },
  {
    name: "A-law at 16 kHz",
    description: {
      ...PLAIN,
      payloadType: undefined,
      encodingName: "PCMA",
      clockRateHz: 16_000,
    },
    parameters: { ...MONO, law: "a", sampleRateHz: 16_000 },
  },
];

for (const { name, description, parameters } of DESCRIPTIONS) {
  Deno.test(`g711PayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    assertEquals(g711PayloadFormat.parseDescription(description), parameters);
    assertEquals(g711PayloadFormat.describe(parameters), description);
  });
}

Deno.test("g711PayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = { ...PLAIN, encodingName: "G722" };
  assertEquals(g711PayloadFormat.parseDescription(other), undefined);
  const lower = { ...PLAIN, encodingName: "pcmu", channelCount: 1 };
  assertEquals(g711PayloadFormat.parseDescription(lower), MONO);
  for (
    const [wrong, field] of [
      [{ ...PLAIN, channelCount: 9 }, "channels"],
      [{ ...PLAIN, channelCount: 0 }, "channels"],
      [{ ...PLAIN, clockRateHz: 0 }, "clock rate"],
      [{ ...PLAIN, clockRateHz: 192_001 }, "clock rate"],
    ] as const
  ) {
    const error = assertThrows(
      () => g711PayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("G711 packetize() splits between samples of all channels", () => {
  const parts = ["0102030405", "060708"].map((hex) => Uint8Array.fromHex(hex));
  for (
    const [parameters, packets] of [
      [MONO, [["010203", 0], ["0405", 3], ["060708", 5]]],
      [STEREO, [["0102", 0], ["0304", 1], ["0607", 2]]],
    ] as const
  ) {
    const payloads = g711PayloadFormat.openPacketizer(parameters, 3)
      .packetize(parts, true);
    assertEquals(
      payloads.map(({ bytes, offsetTicks }) => [bytes.toHex(), offsetTicks]),
      packets,
    );
  }
});

Deno.test("G711 extract() gives payloads as they are and rejects cut samples", () => {
  const payloads = ["0102", "03040506"].map((hex) => Uint8Array.fromHex(hex));
  const depacketizer = g711PayloadFormat.openDepacketizer(STEREO);
  assertEquals(depacketizer.extract(payloads), payloads);
  for (const hex of ["", "01", "010203"]) {
    const error = assertThrows(
      () => depacketizer.extract([Uint8Array.fromHex(hex)]),
      ParseError,
    );
    assertEquals(error.field, "samples");
  }
});

Deno.test("G711 extract() throws only ParseError, inspect() never", () => {
  const depacketizer = g711PayloadFormat.openDepacketizer(STEREO);
  for (const payload of mutations([Uint8Array.fromHex("01020304")])) {
    assertEquals(depacketizer.inspect([payload]).isRandomAccess, true);
    try {
      depacketizer.extract([payload]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
