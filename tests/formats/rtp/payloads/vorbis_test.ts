import { ParseError } from "#base/errors.ts";
import type { VorbisParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { vorbisPayloadFormat } from "#formats/rtp/payloads/vorbis.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { CONFIGURATION, IDENT, PACKED_HEADERS } from "./vorbis_samples.ts";

const PARAMETERS: VorbisParameters = {
  codec: "vorbis",
  sampleRateHz: 44_100,
  channelCount: 1,
  configuration: CONFIGURATION,
};

const WHOLE = 0;
const FIRST_FRAGMENT = 1;
const NEXT_FRAGMENT = 2;
const LAST_FRAGMENT = 3;

/** A payload of packets or fragments; the count is that of packets only. */
function payloadOf(
  fragmentType: number,
  packets: readonly Uint8Array[],
  dataType = 0,
  ident = IDENT,
): Uint8Array<ArrayBuffer> {
  const count = fragmentType === WHOLE ? packets.length : 0;
  return Uint8Array.of(
    ...[ident >>> 16, ident >>> 8 & 0xff, ident & 0xff],
    fragmentType << 6 | dataType << 4 | count,
    ...packets.flatMap((one) => [one.length >>> 8, one.length & 0xff, ...one]),
  );
}

function description(
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "VORBIS",
    clockRateHz: 44_100,
    channelCount: 1,
    fmtp: new Map([["configuration", CONFIGURATION.toBase64()]]),
    ...changes,
  };
}

/** An audio packet: its first bits say that, and which mode it has. */
function packet(isLong: boolean, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes).fill(0x80 + sizeBytes);
  bytes[0] = isLong ? 0b10 : 0;
  return bytes;
}

const LONG = packet(true, 20);
const SHORT = packet(false, 10);

Deno.test("vorbisPayloadFormat.parseDescription() and describe() agree", () => {
  assertEquals(vorbisPayloadFormat.parseDescription(description()), PARAMETERS);
  assertEquals(vorbisPayloadFormat.describe(PARAMETERS), description());
});

