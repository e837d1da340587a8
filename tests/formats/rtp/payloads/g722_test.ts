import type { G722Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { g722PayloadFormat } from "#formats/rtp/payloads/g722.ts";
import { assertEquals } from "#test/assert.ts";
import {
  assertWrong,
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

const MONO: G722Parameters = { codec: "g722", channelCount: 1 };
const STEREO: G722Parameters = { codec: "g722", channelCount: 2 };

const STATIC: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: 9,
  encodingName: "G722",
  clockRateHz: 8_000,
  channelCount: undefined,
  fmtp: new Map(),
};

testDescriptions(g722PayloadFormat, [
  { name: "static mono", description: STATIC, parameters: MONO },
  {
    name: "stereo",
    description: { ...STATIC, payloadType: undefined, channelCount: 2 },
    parameters: STEREO,
  },
]);

Deno.test("g722PayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const lower = { ...STATIC, encodingName: "g722", channelCount: 1 };
  assertEquals(g722PayloadFormat.parseDescription(lower), MONO);
  for (
    const other of [
      { ...STATIC, encodingName: "G723" },
      { ...STATIC, clockRateHz: 16_000 },
    ]
  ) assertEquals(g722PayloadFormat.parseDescription(other), undefined);
  for (const channelCount of [0, 3]) {
    assertWrong(g722PayloadFormat, { ...STATIC, channelCount }, "channels");
  }
});

Deno.test("G722 packetize() splits between bytes of all channels, a tick each", () => {
  const parts = ["0102030405", "0607"];
  const maxPayloadBytes = 3;
  assertEquals(
    packetsOf(g722PayloadFormat, MONO, { parts, maxPayloadBytes }),
    [["010203", 0], ["0405", 3], ["0607", 5]],
  );
  assertEquals(
    packetsOf(g722PayloadFormat, STEREO, { parts, maxPayloadBytes }),
    [["0102", 0], ["0304", 1], ["0607", 2]],
  );
});

testBadPayloads(g722PayloadFormat, STEREO, [Uint8Array.fromHex("01020304")]);
