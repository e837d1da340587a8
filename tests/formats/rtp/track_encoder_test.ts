import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { payloadFormatFor } from "#formats/rtp/payload_formats.ts";
import { rtpMarker, rtpPayload } from "#formats/rtp/rtp_packet.ts";
import {
  outgoingPacketSizeBytes,
  type OutgoingRtpPacket,
  RtpTrackEncoder,
} from "#formats/rtp/track_encoder.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { aacPayload, AUDIO, h264Slice, rtpPacket, VIDEO } from "#test/units.ts";

const MAX_PACKET_BYTES = 200;

interface Encoding {
  readonly encoder: RtpTrackEncoder;
  readonly tooBig: number[];
  readonly errors: unknown[];
  /** Numbers from the encoder's first on. */
  readonly encode: (unit: MediaUnit) => Numbered[];
}

interface Numbered extends OutgoingRtpPacket {
  readonly number: number;
}

function encoding(track: Track = VIDEO): Encoding {
  const tooBig: number[] = [];
  const errors: unknown[] = [];
  const encoder = new RtpTrackEncoder({
    format: payloadFormatFor(track.codec),
    payloadType: 96,
    ssrc: 1,
    maxPacketBytes: MAX_PACKET_BYTES,
    onTooBig: (sizeBytes) => tooBig.push(sizeBytes),
    onError: (error) => errors.push(error),
  });
  const first = encoder.nextSequenceNumber;
  const encode = (unit: MediaUnit) =>
    encoder.encode(unit, track).map((packet) => ({
      ...packet,
      number: packet.sequenceNumber - first & 0xffff,
    }));
  return { encoder, tooBig, errors, encode };
}

function unit(
  origin: MediaUnit["origin"],
  ptsTicks = 0,
  isRandomAccess = false,
): MediaUnit {
  return {
    trackId: VIDEO.id,
    ptsTicks,
    dtsTicks: ptsTicks,
    wallClockMs: 0,
    isRandomAccess,
    sizeBytes: 1,
    origin,
  };
}

/** A picture that came as packets with these numbers and sizes. */
function packetUnit(
  sequenceNumbers: readonly number[],
  ptsTicks = 0,
  sizeBytes = 60,
): MediaUnit {
  const packets = sequenceNumbers.map((sequenceNumber, i) => {
    const isLast = i === sequenceNumbers.length - 1;
    const slice = h264Slice(false, sizeBytes - 12, 1 + i);
    return rtpPacket(
      { sequenceNumber: sequenceNumber & 0xffff, marker: isLast },
      slice,
    );
  });
  return unit({ kind: "packets", formatId: "rtp/h264", packets }, ptsTicks);
}

function payloadUnit(sizeBytes: number, ptsTicks = 0): MediaUnit {
  const parts = [h264Slice(false, sizeBytes)];
  return unit({ kind: "payload", parts }, ptsTicks);
}

function numbers(packets: readonly Numbered[]): number[] {
  return packets.map(({ number }) => number);
}

Deno.test("RtpTrackEncoder.encode() passes packets that fit untouched but for the header", () => {
  const { encoder, encode, tooBig, errors } = encoding();
  const source = packetUnit([65_534, 65_535, 65_536], 9_000);
  const extended = source.origin.kind === "packets"
    ? source.origin.packets[1]!
    : new Uint8Array();
  extended.set([0b10_1_0_0000, 0x00]);
  extended[extended.length - 1] = 4;
  const before = extended.slice();
  const packets = encode(source);
  assertEquals(numbers(packets), [0, 1, 2]);
  assertEquals(packets.map(({ marker }) => marker), [false, false, true]);
  assertEquals(packets[1]!.firstByte, 0b10_1_0_0000);
  for (const [i, packet] of packets.entries()) {
    assertEquals(packet.timestampTicks, encoder.rtpTimestamp(9_000));
    if (source.origin.kind !== "packets") continue;
    const whole = source.origin.packets[i]!;
    assertEquals(packet.body, whole.subarray(12));
    assert(packet.body.buffer === whole.buffer, "the bytes are copied");
    assertEquals(outgoingPacketSizeBytes(packet), whole.length);
  }
  assertEquals(extended, before);
  assertEquals([tooBig, errors], [[], []]);
});

const SPACINGS = [
  { name: "follows on", units: [[7, 8], [9]], is: [[0, 1], [2]] },
  { name: "shows a loss between units", units: [[7], [10]], is: [[0], [3]] },
  {
    name: "shows a loss inside a unit",
    units: [[7, 9], [10]],
    is: [[0, 2], [3]],
  },
  { name: "wraps", units: [[65_535], [65_536], [65_538]], is: [[0], [1], [3]] },
  {
    name: "shows a loss of 1,000",
    units: [[7], [1_008]],
    is: [[0], [1_001]],
  },
  {
    name: "hides a publisher that counts anew",
    units: [[7], [1_009], [3], [60_000]],
    is: [[0], [1], [2], [3]],
  },
];

for (const { name, units, is } of SPACINGS) {
  Deno.test(`RtpTrackEncoder.encode() numbers what passes: ${name}`, () => {
    const { encode } = encoding();
    assertEquals(units.map((one) => numbers(encode(packetUnit(one)))), is);
  });
}

Deno.test("RtpTrackEncoder.encode() packetises what came as payload", () => {
  const { encode, errors } = encoding();
  const packets = encode(payloadUnit(500));
  assertEquals(numbers(packets), [0, 1, 2]);
  for (const packet of packets) {
    assert(outgoingPacketSizeBytes(packet) <= MAX_PACKET_BYTES);
    assertEquals(packet.firstByte, 0x80);
  }
  assertEquals(packets.map(({ marker }) => marker), [false, false, true]);
  assertEquals(errors, []);
});

