import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import {
  rtpMarker,
  rtpPayloadType,
  rtpSequenceNumber,
  rtpSsrc,
} from "#formats/rtp/rtp_packet.ts";
import { RtspStreamEncoder } from "#protocols/rtsp/stream_encoder.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  CollectingSink,
  h264Slice,
  noLimits,
  publishPicture,
  rtpPacket,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";

const MAX_PACKET_BYTES = 200;

const LAYOUT = { key: "l", channels: new Map([[VIDEO.id, 0], [AUDIO.id, 2]]) };

function opened() {
  const test = testStream();
  const encoder = RtspStreamEncoder.of(test.stream, MAX_PACKET_BYTES);
  return { ...test, encoder };
}

interface Packet {
  readonly channel: number;
  readonly packet: Uint8Array;
}

/** Takes interleaved frames apart. */
function packetsOf(bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    assertEquals(bytes[at], 0x24);
    const end = at + 4 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    packets.push({ channel: bytes[at + 1]!, packet: bytes.slice(at + 4, end) });
    at = end;
  }
  return packets;
}

/** A reader that keeps the sequence numbers of the video packets it gets. */
class NumberSink extends CollectingSink {
  readonly numbers: number[] = [];
  #encoder: RtspStreamEncoder;

  constructor(encoder: RtspStreamEncoder, credit = Infinity) {
    super(credit);
    this.#encoder = encoder;
  }

  override deliver(batch: Batch): boolean {
    const packets = packetsOf(this.#encoder.interleaved(batch, LAYOUT).bytes);
    for (const { channel, packet } of packets) {
      if (channel === 0) this.numbers.push(rtpSequenceNumber(packet));
    }
    return super.deliver(batch);
  }
}

function join(
  stream: Stream,
  encoder: RtspStreamEncoder,
  credit = Infinity,
): { use: Disposable; sink: NumberSink; subscription: Subscription } {
  const use = encoder.use();
  const sink = new NumberSink(encoder, credit);
  const subscription = stream.subscribe(sink, noLimits());
  subscription.resume();
  return { use, sink, subscription };
}

/** Numbers that follow each other. */
function assertUnbroken(numbers: readonly number[]): void {
  for (const [i, number] of numbers.entries()) {
    assertEquals(number, numbers[0]! + i & 0xffff);
  }
}

Deno.test("RtspStreamEncoder.of() is one for all readers of a stream and packet size", () => {
  const { stream, encoder } = opened();
  assert(RtspStreamEncoder.of(stream, MAX_PACKET_BYTES) === encoder);
  assert(RtspStreamEncoder.of(stream, 1_452) !== encoder);
});

Deno.test("RtspStreamEncoder.interleaved() makes the same bytes for all readers", () => {
  const { stream, encoder } = opened();
  const publication = stream.attach([VIDEO, AUDIO]);
  const { sink } = join(stream, encoder);
  publication.publish(
    VIDEO,
    videoUnit(0, { isRandomAccess: true, sizeBytes: 500 }),
  );
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  const [batch] = sink.batches;
  const ready = encoder.interleaved(batch!, LAYOUT);
  assert(encoder.interleaved(batch!, { ...LAYOUT }) === ready);
  assertEquals(
    [ready.packetCount, ready.packetsBefore, ready.packetsAfter],
    [5, 0, 5],
  );
  const packets = packetsOf(ready.bytes);
  assertEquals(packets.map(({ channel }) => channel), [0, 0, 0, 0, 2]);
  for (const { channel, packet } of packets) {
    const track = channel === 0 ? VIDEO : AUDIO;
    assert(packet.length <= MAX_PACKET_BYTES);
    assertEquals(rtpPayloadType(packet), channel === 0 ? 96 : 97);
    assertEquals(rtpSsrc(packet), encoder.track(track).options.ssrc);
  }
  assertEquals(packets.map(({ packet }) => rtpMarker(packet)), [
    ...[false, false, false],
    ...[true, true],
  ]);
});

Deno.test("RtspStreamEncoder.interleaved() leaves out what was not set up", () => {
  const { stream, encoder } = opened();
  const publication = stream.attach([VIDEO, AUDIO]);
  const { sink } = join(stream, encoder);
  publication.publish(VIDEO, videoUnit(0, { isRandomAccess: true }));
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  const audioOnly = { key: "a", channels: new Map([[AUDIO.id, 6]]) };
  const [batch] = sink.batches;
  const { bytes, packetCount } = encoder.interleaved(batch!, audioOnly);
  assertEquals(packetsOf(bytes).map(({ channel }) => channel), [6]);
  assertEquals(packetCount, 1);
  const none = { key: "n", channels: new Map<number, number>() };
  assertEquals(encoder.interleaved(batch!, none).bytes.length, 0);
});

Deno.test("RtspStreamEncoder.segments() joins datagrams of one size", () => {
  const { stream, encoder } = opened();
  const publication = stream.attach([VIDEO, AUDIO]);
  const { sink } = join(stream, encoder);
  const sizes = [100, 100, 100, 60, 60, 100, 40];
  const packets = sizes.map((sizeBytes, i) =>
    rtpPacket(
      { sequenceNumber: i, marker: i === sizes.length - 1 },
      h264Slice(true, sizeBytes - 12),
    )
  );
  publication.publish(VIDEO, {
    ...videoUnit(0, { isRandomAccess: true }),
    origin: { kind: "packets", formatId: "rtp/h264", packets },
  });
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  const ready = encoder.segments(sink.batches[0]!);
  const { runs } = ready;
  assertEquals(
    runs.map(({ trackId, segmentBytes, bytes, packetCount }) => [
      trackId,
      segmentBytes,
      bytes.length,
      packetCount,
    ]),
    [
      [VIDEO.id, 100, 360, 4],
      [VIDEO.id, 60, 60, 1],
      [VIDEO.id, 100, 140, 2],
      [AUDIO.id, 22, 22, 1],
    ],
  );
  assert(encoder.segments(sink.batches[0]!) === ready);
  const joined = packetsOf(encoder.interleaved(sink.batches[0]!, LAYOUT).bytes);
  let at = 0;
  for (const { packet } of joined.slice(0, 4)) {
    assertEquals(runs[0]!.bytes.subarray(at, at + packet.length), packet);
    at += packet.length;
  }
});

Deno.test("RtspStreamEncoder gives readers that join at different times the same numbers", () => {
  const { stream, encoder, clock } = opened();
  const publication = stream.attach([VIDEO]);
  const readers = [join(stream, encoder), join(stream, encoder, 1)];
  for (let i = 0; i < 60; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i % 20 === 0,
      sizeBytes: 100 + i * 10,
    });
    clock.advance(40);
    if (i % 13 === 0) readers.push(join(stream, encoder, i));
  }
  for (const { sink, subscription } of readers) {
    sink.credit = Infinity;
    subscription.resume();
  }
  const all = readers[0]!.sink.numbers;
  assertUnbroken(all);
  for (const { sink: { numbers } } of readers) {
    assertEquals(numbers, all.slice(-numbers.length));
  }
});

