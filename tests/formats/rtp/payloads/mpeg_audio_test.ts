import { ParseError } from "#base/errors.ts";
import type { MpegAudioParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { mpegAudioPayloadFormat } from "#formats/rtp/payloads/mpeg_audio.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };

/** MPEG-1 layer II, 32 kbit/s at 48 kHz: 96 bytes, 24 ms. */
const FRAME_BYTES = 96;
const FRAME_TICKS = 2_160;

function frame(fill: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_BYTES).fill(fill);
  bytes.set(Uint8Array.fromHex("fffd1404"));
  return bytes;
}

function payloadOf(
  offsetBytes: number,
  ...pieces: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    ...[0, 0, offsetBytes >>> 8, offsetBytes & 0xff],
    ...pieces.flatMap((piece) => [...piece]),
  );
}

function description(
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: 14,
    encodingName: "MPA",
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(),
    ...changes,
  };
}

function packetize(
  parts: readonly Uint8Array[],
  maxPayloadBytes: number,
): [payload: string, marker: boolean, offsetTicks: number][] {
  return mpegAudioPayloadFormat.openPacketizer(PARAMETERS, maxPayloadBytes)
    .packetize(parts, true)
    .map(({ bytes, marker, offsetTicks }) => [
      bytes.toHex(),
      marker,
      offsetTicks,
    ]);
}

const depacketizer = mpegAudioPayloadFormat.openDepacketizer(PARAMETERS);
const FRAMES = [frame(1), frame(2), frame(3)];
const [FIRST, SECOND, THIRD] = FRAMES as [Uint8Array, Uint8Array, Uint8Array];

Deno.test("mpegAudioPayloadFormat.parseDescription() takes MPA at 90 kHz, whatever its payload type", () => {
  for (
    const [read, parameters] of [
      [description(), PARAMETERS],
      [description({ payloadType: 96, encodingName: "mpa" }), PARAMETERS],
      [description({ encodingName: "mpa-robust" }), undefined],
      [description({ payloadType: 96, clockRateHz: 44_100 }), undefined],
    ] as const
  ) {
    assertEquals(mpegAudioPayloadFormat.parseDescription(read), parameters);
  }
});

Deno.test("mpegAudioPayloadFormat.describe() needs no rtpmap for the static payload type", () => {
  assertEquals(
    mpegAudioPayloadFormat.describe(PARAMETERS),
    description({ encodingName: "" }),
  );
});

Deno.test("MPA packetize() puts frames into packets as long as they fit", () => {
  assertEquals(packetize(FRAMES, 4 + 2 * FRAME_BYTES), [
    [payloadOf(0, FIRST, SECOND).toHex(), false, 0],
    [payloadOf(0, THIRD).toHex(), false, 2 * FRAME_TICKS],
  ]);
  assertEquals(packetize(FRAMES, 4 + 2 * FRAME_BYTES - 1), [
    [payloadOf(0, FIRST).toHex(), false, 0],
    [payloadOf(0, SECOND).toHex(), false, FRAME_TICKS],
    [payloadOf(0, THIRD).toHex(), false, 2 * FRAME_TICKS],
  ]);
});

Deno.test("MPA packetize() fragments what is larger than a packet", () => {
  assertEquals(packetize([FIRST, SECOND], 44), [
    [payloadOf(0, FIRST.subarray(0, 40)).toHex(), false, 0],
    [payloadOf(40, FIRST.subarray(40, 80)).toHex(), false, 0],
    [payloadOf(80, FIRST.subarray(80)).toHex(), false, 0],
    [payloadOf(0, SECOND.subarray(0, 40)).toHex(), false, FRAME_TICKS],
    [payloadOf(40, SECOND.subarray(40, 80)).toHex(), false, FRAME_TICKS],
    [payloadOf(80, SECOND.subarray(80)).toHex(), false, FRAME_TICKS],
  ]);
});