Deno.test("vorbisPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = description({ encodingName: "theora" });
  assertEquals(vorbisPayloadFormat.parseDescription(other), undefined);
  for (
    const [wrong, field] of [
      [description({ clockRateHz: 192_001 }), "clock rate"],
      [description({ channelCount: 256 }), "channels"],
      [description({ fmtp: new Map() }), "configuration"],
      [
        description({ fmtp: new Map([["configuration", "*"]]) }),
        "configuration",
      ],
      [
        description({
          fmtp: new Map([["configuration", "A".repeat(200_000)]]),
        }),
        "configuration",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => vorbisPayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("Vorbis packetize() shares packets and moves them by what came before", () => {
  const packetizer = vorbisPayloadFormat.openPacketizer(PARAMETERS, 40);
  const packetize = (parts: readonly Uint8Array[]) =>
    packetizer.packetize(parts, true).map(({ bytes, marker, offsetTicks }) => [
      bytes.toHex(),
      marker,
      offsetTicks,
    ]);
  assertEquals(packetize([LONG, SHORT, SHORT, LONG]), [
    [payloadOf(WHOLE, [LONG, SHORT]).toHex(), false, 0],
    // Half of the first block, then where a long and a short one overlap.
    [payloadOf(WHOLE, [SHORT, LONG]).toHex(), false, 1_024 + 576],
  ]);
  // What is no packet of this stream is left out.
  assertEquals(
    packetize([Uint8Array.of(1), SHORT, new Uint8Array(), LONG, LONG]),
    [
      [payloadOf(WHOLE, [SHORT, LONG]).toHex(), false, 0],
      [payloadOf(WHOLE, [LONG]).toHex(), false, 576 + 576],
    ],
  );
});

Deno.test("Vorbis packetize() fragments what is larger than a packet", () => {
  const packetizer = vorbisPayloadFormat.openPacketizer(PARAMETERS, 14);
  assertEquals(
    packetizer.packetize([LONG, SHORT], true)
      .map(({ bytes, marker, offsetTicks }) => [
        bytes.toHex(),
        marker,
        offsetTicks,
      ]),
    [
      [payloadOf(FIRST_FRAGMENT, [LONG.subarray(0, 8)]).toHex(), false, 0],
      [payloadOf(NEXT_FRAGMENT, [LONG.subarray(8, 16)]).toHex(), false, 0],
      [payloadOf(LAST_FRAGMENT, [LONG.subarray(16)]).toHex(), false, 0],
      [payloadOf(FIRST_FRAGMENT, [SHORT.subarray(0, 8)]).toHex(), false, 1_024],
      [payloadOf(LAST_FRAGMENT, [SHORT.subarray(8)]).toHex(), false, 1_024],
    ],
  );
});

Deno.test("Vorbis packetize() puts at most 15 packets into one", () => {
  const packetizer = vorbisPayloadFormat.openPacketizer(PARAMETERS, 1_440);
  const payloads = packetizer.packetize(Array(16).fill(SHORT), true);
  assertEquals(payloads.map(({ bytes }) => bytes[3]), [15, 1]);
});

Deno.test("vorbisPayloadFormat.openPacketizer() rejects headers that it cannot read", () => {
  const broken = { ...PARAMETERS, configuration: Uint8Array.of(1, 2, 3, 4) };
  assertThrows(
    () => vorbisPayloadFormat.openPacketizer(broken, 1_440),
    ParseError,
  );
});

Deno.test("Vorbis extract() reads back what packetize() writes", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
  const packets = [LONG, SHORT, LONG, SHORT];
  for (const maxPayloadBytes of [7, 20, 30, 1_440]) {
    const payloads = vorbisPayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes)
      .packetize(packets, true);
    assert(payloads.every(({ bytes }) => bytes.length <= maxPayloadBytes));
    assertEquals(
      depacketizer.extract(payloads.map(({ bytes }) => bytes)),
      packets,
    );
  }
});

Deno.test("Vorbis extract() passes over configurations and comments", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
  const payloads = [
    payloadOf(WHOLE, [PACKED_HEADERS], 1),
    payloadOf(WHOLE, [SHORT], 2),
    payloadOf(WHOLE, [LONG]),
  ];
  assertEquals(depacketizer.extract(payloads), [LONG]);
});

Deno.test("Vorbis inspect() takes a configuration in band that is another one", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
  const same = payloadOf(WHOLE, [PACKED_HEADERS], 1);
  assertEquals(depacketizer.inspect([same]).parameters, undefined);
  const pieces = [PACKED_HEADERS.subarray(0, 30), PACKED_HEADERS.subarray(30)];
  const other = [
    payloadOf(FIRST_FRAGMENT, pieces.slice(0, 1), 1, 0xabcdef),
    payloadOf(LAST_FRAGMENT, pieces.slice(1), 1, 0xabcdef),
  ];
  const { isRandomAccess, parameters } = depacketizer.inspect(other);
  assertEquals(isRandomAccess, true);
  assertEquals(
    parameters?.configuration.toHex(),
    CONFIGURATION.toHex().replace("123456", "abcdef"),
  );
  assertEquals(depacketizer.inspect(other).parameters, undefined);
});

Deno.test("Vorbis inspect() does not believe the length of a configuration [GStreamer 1.22]", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer({
    ...PARAMETERS,
    configuration: new Uint8Array(),
  });
  const payload = payloadOf(WHOLE, [PACKED_HEADERS], 1);
  const short = payload.with(5, payload[5]! - 3);
  const { parameters } = depacketizer.inspect([short]);
  assertEquals(parameters?.configuration.toHex(), CONFIGURATION.toHex());
});