Deno.test("RtspStreamEncoder goes on counting when it was out of use", () => {
  const { stream, encoder } = opened();
  const publication = stream.attach([VIDEO]);
  const first = join(stream, encoder);
  for (let i = 0; i < 5; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
  }
  first.subscription[Symbol.dispose]();
  first.use[Symbol.dispose]();
  first.use[Symbol.dispose]();
  assertEquals(stream.readers.size, 0);
  for (let i = 5; i < 9; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS);
  }
  const second = join(stream, encoder);
  publishPicture(publication, 9 * VIDEO_FRAME_TICKS);
  assertEquals(second.sink.numbers.length, 10);
  assertUnbroken(second.sink.numbers);
  assertEquals(second.sink.numbers.slice(0, 5), first.sink.numbers);
});

Deno.test("RtspStreamEncoder numbers the next publication in order while a reader of the last one lingers", () => {
  const { stream, encoder } = opened();
  const first = stream.attach([VIDEO]);
  const lingering = join(stream, encoder, 1);
  publishPicture(first, 0, { isRandomAccess: true });
  publishPicture(first, VIDEO_FRAME_TICKS);
  first[Symbol.dispose]();
  stream.endReaders("terminated");
  const second = stream.attach([VIDEO]);
  const slow = join(stream, encoder, 1);
  const publish = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      publishPicture(second, i * VIDEO_FRAME_TICKS, {
        isRandomAccess: i % 3 === 0,
      });
    }
  };
  publish(0, 4);
  const fast = join(stream, encoder);
  publish(4, 6);
  slow.sink.credit = Infinity;
  slow.subscription.resume();
  assertEquals(slow.sink.numbers.length, 6);
  assertUnbroken(slow.sink.numbers);
  assertEquals(fast.sink.numbers, slow.sink.numbers.slice(3));
  for (const { use } of [lingering, slow, fast]) use[Symbol.dispose]();
});

Deno.test("RtspStreamEncoder leaves the stream with its last reader", () => {
  const { stream, encoder } = opened();
  for (let i = 0; i < 2; i++) {
    const publication = stream.attach([VIDEO]);
    const readers = [join(stream, encoder), join(stream, encoder)];
    publishPicture(publication, 0, { isRandomAccess: true });
    assertEquals(stream.readers.size, 3);
    publication[Symbol.dispose]();
    stream.endReaders("terminated");
    for (const { use } of readers) use[Symbol.dispose]();
    assertEquals(stream.readers.size, 0);
  }
});

