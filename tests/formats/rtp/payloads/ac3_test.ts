import { ParseError } from "#base/errors.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { ac3PayloadFormat } from "#formats/rtp/payloads/ac3.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const PARAMETERS: Ac3Parameters = {
  codec: "ac3",
  sampleRateHz: 48_000,
  channelCount: 2,
};

/** 32 kbit/s at 48 kHz. */
const FRAME_BYTES = 128;
const FRAME_TICKS = 1_536;

function frame(fill: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_BYTES).fill(fill);
  bytes.set(Uint8Array.fromHex("0b770000004040"));
  return bytes;
}

function payloadOf(
  frameType: number,
  count: number,
  ...pieces: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    ...[frameType, count],
    ...pieces.flatMap((piece) => [...piece]),
  );
}

function description(
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "AC3",
    clockRateHz: 48_000,
    channelCount: 2,
    fmtp: new Map(),
    ...changes,
  };
}

function packetize(
  parts: readonly Uint8Array[],
  maxPayloadBytes: number,
): [payload: string, marker: boolean, offsetTicks: number][] {
  return ac3PayloadFormat.openPacketizer(PARAMETERS, maxPayloadBytes)
    .packetize(parts, true)
    .map(({ bytes, marker, offsetTicks }) => [
      bytes.toHex(),
      marker,
      offsetTicks,
    ]);
}

const depacketizer = ac3PayloadFormat.openDepacketizer(PARAMETERS);
const FRAMES = [frame(1), frame(2), frame(3)];
const [FIRST, SECOND, THIRD] = FRAMES as [Uint8Array, Uint8Array, Uint8Array];

Deno.test("ac3PayloadFormat.parseDescription() and describe() agree", () => {
  assertEquals(ac3PayloadFormat.parseDescription(description()), PARAMETERS);
  assertEquals(ac3PayloadFormat.describe(PARAMETERS), description());
});

Deno.test("ac3PayloadFormat.parseDescription() counts six channels where nothing is said", () => {
  const read = description({ encodingName: "ac3", channelCount: undefined });
  assertEquals(ac3PayloadFormat.parseDescription(read)?.channelCount, 6);
});

Deno.test("ac3PayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = description({ encodingName: "EAC3" });
  assertEquals(ac3PayloadFormat.parseDescription(other), undefined);
  for (
    const [wrong, field] of [
      [description({ channelCount: 7 }), "channels"],
      [description({ clockRateHz: 192_001 }), "clock rate"],
    ] as const
  ) {
    const error = assertThrows(
      () => ac3PayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("AC3 packetize() puts frames into packets as long as they fit, each marked", () => {
  assertEquals(packetize(FRAMES, 2 + 2 * FRAME_BYTES), [
    [payloadOf(0, 2, FIRST, SECOND).toHex(), true, 0],
    [payloadOf(0, 1, THIRD).toHex(), true, 2 * FRAME_TICKS],
  ]);
});

Deno.test("AC3 packetize() fragments what is larger than a packet and marks the last", () => {
  assertEquals(packetize([FIRST, SECOND], 82), [
    [payloadOf(1, 2, FIRST.subarray(0, 80)).toHex(), false, 0],
    [payloadOf(3, 2, FIRST.subarray(80)).toHex(), true, 0],
    [payloadOf(1, 2, SECOND.subarray(0, 80)).toHex(), false, FRAME_TICKS],
    [payloadOf(3, 2, SECOND.subarray(80)).toHex(), true, FRAME_TICKS],
  ]);
  assertEquals(packetize([FIRST], 52), [
    [payloadOf(2, 3, FIRST.subarray(0, 50)).toHex(), false, 0],
    [payloadOf(3, 3, FIRST.subarray(50, 100)).toHex(), false, 0],
    [payloadOf(3, 3, FIRST.subarray(100)).toHex(), true, 0],
  ]);
});

Deno.test("AC3 packetize() leaves out what is not exactly one frame", () => {
  const parts = [FIRST.subarray(1), SECOND, SECOND.subarray(0, 100)];
  assertEquals(packetize(parts, 500), [
    [payloadOf(0, 1, SECOND).toHex(), true, 0],
  ]);
});

Deno.test("AC3 extract() reads back what packetize() writes", () => {
  for (const maxPayloadBytes of [9, 50, 130, 300, 1_440]) {
    const payloads = ac3PayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes)
      .packetize(FRAMES, true);
    assert(payloads.every(({ bytes }) => bytes.length <= maxPayloadBytes));
    assertEquals(
      depacketizer.extract(payloads.map(({ bytes }) => bytes)),
      FRAMES,
    );
  }
});

Deno.test("AC3 extract() does not believe counts and kinds of a first fragment [GStreamer 1.22]", () => {
  const payloads = [
    payloadOf(1, 9, FIRST.subarray(0, 20)),
    payloadOf(3, 9, FIRST.subarray(20)),
    payloadOf(0, 7, SECOND),
  ];
  assertEquals(depacketizer.extract(payloads), [FIRST, SECOND]);
});

const REJECTED = [
  { name: "an empty payload", payloads: [new Uint8Array()] },
  { name: "nothing but a header", payloads: [payloadOf(0, 0)] },
  {
    name: "bytes that are no frame",
    payloads: [payloadOf(0, 2, FIRST, Uint8Array.of(1, 2, 3))],
  },
  { name: "a fragment that nothing began", payloads: [payloadOf(3, 2, FIRST)] },
  {
    name: "a frame without its end",
    payloads: [payloadOf(1, 2, FIRST.subarray(0, 100))],
  },
  {
    name: "a fragment that is too long",
    payloads: [
      payloadOf(1, 2, FIRST.subarray(0, 100)),
      payloadOf(3, 2, FIRST.subarray(99)),
    ],
  },
  {
    name: "another frame in place of the rest",
    payloads: [
      payloadOf(1, 2, FIRST.subarray(0, 100)),
      payloadOf(0, 1, SECOND),
    ],
  },
];

for (const { name, payloads } of REJECTED) {
  Deno.test(`AC3 extract() rejects ${name}`, () => {
    assertThrows(() => depacketizer.extract(payloads), ParseError);
  });
}

Deno.test("AC3 extract() rejects every prefix", () => {
  for (const prefix of prefixes(payloadOf(0, 1, FIRST))) {
    assertThrows(() => depacketizer.extract([prefix]), ParseError);
  }
});

Deno.test("AC3 extract() throws only ParseError, inspect() never", () => {
  const seeds = [
    payloadOf(0, 2, FIRST, SECOND),
    payloadOf(2, 2, FIRST.subarray(0, 50)),
    payloadOf(3, 2, FIRST.subarray(50)),
  ];
  for (const payload of mutations(seeds)) {
    const payloads = [seeds[1]!, payload];
    assertEquals(depacketizer.inspect(payloads).isRandomAccess, true);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