Deno.test("MPA packetize() leaves out what is not exactly one frame", () => {
  const parts = [
    FIRST.subarray(0, -1),
    SECOND,
    new Uint8Array(),
    Uint8Array.of(...THIRD, 0),
  ];
  assertEquals(packetize(parts, 500), [
    [payloadOf(0, SECOND).toHex(), false, 0],
  ]);
});

Deno.test("MPA extract() reads back what packetize() writes", () => {
  for (const maxPayloadBytes of [8, 50, 100, 200, 1_440]) {
    const payloads = mpegAudioPayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes)
      .packetize(FRAMES, true);
    assert(payloads.every(({ bytes }) => bytes.length <= maxPayloadBytes));
    assertEquals(
      depacketizer.extract(payloads.map(({ bytes }) => bytes)),
      FRAMES,
    );
  }
});

Deno.test("MPA extract() takes a cut frame behind whole ones", () => {
  const payloads = [
    payloadOf(0, FIRST, SECOND.subarray(0, 50)),
    payloadOf(50, SECOND.subarray(50)),
  ];
  assertEquals(depacketizer.extract(payloads), [FIRST, SECOND]);
});

const WHOLE_UNITS = [
  { name: "whole frames", payload: payloadOf(0, FIRST, SECOND), isLast: true },
  {
    name: "a first fragment",
    payload: payloadOf(0, FIRST.subarray(0, 90)),
    isLast: false,
  },
  {
    name: "a last fragment, which does not tell",
    payload: payloadOf(90, FIRST.subarray(90)),
    isLast: false,
  },
  {
    name: "what cannot be read",
    payload: payloadOf(0, Uint8Array.of(1, 2, 3, 4, 5)),
    isLast: true,
  },
  { name: "an empty payload", payload: new Uint8Array(), isLast: true },
];

for (const { name, payload, isLast } of WHOLE_UNITS) {
  Deno.test(`MPA unitBoundary is ${isLast} for ${name}`, () => {
    const { unitBoundary } = mpegAudioPayloadFormat;
    assert(typeof unitBoundary === "function");
    assertEquals(unitBoundary(payload), isLast);
  });
}

const REJECTED = [
  { name: "an empty payload", payloads: [new Uint8Array()] },
  { name: "nothing but a header", payloads: [payloadOf(0)] },
  {
    name: "bytes that are no frame",
    payloads: [payloadOf(0, FIRST, Uint8Array.of(1, 2, 3))],
  },
  { name: "a fragment that nothing began", payloads: [payloadOf(9, FIRST)] },
  {
    name: "a frame without its end",
    payloads: [payloadOf(0, FIRST.subarray(0, 50))],
  },
  {
    name: "a missing fragment",
    payloads: [
      payloadOf(0, FIRST.subarray(0, 30)),
      payloadOf(60, FIRST.subarray(60)),
    ],
  },
  {
    name: "a fragment that is too long",
    payloads: [
      payloadOf(0, FIRST.subarray(0, 50)),
      payloadOf(50, FIRST.subarray(49)),
    ],
  },
  {
    name: "another frame in place of the rest",
    payloads: [payloadOf(0, FIRST.subarray(0, 50)), payloadOf(0, SECOND)],
  },
];

for (const { name, payloads } of REJECTED) {
  Deno.test(`MPA extract() rejects ${name}`, () => {
    assertThrows(() => depacketizer.extract(payloads), ParseError);
  });
}

Deno.test("MPA extract() rejects every prefix", () => {
  for (const prefix of prefixes(payloadOf(0, FIRST))) {
    assertThrows(() => depacketizer.extract([prefix]), ParseError);
  }
});

Deno.test("MPA extract() throws only ParseError, inspect() and unitBoundary never", () => {
  const { unitBoundary } = mpegAudioPayloadFormat;
  assert(typeof unitBoundary === "function");
  const seeds = [
    payloadOf(0, FIRST, SECOND),
    payloadOf(0, FIRST.subarray(0, 50)),
    payloadOf(50, FIRST.subarray(50)),
  ];
  for (const payload of mutations(seeds)) {
    unitBoundary(payload);
    const payloads = [seeds[1]!, payload];
    assertEquals(depacketizer.inspect(payloads).isRandomAccess, true);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
