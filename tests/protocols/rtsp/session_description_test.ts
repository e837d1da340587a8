import type { SessionInfo } from "#core/session_info.ts";
import { rtpSsrc } from "#formats/rtp/rtp_packet.ts";
import { ntpFromUnixMs } from "#formats/rtp/rtcp/ntp_time.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  h264Slice,
  publishPicture,
  rtpPacket,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  publishCam,
  TCP_TRANSPORTS,
  UDP_TRANSPORTS,
  URL_OF_CAM,
} from "./fake_peer.ts";

const PEER_IP = "198.51.100.7";

/** Bytes of a picture of a publisher. */
const PICTURE_BYTES = 32;

/** A picture of a publisher, as the only packet. */
function picture(number: number): Uint8Array {
  return rtpPacket({
    sequenceNumber: number,
    timestampTicks: number * VIDEO_FRAME_TICKS,
    marker: true,
    ssrc: 5,
  }, h264Slice(number === 0));
}

/** A report of a publisher, in 28 bytes. */
const SENDER_REPORT: Uint8Array = serializeRtcpCompound([{
  type: "senderReport",
  ssrc: 5,
  ntp: ntpFromUnixMs(0),
  rtpTimestampTicks: 0,
  packetCount: 0,
  octetCount: 0,
  reportBlocks: [],
}]);

/** What a reader says about one of its sources, in 32 bytes. */
function receiverReport(ssrc: number, cumulativeLost: number): Uint8Array {
  return serializeRtcpCompound([{
    type: "receiverReport",
    ssrc: 9,
    reportBlocks: [{
      ssrc,
      fractionLost: 0,
      cumulativeLost,
      extendedHighestSequenceNumber: 0,
      jitterTicks: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    }],
  }]);
}

function sessionOf(server: FakeRtspServer): SessionInfo {
  return server.sessions.list().find(({ type }) => type === "rtspSession")!;
}

/** What a session counts in one direction, as far as there is anything. */
function countsOf(
  server: FakeRtspServer,
  direction: "inbound" | "outbound",
): SessionInfo["details"] {
  const { details, inboundBytes, outboundBytes } = sessionOf(server);
  const bytes = direction === "inbound" ? inboundBytes : outboundBytes;
  const counts = Object.entries(details).filter(([name, value]) =>
    name.startsWith(direction) && value !== 0 && !name.endsWith("Jitter")
  ).map(([name, value]) => [name.slice(direction.length), value]);
  return { Bytes: bytes, ...Object.fromEntries(counts) };
}

Deno.test("describeSession() counts what comes over TCP, through a pause", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  await peer.publish();
  const { connection: { id } } = peer;
  const { conns, transport, profile } = sessionOf(server).details;
  assertEquals({ conns, transport, profile }, {
    conns: [id],
    transport: "TCP",
    profile: "AVP",
  });
  for (const i of [0, 1, 3]) {
    await peer.send({ channel: 0, packet: picture(i) });
  }
  await peer.send({ channel: 1, packet: SENDER_REPORT });
  await peer.send({ channel: 1, packet: new Uint8Array(3) });
  await peer.send({ channel: 0, packet: new Uint8Array(13) });
  const expected = {
    Bytes: 3 * PICTURE_BYTES + 28 + 3 + 13,
    RTPPackets: 3,
    RTPPacketsLost: 1,
    RTPPacketsInError: 1,
    RTCPPackets: 1,
    RTCPPacketsInError: 1,
  };
  assertEquals(countsOf(server, "inbound"), expected);
  assertEquals(sessionOf(server).lostPackets, 1);
  server.pass(10_000);
  const report = { Bytes: 32, RTCPPackets: 1 };
  assertEquals(countsOf(server, "outbound"), report);
  await peer.request("PAUSE");
  assertEquals(countsOf(server, "inbound"), expected);
  assertEquals(countsOf(server, "outbound"), report);
  await peer.request("RECORD");
  await peer.send({ channel: 0, packet: picture(4) });
  assertEquals(countsOf(server, "inbound"), {
    ...expected,
    Bytes: expected.Bytes + PICTURE_BYTES,
    RTPPackets: 4,
  });
  await server.close();
});

Deno.test("describeSession() counts datagrams, those that are lost and those that come late", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  await peer.publish(UDP_TRANSPORTS);
  const lost = [10, 20];
  const numbers = Array.from({ length: 200 }, (_, i) => i)
    .filter((i) => !lost.includes(i));
  for (const i of numbers) {
    server.clock.advance(i % 2 === 0 ? 45 : 35);
    server.rtp.deliver(picture(i), PEER_IP, 6_000);
  }
  // Each step is 5 ms too long or too short; the other track says nothing.
  const { inboundRTPPacketsJitter: jitterTicks } = sessionOf(server).details;
  assert(typeof jitterTicks === "number");
  assert(jitterTicks > 200 && jitterTicks < 300, `${jitterTicks}`);
  for (const i of [20, 199]) server.rtp.deliver(picture(i), PEER_IP, 6_000);
  server.rtp.deliver(picture(0).subarray(1), PEER_IP, 6_000);
  server.rtcp.deliver(SENDER_REPORT, PEER_IP, 6_001);
  assertEquals(countsOf(server, "inbound"), {
    Bytes: 201 * PICTURE_BYTES - 1 + 28,
    RTPPackets: 198,
    RTPPacketsLost: 2,
    RTPPacketsInError: 1,
    RTCPPackets: 1,
  });
  assertEquals(sessionOf(server).details["transport"], "UDP");
  await server.close();
});

