import { ParseError } from "#base/errors.ts";
import type { FlacParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { flacPayloadFormat } from "#formats/rtp/payloads/flac.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const STREAM_INFO_HEX = "10001200000000000000" + "0ac442f000000000" +
  "00".repeat(16);

const PARAMETERS: FlacParameters = {
  codec: "flac",
  streamInfo: Uint8Array.fromHex(STREAM_INFO_HEX),
  sampleRateHz: 44_100,
  channelCount: 2,
};
const UNKNOWN: FlacParameters = { ...PARAMETERS, streamInfo: undefined };

/** 4,608 samples of one channel at 44.1 kHz, 24 bits [ffmpeg 5.1]. */
const FRAME = Uint8Array.fromHex("fff8590c0068000000009208");
const FRAME_STREAM_INFO_HEX = "12001200000000000000" + "0ac4417000000000" +
  "00".repeat(16);

function description(
  fmtp: Record<string, string>,
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "application",
    payloadType: undefined,
    encodingName: "flac",
    clockRateHz: 44_100,
    channelCount: undefined,
    fmtp: new Map(Object.entries(fmtp)),
    ...changes,
  };
}

Deno.test("flacPayloadFormat.parseDescription() and describe() agree", () => {
  const known = description({ streaminfo: STREAM_INFO_HEX });
  assertEquals(flacPayloadFormat.parseDescription(known), PARAMETERS);
  assertEquals(flacPayloadFormat.describe(PARAMETERS), known);
  const unknown = description({});
  assertEquals(flacPayloadFormat.parseDescription(unknown), UNKNOWN);
  assertEquals(flacPayloadFormat.describe(UNKNOWN), unknown);
});

Deno.test("flacPayloadFormat.parseDescription() counts channels of STREAMINFO before those of the rtpmap", () => {
  for (
    const [read, channelCount] of [
      [description({}, { encodingName: "FLAC", channelCount: 6 }), 6],
      [
        description({ streaminfo: STREAM_INFO_HEX }, { channelCount: 6 }),
        2,
      ],
    ] as const
  ) {
    const parameters = flacPayloadFormat.parseDescription(read);
    assertEquals(parameters?.channelCount, channelCount);
  }
});

Deno.test("flacPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = description({}, { encodingName: "opus" });
  assertEquals(flacPayloadFormat.parseDescription(other), undefined);
  for (
    const [wrong, field] of [
      [description({}, { clockRateHz: 192_001 }), "clock rate"],
      [description({}, { channelCount: 9 }), "channels"],
      [description({ streaminfo: "12" }), "streaminfo"],
      [description({ streaminfo: `${STREAM_INFO_HEX}00` }), "streaminfo"],
      [description({ streaminfo: "xy".repeat(34) }), "streaminfo"],
      [description({ streaminfo: "00".repeat(34) }), "maximum block size"],
    ] as const
  ) {
    const error = assertThrows(
      () => flacPayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("FLAC inspect() makes the STREAMINFO that is missing from the first frame", () => {
  const depacketizer = flacPayloadFormat.openDepacketizer(UNKNOWN);
  assertEquals(depacketizer.inspect([]).parameters, undefined);
  assertEquals(
    depacketizer.inspect([Uint8Array.of(1, 2)]).parameters,
    undefined,
  );
  const { isRandomAccess, parameters } = depacketizer.inspect([FRAME]);
  assertEquals(isRandomAccess, true);
  assert(parameters?.streamInfo);
  assertEquals(parameters.streamInfo.toHex(), FRAME_STREAM_INFO_HEX);
  assertEquals(parameters.channelCount, 1);
  assertEquals(depacketizer.inspect([FRAME]).parameters, undefined);
});

Deno.test("FLAC inspect() keeps the STREAMINFO that was announced", () => {
  const depacketizer = flacPayloadFormat.openDepacketizer(PARAMETERS);
  assertEquals(depacketizer.inspect([FRAME]).parameters, undefined);
});

Deno.test("FLAC packetize() gives each frame its packets and marks the last", () => {
  const packetizer = flacPayloadFormat.openPacketizer(PARAMETERS, 8);
  assertEquals(
    packetizer.packetize([FRAME, Uint8Array.of(1), FRAME], true)
      .map(({ bytes, marker, offsetTicks }) => [
        bytes.toHex(),
        marker,
        offsetTicks,
      ]),
    [
      ["fff8590c00680000", false, 0],
      ["00009208", true, 0],
      ["fff8590c00680000", false, 4_608],
      ["00009208", true, 4_608],
    ],
  );
});

Deno.test("FLAC extract() reads back what packetize() writes", () => {
  const depacketizer = flacPayloadFormat.openDepacketizer(PARAMETERS);
  for (const maxPayloadBytes of [1, 5, 12, 1_440]) {
    const payloads = flacPayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes)
      .packetize([FRAME], true);
    assertEquals(
      depacketizer.extract(payloads.map(({ bytes }) => bytes)),
      [FRAME],
    );
  }
});

Deno.test("FLAC extract() rejects a frame that is not whole", () => {
  const depacketizer = flacPayloadFormat.openDepacketizer(PARAMETERS);
  const pieces = [0, 4, 8].map((at) => FRAME.subarray(at, at + 4));
  for (const missing of pieces) {
    const payloads = pieces.filter((piece) => piece !== missing);
    const error = assertThrows(
      () => depacketizer.extract(payloads),
      ParseError,
    );
    assertEquals(error.field, "frame");
  }
  for (const prefix of prefixes(FRAME)) {
    assertThrows(() => depacketizer.extract([prefix]), ParseError);
  }
});

Deno.test("FLAC extract() throws only ParseError, inspect() never", () => {
  for (const payload of mutations([FRAME])) {
    const depacketizer = flacPayloadFormat.openDepacketizer(UNKNOWN);
    assertEquals(depacketizer.inspect([payload]).isRandomAccess, true);
    try {
      depacketizer.extract([payload]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