Deno.test("Vorbis inspect() passes over a configuration that is not whole", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer({
    ...PARAMETERS,
    configuration: new Uint8Array(),
  });
  const pieces = [0, 30, 60].map((at) => PACKED_HEADERS.subarray(at, at + 30));
  const [first, next, last] = pieces.map((piece, i) =>
    payloadOf(FIRST_FRAGMENT + i, [piece], 1)
  ) as [Uint8Array, Uint8Array, Uint8Array];
  for (
    const payloads of [
      [first],
      [last],
      [first, next],
      [next, last],
      [payloadOf(WHOLE, [pieces[0]!], 1)],
    ]
  ) {
    assertEquals(depacketizer.inspect(payloads).parameters, undefined);
  }
});

const BOUNDARIES = [
  { name: "whole packets", payload: payloadOf(WHOLE, [LONG]), isLast: true },
  {
    name: "a first fragment",
    payload: payloadOf(FIRST_FRAGMENT, [LONG]),
    isLast: false,
  },
  {
    name: "a fragment in the middle",
    payload: payloadOf(NEXT_FRAGMENT, [LONG]),
    isLast: false,
  },
  {
    name: "a last fragment",
    payload: payloadOf(LAST_FRAGMENT, [LONG]),
    isLast: true,
  },
  { name: "a cut payload", payload: Uint8Array.of(1, 2, 3), isLast: true },
];

for (const { name, payload, isLast } of BOUNDARIES) {
  Deno.test(`Vorbis unitBoundary is ${isLast} for ${name}`, () => {
    const { unitBoundary } = vorbisPayloadFormat;
    assert(typeof unitBoundary === "function");
    assertEquals(unitBoundary(payload), isLast);
  });
}

const REJECTED = [
  { name: "an empty payload", payloads: [new Uint8Array()], field: "payload" },
  {
    name: "fewer packets than counted",
    payloads: [payloadOf(WHOLE, [LONG]).with(3, 2)],
    field: "length",
  },
  {
    name: "an empty packet",
    payloads: [payloadOf(WHOLE, [new Uint8Array()])],
    field: "length",
  },
  {
    name: "a fragment that nothing began",
    payloads: [payloadOf(NEXT_FRAGMENT, [LONG])],
    field: "F",
  },
  {
    name: "a packet without its end",
    payloads: [payloadOf(FIRST_FRAGMENT, [LONG])],
    field: "F",
  },
  {
    name: "whole packets among fragments",
    payloads: [payloadOf(FIRST_FRAGMENT, [LONG]), payloadOf(WHOLE, [LONG])],
    field: "F",
  },
  {
    name: "a joined packet over the limit",
    payloads: [
      payloadOf(FIRST_FRAGMENT, [new Uint8Array(60_000)]),
      payloadOf(LAST_FRAGMENT, [new Uint8Array(60_000)]),
    ],
    field: "fragments",
  },
];

for (const { name, payloads, field } of REJECTED) {
  Deno.test(`Vorbis extract() rejects ${name}`, () => {
    const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
    const error = assertThrows(
      () => depacketizer.extract(payloads),
      ParseError,
    );
    assertEquals(error.field, field);
  });
}

Deno.test("Vorbis extract() rejects every prefix", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
  for (const prefix of prefixes(payloadOf(WHOLE, [LONG, SHORT]))) {
    assertThrows(() => depacketizer.extract([prefix]), ParseError);
  }
});

Deno.test("Vorbis extract() throws only ParseError, inspect() never", () => {
  const depacketizer = vorbisPayloadFormat.openDepacketizer(PARAMETERS);
  const seeds = [
    payloadOf(WHOLE, [LONG, SHORT]),
    payloadOf(WHOLE, [PACKED_HEADERS], 1),
    payloadOf(FIRST_FRAGMENT, [LONG]),
    payloadOf(LAST_FRAGMENT, [LONG]),
  ];
  for (const payload of mutations(seeds)) {
    const payloads = [payload, seeds[3]!];
    assertEquals(depacketizer.inspect(payloads).isRandomAccess, true);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
