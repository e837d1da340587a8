import { ParseError } from "#base/errors.ts";
import type { SpeexParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { speexPayloadFormat } from "#formats/rtp/payloads/speex.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  assertWrong,
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

const WIDEBAND: SpeexParameters = {
  codec: "speex",
  sampleRateHz: 16_000,
  vbr: undefined,
};

const PLAIN: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: undefined,
  encodingName: "speex",
  clockRateHz: 16_000,
  channelCount: undefined,
  fmtp: new Map(),
};

testDescriptions(speexPayloadFormat, [
  { name: "wideband", description: PLAIN, parameters: WIDEBAND },
  {
    name: "narrowband",
    description: { ...PLAIN, clockRateHz: 8_000 },
    parameters: { ...WIDEBAND, sampleRateHz: 8_000 },
  },
  ...(["on", "off", "vad"] as const).map((vbr) => ({
    name: `vbr=${vbr}`,
    description: { ...PLAIN, fmtp: new Map([["vbr", vbr]]) },
    parameters: { ...WIDEBAND, vbr },
  })),
]);

Deno.test("speexPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const upper = {
    ...PLAIN,
    encodingName: "SPEEX",
    channelCount: 1,
    fmtp: new Map([["mode", '"1,any"'], ["vbr", "VAD"]]),
  };
  assertEquals(
    speexPayloadFormat.parseDescription(upper),
    { ...WIDEBAND, vbr: "vad" },
  );
  const other = { ...PLAIN, encodingName: "opus" };
  assertEquals(speexPayloadFormat.parseDescription(other), undefined);
  assertWrong(speexPayloadFormat, { ...PLAIN, clockRateHz: 0 }, "clock rate");
  const vbr = { ...PLAIN, fmtp: new Map([["vbr", "maybe"]]) };
  assertWrong(speexPayloadFormat, vbr, "vbr");
});

Deno.test("Speex packetize() sends packets whole, and none over the limit", () => {
  assertEquals(
    packetsOf(speexPayloadFormat, WIDEBAND, {
      parts: ["010203", "04050607"],
      maxPayloadBytes: 3,
    }),
    [["010203", 0]],
  );
});

Deno.test("Speex extract() gives packets as they are and rejects empty ones", () => {
  const depacketizer = speexPayloadFormat.openDepacketizer(WIDEBAND);
  const packet = Uint8Array.of(1, 2, 3);
  assertEquals(depacketizer.extract([packet]), [packet]);
  const error = assertThrows(
    () => depacketizer.extract([packet, new Uint8Array()]),
    ParseError,
  );
  assertEquals(error.field, "frames");
});

testBadPayloads(speexPayloadFormat, WIDEBAND, [Uint8Array.of(1, 2, 3)]);