Deno.test("RtpTrackEncoder.encode() makes packets that are too big anew, and says so once", () => {
  const { encode, tooBig, errors } = encoding();
  const big = packetUnit([10, 11], 0, MAX_PACKET_BYTES + 1);
  const packets = encode(big);
  assertEquals(tooBig, [MAX_PACKET_BYTES + 1]);
  for (const packet of packets) {
    assert(outgoingPacketSizeBytes(packet) <= MAX_PACKET_BYTES);
  }
  const whole = packets.map((packet) =>
    rtpPacket({ marker: packet.marker }, packet.body)
  );
  const again = unit({
    kind: "packets",
    formatId: "rtp/h264",
    packets: whole,
  });
  assertEquals(unitParts(again, VIDEO), unitParts(big, VIDEO));
  assertEquals(whole.map(rtpMarker).indexOf(true), whole.length - 1);
  encode(packetUnit([12], 3_600, MAX_PACKET_BYTES + 50));
  assertEquals(tooBig.length, 1);
  assertEquals(errors, []);
});

Deno.test("RtpTrackEncoder.encode() makes everything anew once a packet was too big, not what went before [VP8 with PictureID]", () => {
  const { encode, encoder, tooBig } = encoding();
  const units = [
    packetUnit([100, 101]),
    payloadUnit(30, 3_600),
    packetUnit([102, 104], 7_200),
    packetUnit([105], 10_800, MAX_PACKET_BYTES + 1),
    packetUnit([106, 109], 14_400),
    packetUnit([111], 18_000),
  ];
  const seen = units.map((one) => encode(one));
  // A gap is passed on with the packets around it, and closed where they are made anew.
  assertEquals(seen.flatMap(numbers), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
  assertEquals(
    units.flatMap((one) => numbers(encode(one))),
    seen.flatMap(numbers),
  );
  assertEquals([encoder.sentPackets, tooBig.length], [10, 1]);
});

Deno.test("RtpTrackEncoder.encode() gives a unit that is encoded again the numbers it had", () => {
  const { encode, encoder } = encoding();
  const units = [packetUnit([1, 2]), payloadUnit(500), packetUnit([3])];
  const first = units.map((one) => numbers(encode(one)));
  const next = encoder.nextSequenceNumber;
  assertEquals(
    units.map((one) => numbers(encode(one))).reverse(),
    [
      ...first,
    ].reverse(),
  );
  assertEquals(encoder.nextSequenceNumber, next);
  assertEquals(encoder.sentPackets, 6);
  const firstNumbers = units.map((one) => encoder.firstSequenceNumber(one));
  const start = firstNumbers[0]!;
  assertEquals(firstNumbers.map((one) => one! - start & 0xffff), [0, 2, 5]);
  assertEquals(encoder.firstSequenceNumber(packetUnit([4])), undefined);
});

Deno.test("RtpTrackEncoder.rtpTimestamp() wraps at 32 bits", () => {
  const { encoder } = encoding();
  const base = encoder.rtpTimestamp(0);
  for (const ticks of [1, 90_000, 2 ** 31, 2 ** 32 - 1, 2 ** 40 + 5]) {
    const timestamp = encoder.rtpTimestamp(ticks);
    assert(timestamp >= 0 && timestamp < 2 ** 32);
    assertEquals((timestamp - base + 2 ** 32) % 2 ** 32, ticks % 2 ** 32);
  }
});

Deno.test("RtpTrackEncoder.encode() times the frames of one audio unit one after the other", () => {
  const { encode, encoder } = encoding(AUDIO);
  const parts = [1, 2, 3].map((fill) => new Uint8Array(150).fill(fill));
  const packets = encode(unit({ kind: "payload", parts }, 4_800, true));
  assertEquals(
    packets.map(({ timestampTicks }) => timestampTicks),
    [0, 1, 2].map((i) => encoder.rtpTimestamp(4_800 + i * 1_024)),
  );
  assertEquals(
    packets.map(({ body }) => rtpPayload(rtpPacket({}, body))),
    parts.map(aacPayload),
  );
});

Deno.test("RtpTrackEncoder.encode() passes a codec that nobody knows, whatever its size", () => {
  const codec = {
    codec: "generic",
    mediaType: "application",
    payloadType: 98,
    rtpMap: "X-OWN/90000",
    fmtp: "",
    clockRateHz: 90_000,
  } as const;
  const track: Track = { id: 0, kind: "data", codec, clockRateHz: 90_000 };
  const { encode, errors } = encoding(track);
  const packets = [rtpPacket({}, new Uint8Array(MAX_PACKET_BYTES))];
  const origin = { kind: "packets", formatId: "rtp/generic", packets } as const;
  assertEquals(encode(unit(origin))[0]!.body.length, MAX_PACKET_BYTES);
  assertEquals(errors, []);
});

Deno.test("RtpTrackEncoder.encode() reports a unit that cannot be taken apart and goes on", () => {
  const { encode, errors } = encoding();
  const broken = new Uint8Array(MAX_PACKET_BYTES).fill(0xff);
  broken.set([0x7c, 0x05]);
  const packets = [rtpPacket({}, broken)];
  const origin = { kind: "packets", formatId: "rtp/h264", packets } as const;
  assertEquals(encode(unit(origin)), []);
  assertEquals(errors.length, 1);
  assertEquals(numbers(encode(packetUnit([5]))), [0]);
});