for (const transports of [TCP_TRANSPORTS, UDP_TRANSPORTS]) {
  const isTcp = transports === TCP_TRANSPORTS;
  Deno.test(`describeSession() counts what a reader gets over ${isTcp ? "TCP" : "UDP"}, and its reports`, async () => {
    const server = fakeRtspServer();
    const publication = await publishCam(server);
    publishPicture(publication, 0, { isRandomAccess: true, sizeBytes: 3_000 });
    const peer = server.connect();
    await peer.play(transports);
    const sent = isTcp
      ? (await peer.takeFrames()).map(({ channel, packet }) => ({
        isRtcp: channel % 2 === 1,
        bytes: packet,
      }))
      : [
        ...server.rtp.takeSent().map((one) => ({ ...one, isRtcp: false })),
        ...server.rtcp.takeSent().map((one) => ({ ...one, isRtcp: true })),
      ];
    const sizeBytes = sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
    // Parameter sets and three parts of a picture; two packets in each report.
    const counts = { Bytes: sizeBytes, RTPPackets: 4, RTCPPackets: 4 };
    assertEquals(countsOf(server, "outbound"), counts);
    assertEquals(sent.length, 4 + 2);
    const ssrc = rtpSsrc(sent.find(({ isRtcp }) => !isRtcp)!.bytes);
    const reports = [
      receiverReport(ssrc, 2),
      receiverReport(ssrc, 3),
      receiverReport(ssrc + 1, 50),
      new Uint8Array(5),
    ];
    for (const packet of reports) {
      if (isTcp) await peer.send({ channel: 1, packet });
      else server.rtcp.deliver(packet, PEER_IP, 6_001);
    }
    assertEquals(countsOf(server, "inbound"), {
      Bytes: 3 * 32 + 5,
      RTCPPackets: 3,
      RTCPPacketsInError: 1,
    });
    const reported = { ...counts, RTPPacketsReportedLost: 3 };
    assertEquals(countsOf(server, "outbound"), reported);
    await peer.request("PAUSE");
    assertEquals(countsOf(server, "outbound"), reported);
    await server.close();
  });
}

Deno.test("describeSession() counts the packets that a stalled reader does not get", async () => {
  const server = fakeRtspServer({ maxQueuedUnits: 4 });
  const publication = await publishCam(server);
  const publish = (number: number) =>
    publishPicture(publication, number * VIDEO_FRAME_TICKS, {
      isRandomAccess: number % 10 === 0,
      sizeBytes: 3_000,
    });
  publish(0);
  const peer = server.connect();
  await peer.play();
  peer.tcp.stall();
  for (let i = 1; i < 9; i++) publish(i);
  const stalled = countsOf(server, "outbound");
  // Parameter sets and two pictures; one of them is in flight.
  assertEquals(stalled["RTPPackets"], 1 + 2 * 3);
  assertEquals(stalled["RTPPacketsDiscarded"], 7 * 3);
  assertEquals(sessionOf(server).droppedUnits, 7);
  publish(9);
  publish(10);
  peer.tcp.drain();
  await peer.settle();
  publish(11);
  const after = countsOf(server, "outbound");
  assertEquals(after["RTPPackets"], 1 + 2 * 3 + 1 + 2 * 3);
  assertEquals(after["RTPPacketsDiscarded"], 8 * 3);
  await server.close();
});

Deno.test("describeSession() names all connections of a session, and they name it", async () => {
  const server = fakeRtspServer();
  const [first, second] = [server.connect(), server.connect()];
  await first.publish(UDP_TRANSPORTS);
  await second.request("GET_PARAMETER", URL_OF_CAM, { Session: first.session });
  const { id } = [...server.context.sessions.values()][0]!;
  const listed = server.sessions.list();
  const connections = listed.filter(({ type }) => type === "rtspConn");
  assertEquals(
    connections.map(({ details }) => details["session"]),
    [id, id],
  );
  const sessionOf = () => server.sessions.list().find((one) => one.id === id)!;
  assertEquals(
    sessionOf().details["conns"],
    connections.map((one) => one.id),
  );
  first.tcp.close();
  await first.done;
  assertEquals(sessionOf().details["conns"], [connections[1]!.id]);
  await second.request("TEARDOWN", URL_OF_CAM, { Session: first.session });
  server.pass(500);
  const [rest] = server.sessions.list();
  assertEquals(rest!.details["session"], null);
  await server.close();
});
