import type { SenderReport } from "#formats/rtp/rtcp/rtcp_packet.ts";
import { unixMsFromNtp } from "#formats/rtp/rtcp/ntp_time.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { rtpTimestampTicks } from "#formats/rtp/rtp_packet.ts";
import { TcpEgress, UdpEgress } from "#protocols/rtsp/egress.ts";
import { RtspStreamEncoder } from "#protocols/rtsp/stream_encoder.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { FakeUdpSocket } from "#test/fake_udp.ts";
import {
  AUDIO,
  audioUnit,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";

const MAX_PACKET_BYTES = 1_452;

const CHANNELS = new Map([[VIDEO.id, 0], [AUDIO.id, 2]]);

function opened() {
  const { stream, clock } = testStream();
  const publication = stream.attach([VIDEO, AUDIO]);
  const encoder = RtspStreamEncoder.of(stream, MAX_PACKET_BYTES);
  const ends: string[] = [];
  const options = {
    encoder,
    tracks: [VIDEO, AUDIO],
    clock,
    onEnd: (reason: string) => void ends.push(reason),
  };
  return { stream, clock, publication, encoder, ends, options };
}

function tcpReader() {
  const test = opened();
  const connection = new FakeTcpConnection(test.clock);
  const layout = { key: "layout", channels: CHANNELS };
  const egress = new TcpEgress(test.options, connection, layout);
  const use = test.encoder.use();
  const subscription = test.stream.subscribe(egress, noLimits());
  subscription.resume();
  const take = () => framesOf(connection.takeSent());
  return { ...test, connection, egress, subscription, use, take };
}

function udpReader() {
  const test = opened();
  const rtp = new FakeUdpSocket(8_000);
  const rtcp = new FakeUdpSocket(8_001);
  const ip = "198.51.100.7";
  const targets = new Map([VIDEO, AUDIO].map(({ id }) => [id, {
    rtp: { ip, port: 6_000 + id * 2 },
    rtcp: { ip, port: 6_001 + id * 2 },
  }]));
  const egress = new UdpEgress(test.options, { rtp, rtcp }, targets);
  const use = test.encoder.use();
  const join = () => {
    egress.subscription = test.stream.subscribe(egress, noLimits());
    egress.subscription.resume();
  };
  return { ...test, rtp, rtcp, egress, use, join };
}

interface Frame {
  readonly channel: number;
  readonly packet: Uint8Array;
}

function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  new RtspReader({
    handleRequest: () => {},
    handleInterleaved: (channel, packet) => frames.push({ channel, packet }),
  }).push(bytes);
  return frames;
}

function reportOf(packet: Uint8Array): SenderReport {
  const packets = parseRtcpCompound(packet);
  assert(typeof packets !== "string", `${packets}`);
  assertEquals(packets.map(({ type }) => type), [
    "senderReport",
    "sourceDescription",
  ]);
  return packets[0] as SenderReport;
}

/** Wall clock of an RTP timestamp, as a player works it out from a sender report. */
function wallClockOf(
  timestampTicks: number,
  { ntp, rtpTimestampTicks }: SenderReport,
  clockRateHz: number,
): number {
  const ticks = timestampTicks - rtpTimestampTicks | 0;
  return unixMsFromNtp(ntp) + ticks * 1_000 / clockRateHz;
}

Deno.test("TcpEgress tells each track's place on the wall clock before its first packet", () => {
  const { publication, clock, take } = tcpReader();
  publication.publish(VIDEO, videoUnit(0, { isRandomAccess: true }));
  publication.publish(AUDIO, audioUnit(960));
  publication.flush();
  clock.advance(40);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  const frames = take();
  assertEquals(frames.map(({ channel }) => channel), [1, 3, 0, 2, 0]);
  const [videoReport, audioReport] = frames.map(({ packet }, i) =>
    i < 2 ? reportOf(packet) : undefined
  );
  const wallMs = frames.slice(2).map(({ channel, packet }) =>
    channel === 0
      ? wallClockOf(rtpTimestampTicks(packet), videoReport!, 90_000)
      : wallClockOf(rtpTimestampTicks(packet), audioReport!, 48_000)
  );
  const expectedMs = [0, 20, 40].map((ms) => START_WALL_MS + ms);
  for (const [i, ms] of wallMs.entries()) {
    assert(Math.abs(ms - expectedMs[i]!) < 0.05, `${ms} is ${expectedMs[i]}`);
  }
  assertEquals(videoReport!.ntp, audioReport!.ntp);
});

