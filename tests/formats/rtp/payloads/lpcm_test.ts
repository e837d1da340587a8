import type { LpcmParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { lpcmPayloadFormat } from "#formats/rtp/payloads/lpcm.ts";
import { assertEquals } from "#test/assert.ts";
import {
  assertWrong,
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

const L16: LpcmParameters = {
  codec: "lpcm",
  bitDepth: 16,
  sampleRateHz: 44_100,
  channelCount: 2,
};

const STATIC: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: 10,
  encodingName: "L16",
  clockRateHz: 44_100,
  channelCount: 2,
  fmtp: new Map(),
};

testDescriptions(lpcmPayloadFormat, [
  { name: "static stereo", description: STATIC, parameters: L16 },
  {
    name: "static mono",
    description: { ...STATIC, payloadType: 11, channelCount: 1 },
    parameters: { ...L16, channelCount: 1 },
  },
  {
    name: "six channels",
    description: { ...STATIC, payloadType: undefined, channelCount: 6 },
    parameters: { ...L16, channelCount: 6 },
  },
  {
    name: "another rate",
    description: { ...STATIC, payloadType: undefined, clockRateHz: 48_000 },
    parameters: { ...L16, sampleRateHz: 48_000 },
  },
  {
    name: "8 bits",
    description: { ...STATIC, payloadType: undefined, encodingName: "L8" },
    parameters: { ...L16, bitDepth: 8 },
  },
  {
    name: "24 bits",
    description: { ...STATIC, payloadType: undefined, encodingName: "L24" },
    parameters: { ...L16, bitDepth: 24 },
  },
]);

Deno.test("lpcmPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const lower = {
    ...STATIC,
    encodingName: "l16",
    payloadType: 11,
    channelCount: undefined,
  };
  assertEquals(
    lpcmPayloadFormat.parseDescription(lower),
    { ...L16, channelCount: 1 },
  );
  const other = { ...STATIC, encodingName: "L20" };
  assertEquals(lpcmPayloadFormat.parseDescription(other), undefined);
  for (const channelCount of [0, 65]) {
    assertWrong(lpcmPayloadFormat, { ...STATIC, channelCount }, "channels");
  }
  for (const clockRateHz of [0, 192_001]) {
    assertWrong(lpcmPayloadFormat, { ...STATIC, clockRateHz }, "clock rate");
  }
});

const SPLITS = [
  { bitDepth: 8, packets: [["010203040506", 0], ["0708090a0b0c", 3]] },
  {
    bitDepth: 16,
    packets: [["01020304", 0], ["05060708", 1], ["090a0b0c", 2]],
  },
  { bitDepth: 24, packets: [["010203040506", 0], ["0708090a0b0c", 1]] },
] as const;

for (const { bitDepth, packets } of SPLITS) {
  Deno.test(`L${bitDepth} packetize() splits between samples of all channels`, () => {
    assertEquals(
      packetsOf(lpcmPayloadFormat, { ...L16, bitDepth }, {
        parts: ["0102030405060708090a0b0c"],
        maxPayloadBytes: 7,
      }),
      packets,
    );
  });
}

testBadPayloads(lpcmPayloadFormat, L16, [
  Uint8Array.fromHex("0102030405060708"),
]);
