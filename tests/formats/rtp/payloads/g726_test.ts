import type { G726Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { g726PayloadFormat } from "#formats/rtp/payloads/g726.ts";
import { assertEquals } from "#test/assert.ts";
import {
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

const G726_40: G726Parameters = {
  codec: "g726",
  bitRateKbps: 40,
  isBigEndian: false,
};

const PLAIN: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: undefined,
  encodingName: "G726-40",
  clockRateHz: 8_000,
  channelCount: undefined,
  fmtp: new Map(),
};

/** Packets of ten bytes where six fit. */
const BIT_RATES = [
  {
    bitRateKbps: 16,
    packets: [["010203040506", 0], ["0708090a", 24]],
  },
  { bitRateKbps: 24, packets: [["010203040506", 0], ["070809", 16]] },
  { bitRateKbps: 32, packets: [["010203040506", 0], ["0708090a", 12]] },
  { bitRateKbps: 40, packets: [["0102030405", 0], ["060708090a", 8]] },
] as const;

testDescriptions(
  g726PayloadFormat,
  BIT_RATES.flatMap(({ bitRateKbps }) =>
    [false, true].map((isBigEndian) => {
      const prefix = isBigEndian ? "AAL2-" : "";
      const encodingName = `${prefix}G726-${bitRateKbps}`;
      return {
        name: encodingName,
        description: { ...PLAIN, encodingName },
        parameters: { codec: "g726", bitRateKbps, isBigEndian },
      };
    })
  ),
);

Deno.test("g726PayloadFormat.parseDescription() leaves to others what it does not know", () => {
  const lower = { ...PLAIN, encodingName: "g726-40", channelCount: 1 };
  assertEquals(g726PayloadFormat.parseDescription(lower), G726_40);
  for (
    const other of [
      { ...PLAIN, encodingName: "G726-48" },
      { ...PLAIN, encodingName: "G726" },
      { ...PLAIN, clockRateHz: 16_000 },
      { ...PLAIN, channelCount: 2 },
    ]
  ) assertEquals(g726PayloadFormat.parseDescription(other), undefined);
});

for (const { bitRateKbps, packets } of BIT_RATES) {
  Deno.test(`G726-${bitRateKbps} packetize() splits where samples fill whole bytes`, () => {
    assertEquals(
      packetsOf(g726PayloadFormat, { ...G726_40, bitRateKbps }, {
        parts: ["0102030405060708090a"],
        maxPayloadBytes: 6,
      }),
      packets,
    );
  });
}

testBadPayloads(g726PayloadFormat, G726_40, [
  Uint8Array.fromHex("0102030405060708090a"),
]);