Deno.test("TcpEgress.tick() reports every 10 s, on the line of the first report", () => {
  const { publication, clock, egress, take } = tcpReader();
  egress.tick(clock.monotonicMs() + 60_000);
  assertEquals(take(), []);
  publishPicture(publication, 0, { isRandomAccess: true });
  const first = reportOf(take()[0]!.packet);
  clock.advance(9_999);
  egress.tick(clock.monotonicMs());
  assertEquals(take(), []);
  clock.advance(1);
  egress.tick(clock.monotonicMs());
  egress.tick(clock.monotonicMs());
  const reports = take();
  assertEquals(reports.map(({ channel }) => channel), [1, 3]);
  const next = reportOf(reports[0]!.packet);
  assertEquals(unixMsFromNtp(next.ntp) - unixMsFromNtp(first.ntp), 10_000);
  const ticks = next.rtpTimestampTicks - first.rtpTimestampTicks;
  assertEquals((ticks + 2 ** 32) % 2 ** 32, 900_000);
  assertEquals([next.packetCount, next.octetCount], [1, 20]);
});

Deno.test("TcpEgress writes everything of a batch at once", () => {
  const { publication, connection, take } = tcpReader();
  publishPicture(publication, 0, { isRandomAccess: true });
  take();
  const { sends } = connection;
  publication.publish(AUDIO, audioUnit(0));
  publication.publish(AUDIO, audioUnit(1_024));
  publication.publish(VIDEO, videoUnit(3_600, { sizeBytes: 20_000 }));
  publication.flush();
  assertEquals(connection.sends, sends + 1);
  const frames = take();
  assert(frames.length > 15);
  assertEquals(frames.map(({ channel }) => channel).slice(0, 3), [2, 2, 0]);
});

Deno.test("TcpEgress says when a write is in flight", () => {
  const { publication, connection, subscription, take } = tcpReader();
  publishPicture(publication, 0, { isRandomAccess: true });
  connection.stall();
  take();
  publishPicture(publication, 3_600);
  publishPicture(publication, 7_200);
  assertEquals(take().length, 1);
  assert(subscription.next !== undefined);
  connection.drain();
  subscription.resume();
  assertEquals(take().length, 1);
});

Deno.test("TcpEgress sends nothing for a batch without its tracks, and goes on", () => {
  const test = opened();
  const connection = new FakeTcpConnection(test.clock);
  const options = { ...test.options, tracks: [AUDIO] };
  const channels = new Map([[AUDIO.id, 4]]);
  const egress = new TcpEgress(options, connection, { key: "a", channels });
  using _use = test.encoder.use();
  const subscription = test.stream.subscribe(egress, noLimits());
  subscription.resume();
  publishPicture(test.publication, 0, { isRandomAccess: true });
  assertEquals([connection.sends, subscription.next], [0, undefined]);
  test.publication.publish(AUDIO, audioUnit(0));
  publishPicture(test.publication, 3_600);
  const frames = framesOf(connection.takeSent());
  assertEquals(frames.map(({ channel }) => channel), [5, 4]);
});

Deno.test("TcpEgress sends its first report and batch in what one write in flight may hold", () => {
  const { publication, connection, take } = tcpReader();
  connection.stall();
  const { sends } = connection;
  publishPicture(publication, 0, {
    isRandomAccess: true,
    sizeBytes: 2_000_000,
  });
  assertEquals(connection.sends - sends, 1);
  connection.drain();
  assert(take().length > 1_000);
});

