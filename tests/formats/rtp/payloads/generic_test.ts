import { ParseError } from "#base/errors.ts";
import type { GenericParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { genericPayloadFormat } from "#formats/rtp/payloads/generic.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const DESCRIPTIONS: {
  name: string;
  description: RtpFormatDescription;
  parameters: GenericParameters;
}[] = [{
  name: "a video codec with parameters",
  description: {
    mediaType: "video",
    payloadType: 98,
    encodingName: "X-CODEC",
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map([["level", "a=b"], ["fast", ""]]),
  },
  parameters: {
    codec: "generic",
    mediaType: "video",
    payloadType: 98,
    rtpMap: "X-CODEC/90000",
    fmtp: "level=a=b; fast",
    clockRateHz: 90_000,
  },
}, {
  name: "an audio codec with channels",
  description: {
    mediaType: "audio",
    payloadType: 101,
    encodingName: "flac",
    clockRateHz: 44_100,
    channelCount: 2,
    fmtp: new Map(),
  },
  parameters: {
    codec: "generic",
    mediaType: "audio",
    payloadType: 101,
    rtpMap: "flac/44100/2",
    fmtp: "",
    clockRateHz: 44_100,
  },
}, {
  name: "a section without rtpmap",
  description: {
    mediaType: "video",
    payloadType: 32,
    encodingName: "",
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(),
  },
  parameters: {
    codec: "generic",
    mediaType: "video",
    payloadType: 32,
    rtpMap: "",
    fmtp: "",
    clockRateHz: 90_000,
  },
}];

for (const { name, description, parameters } of DESCRIPTIONS) {
  Deno.test(`genericPayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    assertEquals(
      genericPayloadFormat.parseDescription(description),
      parameters,
    );
    assertEquals(genericPayloadFormat.describe(parameters), description);
  });
}

Deno.test("genericPayloadFormat.parseDescription() knows the clock of static payload types", () => {
  const { description } = DESCRIPTIONS[2]!;
  const read = genericPayloadFormat.parseDescription({
    ...description,
    clockRateHz: 0,
  });
  assertEquals(read?.clockRateHz, 90_000);
});

Deno.test("genericPayloadFormat.parseDescription() needs a clock rate and a payload type", () => {
  const { description } = DESCRIPTIONS[0]!;
  for (
    const [wrong, field] of [
      [{ ...description, clockRateHz: 0 }, "clock rate"],
      [{ ...description, payloadType: undefined }, "payload type"],
    ] as const
  ) {
    const error = assertThrows(
      () => genericPayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("generic units pass, but are never taken apart", () => {
  const { parameters } = DESCRIPTIONS[0]!;
  const payload = Uint8Array.of(1, 2, 3);
  const depacketizer = genericPayloadFormat.openDepacketizer(parameters);
  assertEquals(depacketizer.inspect([payload]), {
    isRandomAccess: true,
    parameters: undefined,
  });
  assertThrows(() => depacketizer.extract([payload]), ParseError);
  const packetizer = genericPayloadFormat.openPacketizer(parameters, 3);
  assertEquals(packetizer.packetize([payload, new Uint8Array(4)], true), [
    { bytes: payload, marker: false, offsetTicks: 0 },
  ]);
});