/** A track of a codec that nobody knows, with the publisher's payload type. */
function ownTrack(payloadType: number): Track {
  return {
    id: VIDEO.id,
    kind: "video",
    codec: {
      codec: "generic",
      mediaType: "video",
      payloadType,
      rtpMap: "X-OWN/90000",
      fmtp: "",
      clockRateHz: 90_000,
    },
    clockRateHz: 90_000,
  };
}

Deno.test("RtspStreamEncoder takes the payload type of the publication that is there now", () => {
  const { stream, encoder } = opened();
  for (const payloadType of [98, 100]) {
    const track = ownTrack(payloadType);
    const publication = stream.attach([track]);
    const { sink, use } = join(stream, encoder);
    const packets = [rtpPacket({ payloadType }, new Uint8Array(9))];
    publication.publish(track, {
      ...videoUnit(0, { isRandomAccess: true }),
      origin: { kind: "packets", formatId: "rtp/generic", packets },
    });
    publication.flush();
    const [sent] = packetsOf(
      encoder.interleaved(sink.batches[0]!, LAYOUT).bytes,
    );
    assertEquals(rtpPayloadType(sent!.packet), payloadType);
    publication[Symbol.dispose]();
    stream.endReaders("terminated");
    use[Symbol.dispose]();
  }
});

Deno.test("RtspStreamEncoder keeps its source when parameter sets change", () => {
  const { stream, encoder } = opened();
  const publication = stream.attach([VIDEO]);
  const { sink } = join(stream, encoder);
  publishPicture(publication, 0, { isRandomAccess: true });
  const { ssrc } = encoder.track(VIDEO).options;
  const renewed = { ...VIDEO, codec: { ...VIDEO.codec } };
  publication.setTracks([renewed]);
  publication.publish(renewed, videoUnit(3_600, { isRandomAccess: true }));
  publication.flush();
  assertEquals(encoder.track(renewed).options.ssrc, ssrc);
  assertUnbroken(sink.numbers);
});

Deno.test("RtspStreamEncoder reports a unit that cannot be sent and goes on", () => {
  const { stream, encoder, warnings } = opened();
  const publication = stream.attach([VIDEO]);
  const { sink } = join(stream, encoder);
  const broken = new Uint8Array(MAX_PACKET_BYTES).fill(0xff);
  broken.set([0x7c, 0x05]);
  publication.publish(VIDEO, {
    ...videoUnit(0, { isRandomAccess: true }),
    origin: {
      kind: "packets",
      formatId: "rtp/h264",
      packets: [rtpPacket({}, broken)],
    },
  });
  publication.flush();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals([warnings.length, sink.numbers.length], [1, 1]);
});

Deno.test("RtspStreamEncoder of SRTP has packets, keys and numbers of its own, within the same size", () => {
  const { stream, encoder } = opened();
  const secure = RtspStreamEncoder.of(stream, MAX_PACKET_BYTES, "savp");
  assert(secure !== encoder);
  assert(secure.key !== encoder.key);
  assertEquals(encoder.exchange(VIDEO, undefined), undefined);
  const publication = stream.attach([VIDEO, AUDIO]);
  const { sink, use } = join(stream, secure);
  publication.publish(
    VIDEO,
    videoUnit(0, { isRandomAccess: true, sizeBytes: 500 }),
  );
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  const packets = packetsOf(secure.interleaved(sink.batches[0]!, LAYOUT).bytes);
  assertEquals(packets.map(({ channel }) => channel), [0, 0, 0, 0, 2]);
  for (const { channel, packet } of packets) {
    assert(packet.length <= MAX_PACKET_BYTES);
    const { keys, rollovers } = secure.exchange(
      channel === 0 ? VIDEO : AUDIO,
      stream.groupStart,
    )!;
    using receiver = openSrtpReceiver(keys, rollovers);
    assert(typeof receiver.unprotectRtp(packet) !== "string");
  }
  use[Symbol.dispose]();
});

Deno.test("RtspStreamEncoder.exchange() tells the rollovers of the packet that a new reader begins with", () => {
  const { stream } = opened();
  const secure = RtspStreamEncoder.of(stream, MAX_PACKET_BYTES, "savp");
  const publication = stream.attach([VIDEO]);
  const use = secure.use();
  const number = () => secure.track(VIDEO).nextSequenceNumber;
  const { ssrc } = secure.track(VIDEO).options;
  const told = () =>
    secure.exchange(VIDEO, stream.groupStart)!.rollovers.get(ssrc);
  const first = Math.floor(number() / 65_536);
  let dtsTicks = 0;
  const publish = (isRandomAccess: boolean, sizeBytes = 20_000) => {
    publishPicture(publication, dtsTicks, { isRandomAccess, sizeBytes });
    dtsTicks += VIDEO_FRAME_TICKS;
  };
  while (number() < 65_000) publish(true);
  publish(true, 100);
  while (number() < 65_536) publish(false);
  assertEquals(first, 0);
  assertEquals(told(), 0);
  publish(true, 100);
  assertEquals(told(), 1);
  use[Symbol.dispose]();
});
