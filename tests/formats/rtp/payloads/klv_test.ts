import { ParseError } from "#base/errors.ts";
import { codecKind, type KlvParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { klvPayloadFormat } from "#formats/rtp/payloads/klv.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const PARAMETERS: KlvParameters = { codec: "klv" };

const KEY = "060e2b34020b01010e01030101000000";
const UNIT = Uint8Array.fromHex(`${KEY}03aabbcc` + `${KEY}02ddee`);

function description(
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "application",
    payloadType: undefined,
    encodingName: "SMPTE336M",
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(),
    ...changes,
  };
}

const depacketizer = klvPayloadFormat.openDepacketizer(PARAMETERS);

Deno.test("klvPayloadFormat.parseDescription() and describe() agree, the track is data", () => {
  assertEquals(klvPayloadFormat.parseDescription(description()), PARAMETERS);
  assertEquals(klvPayloadFormat.describe(PARAMETERS), description());
  assertEquals(codecKind(PARAMETERS), "data");
});

Deno.test("klvPayloadFormat.parseDescription() takes any media type, but one clock rate only", () => {
  for (
    const [read, parameters] of [
      [description({ mediaType: "video" }), PARAMETERS],
      [description({ encodingName: "smpte336m" }), PARAMETERS],
      [description({ clockRateHz: 1_000 }), undefined],
      [description({ encodingName: "vnd.onvif.metadata" }), undefined],
    ] as const
  ) {
    assertEquals(klvPayloadFormat.parseDescription(read), parameters);
  }
});

Deno.test("KLV packetize() splits a unit and marks its end", () => {
  const packetizer = klvPayloadFormat.openPacketizer(PARAMETERS, 16);
  assertEquals(
    packetizer.packetize([UNIT, new Uint8Array()], true)
      .map(({ bytes, marker, offsetTicks }) => [
        bytes.toHex(),
        marker,
        offsetTicks,
      ]),
    [
      [KEY, false, 0],
      ["03aabbcc" + KEY.slice(0, 24), false, 0],
      [KEY.slice(24) + "02ddee", true, 0],
    ],
  );
});

Deno.test("KLV extract() reads back what packetize() writes", () => {
  for (const maxPayloadBytes of [1, 16, 38, 39, 1_440]) {
    const payloads = klvPayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes)
      .packetize([UNIT], true);
    assertEquals(payloads.length, Math.ceil(UNIT.length / maxPayloadBytes));
    assertEquals(
      depacketizer.extract(payloads.map(({ bytes }) => bytes)),
      [UNIT],
    );
  }
});

Deno.test("KLV extract() rejects a unit that is not whole", () => {
  const pieces = [0, 10, 20, 30].map((at) => UNIT.subarray(at, at + 10));
  for (const missing of pieces) {
    const payloads = pieces.filter((piece) => piece !== missing);
    const error = assertThrows(
      () => depacketizer.extract(payloads),
      ParseError,
    );
    assertEquals(error.field, "KLVunit");
  }
  assertThrows(() => depacketizer.extract([]), ParseError);
  for (const prefix of prefixes(UNIT)) {
    // The first item alone is a unit, too.
    if (prefix.length === 20) continue;
    assertThrows(() => depacketizer.extract([prefix]), ParseError);
  }
});

Deno.test("KLV extract() keeps to its limit", () => {
  const megabyte = new Uint8Array(1_024 * 1_024);
  const error = assertThrows(
    () => depacketizer.extract([megabyte, UNIT]),
    ParseError,
  );
  assertEquals(error.field, "fragments");
});

Deno.test("KLV extract() throws only ParseError, inspect() never", () => {
  for (const payload of mutations([UNIT])) {
    assertEquals(depacketizer.inspect([payload]).isRandomAccess, true);
    try {
      depacketizer.extract([payload]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