Deno.test("TcpEgress says goodbye for each track when the stream ends", () => {
  const { publication, stream, encoder, ends, take } = tcpReader();
  publishPicture(publication, 0, { isRandomAccess: true });
  take();
  stream.endReaders("terminated");
  const goodbyes = take().map(({ channel, packet }) => {
    const packets = parseRtcpCompound(packet);
    assert(typeof packets !== "string");
    const bye = packets.at(-1);
    return [channel, bye?.type === "bye" && bye.ssrcs[0]];
  });
  assertEquals(
    goodbyes,
    [VIDEO, AUDIO].map((track) => [
      CHANNELS.get(track.id)! + 1,
      encoder.track(track).options.ssrc,
    ]),
  );
  assertEquals(ends, ["terminated"]);
});

Deno.test("UdpEgress sends runs of equal datagrams to the track's ports", () => {
  const { publication, rtp, rtcp, join } = udpReader();
  join();
  publishPicture(publication, 0, { isRandomAccess: true, sizeBytes: 20_000 });
  const reports = rtcp.takeSent();
  assertEquals(reports.map(({ port }) => port), [6_001, 6_003]);
  const datagrams = rtp.takeSent();
  assert(rtp.sends <= 2, `${rtp.sends} calls`);
  for (const { bytes, port } of datagrams) {
    assertEquals(port, 6_000);
    assert(bytes.length <= MAX_PACKET_BYTES);
  }
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, 3_600);
  assertEquals(rtp.takeSent().map(({ port }) => port), [6_002, 6_000]);
});

Deno.test("UdpEgress paces what a joiner gets at once", () => {
  const test = udpReader();
  for (let i = 0; i < 100; i++) {
    publishPicture(test.publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
      sizeBytes: 10_000,
    });
  }
  test.join();
  const sizes: number[] = [];
  const takeBytes = () =>
    test.rtp.takeSent().reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (let bytes = takeBytes(); bytes > 0; bytes = takeBytes()) {
    sizes.push(bytes);
    test.clock.advance(5);
  }
  assertEquals(sizes.length, 20);
  for (const bytes of sizes) assert(bytes < 52_000, `${bytes} bytes at once`);
  assertEquals(test.clock.pendingTimers, 0);
  publishPicture(test.publication, 100 * VIDEO_FRAME_TICKS, {
    sizeBytes: 200_000,
  });
  assert(takeBytes() > 200_000, "live media waits");
});

Deno.test("UdpEgress catches up with what came during the burst, in order", () => {
  const test = udpReader();
  const picture = (i: number) =>
    publishPicture(test.publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
      sizeBytes: 30_000,
    });
  for (let i = 0; i < 10; i++) picture(i);
  test.join();
  for (let i = 10; i < 30; i++) {
    picture(i);
    test.clock.advance(5);
  }
  test.clock.advance(100);
  const times = test.rtp.takeSent().map(({ bytes }) =>
    rtpTimestampTicks(bytes)
  );
  const steps = [...new Set(times.map((ticks) => ticks - times[0]! | 0))];
  assertEquals(steps, Array.from({ length: 30 }, (_, i) => i * 3_600));
});

Deno.test("UdpEgress says goodbye behind its last datagram, unless it is stopped", () => {
  for (const isStopped of [false, true]) {
    const { publication, stream, clock, egress, rtcp, ends, join } =
      udpReader();
    join();
    publishPicture(publication, 0, { isRandomAccess: true });
    rtcp.takeSent();
    stream.endReaders("terminated");
    assertEquals([rtcp.takeSent(), ends], [[], []]);
    if (isStopped) egress.stop();
    clock.advance(250);
    assertEquals(rtcp.takeSent().length, isStopped ? 0 : 2);
    assertEquals(ends, isStopped ? [] : ["terminated"]);
    assertEquals(clock.pendingTimers, 0);
  }
});
