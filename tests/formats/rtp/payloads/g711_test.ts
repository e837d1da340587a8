import type { G711Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { g711PayloadFormat } from "#formats/rtp/payloads/g711.ts";
import { assertEquals } from "#test/assert.ts";
import {
  assertWrong,
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

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

testDescriptions(g711PayloadFormat, [
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
]);

Deno.test("g711PayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = { ...PLAIN, encodingName: "G722" };
  assertEquals(g711PayloadFormat.parseDescription(other), undefined);
  const lower = { ...PLAIN, encodingName: "pcmu", channelCount: 1 };
  assertEquals(g711PayloadFormat.parseDescription(lower), MONO);
  for (const channelCount of [0, 9]) {
    assertWrong(g711PayloadFormat, { ...PLAIN, channelCount }, "channels");
  }
  for (const clockRateHz of [0, 192_001]) {
    assertWrong(g711PayloadFormat, { ...PLAIN, clockRateHz }, "clock rate");
  }
});

Deno.test("G711 packetize() splits between samples of all channels", () => {
  const parts = ["0102030405", "060708"];
  const maxPayloadBytes = 3;
  assertEquals(
    packetsOf(g711PayloadFormat, MONO, { parts, maxPayloadBytes }),
    [["010203", 0], ["0405", 3], ["060708", 5]],
  );
  assertEquals(
    packetsOf(g711PayloadFormat, STEREO, { parts, maxPayloadBytes }),
    [["0102", 0], ["0304", 1], ["0607", 2]],
  );
});

testBadPayloads(g711PayloadFormat, STEREO, [Uint8Array.fromHex("01020304")]);
