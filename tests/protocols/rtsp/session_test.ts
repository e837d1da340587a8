import { parseRange } from "#protocols/rtsp/wire/headers/range.ts";
import { parseRtpInfo } from "#protocols/rtsp/wire/headers/rtp_info.ts";
import {
  rtpPayloadType,
  rtpSequenceNumber,
  rtpTimestampTicks,
} from "#formats/rtp/rtp_packet.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { accessTo } from "#test/test_ports.ts";
import {
  AUDIO,
  audioUnit,
  h264Slice,
  publishPicture,
  rtpPacket,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  publishCam,
  type RtspPeer,
  SDP,
  TCP_TRANSPORTS,
  UDP_TRANSPORTS,
  URL_OF_CAM,
} from "./fake_peer.ts";

/** A picture of a publisher, as the only packet. */
function picture(number: number, isRandomAccess = false): Uint8Array {
  return rtpPacket({
    sequenceNumber: number,
    timestampTicks: number * VIDEO_FRAME_TICKS,
    marker: true,
  }, h264Slice(isRandomAccess));
}

function linesOf(server: FakeRtspServer, part: string): string[] {
  return server.lines.filter((line) => line.includes(part))
    .map((line) => line.replace(/session [0-9a-f]{8}/, "session X"));
}

Deno.test("RtspSession publishes over TCP, from ANNOUNCE to TEARDOWN", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  const options = await peer.request("OPTIONS");
  assertEquals(
    [options.status, options.headers.get("CSeq")],
    [200, "1"],
  );
  assert(options.headers.get("Public")!.includes("RECORD"));
  const announced = await peer.announce();
  assertEquals(
    [announced.status, announced.headers.get("Session")],
    [200, undefined],
  );
  const first = await peer.setup(0, `${TCP_TRANSPORTS[0]};mode=record`);
  assertEquals(first.status, 200);
  assertEquals(
    first.headers.get("Transport"),
    "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
  );
  assert(/^[0-9a-f]{32};timeout=55$/.test(first.headers.get("Session")!));
  await peer.setup(1, `${TCP_TRANSPORTS[1]};mode=record`);
  assertEquals((await peer.request("RECORD")).status, 200);
  await peer.send({ channel: 0, packet: picture(0, true) });
  await peer.send({ channel: 0, packet: picture(1) });
  const [session] = server.sessions.list().filter((one) =>
    one.type === "rtspSession"
  );
  assertEquals(
    [session?.state, session?.pathName, session?.inboundBytes],
    ["publish", "cam", 64],
  );
  const description = await server.paths.describe(accessTo("cam"));
  assert(description.kind === "stream");
  assertEquals(description.stream.totalUnits, 2);
  const tornDown = await peer.request("TEARDOWN");
  assertEquals(
    [tornDown.status, tornDown.headers.get("Session")],
    [200, undefined],
  );
  assertEquals(server.context.sessions.size, 0);
  assert(!peer.tcp.isClosed);
  assertEquals((await peer.announce({ Session: undefined })).status, 200);
  assertEquals(linesOf(server, "[session"), [
    "info: [session X] created by 198.51.100.7:40000",
    "info: [session X] is publishing to path 'cam'",
    "info: [session X] destroyed: torn down by 198.51.100.7:40000",
    "info: [session X] created by 198.51.100.7:40000",
  ]);
  await server.close();
});

Deno.test("RtspSession takes a publisher's datagrams, also those behind its TEARDOWN", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  await peer.publish(UDP_TRANSPORTS);
  const description = await server.paths.describe(accessTo("cam"));
  assert(description.kind === "stream");
  const { stream } = description;
  server.rtp.deliver(picture(0, true), "198.51.100.7", 6_000);
  server.rtp.deliver(picture(1), "198.51.100.8", 6_000);
  server.rtp.deliver(picture(2), "198.51.100.7", 6_001);
  assertEquals(stream.totalUnits, 1);
  assertEquals((await peer.request("TEARDOWN")).status, 200);
  server.rtp.deliver(picture(1), "198.51.100.7", 6_000);
  assertEquals(stream.totalUnits, 2);
  server.clock.advance(50);
  server.rtp.deliver(picture(2), "198.51.100.7", 6_000);
  assertEquals([stream.totalUnits, server.context.sessions.size], [2, 0]);
  assertEquals(server.context.udp!.router.strangerDatagrams, 3);
  assertEquals(server.clock.pendingTimers, 0);
  await server.close();
});

Deno.test("RtspSession reads over TCP: RTP-Info tells the first packets", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  for (let i = 0; i < 3; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
    publication.publish(AUDIO, audioUnit(i * 1_920));
  }
  const peer = server.connect();
  const described = await peer.request("DESCRIBE", `${URL_OF_CAM}/`);
  assertEquals(
    [
      described.status,
      described.headers.get("Content-Base"),
      described.headers.get("Content-Type"),
    ],
    [200, `${URL_OF_CAM}/`, "application/sdp"],
  );
  const sdp = new TextDecoder().decode(described.body);
  assert(sdp.includes("m=video 0 RTP/AVP 96\r\n"));
  assert(sdp.includes("m=audio 0 RTP/AVP 97\r\n"));
  assert(sdp.includes("a=control:trackID=1\r\n"));
  const setUp = await peer.setup(0, TCP_TRANSPORTS[0]!);
  assert(/;ssrc=[0-9A-F]{8}$/.test(setUp.headers.get("Transport")!));
  const played = await peer.play([]);
  assertEquals(played.status, 200);
  await peer.settle();
  assertEquals(peer.order.slice(0, 4), ["200", "200", "200", "$1"]);
  const [info] = parseRtpInfo(played.headers.get("RTP-Info")!);
  const media = peer.frames.filter(({ channel }) => channel === 0);
  assertEquals(media.length, 3);
  assertEquals(info, {
    url: `${URL_OF_CAM}/trackID=0`,
    sequenceNumber: rtpSequenceNumber(media[0]!.packet),
    timestampTicks: rtpTimestampTicks(media[0]!.packet),
  });
  assertEquals(linesOf(server, "is reading"), [
    "info: [session X] is reading from path 'cam', with TCP, 1 track (H264)",
  ]);
  await server.close();
});

Deno.test("RtspSession reads both tracks, each with its own payload type and numbers", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  const peer = server.connect();
  const played = await peer.play();
  assertEquals(played.headers.get("RTP-Info"), undefined);
  for (let i = 0; i < 5; i++) {
    publication.publish(AUDIO, audioUnit(i * 1_024));
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
  }
  const frames = await peer.takeFrames();
  for (const [channel, type] of [[0, 96], [2, 97]] as const) {
    const packets = frames.filter((frame) => frame.channel === channel);
    assertEquals(packets.length, channel === 0 ? 5 : 4);
    for (const [i, { packet }] of packets.entries()) {
      const first = packets[0]!.packet;
      assertEquals(rtpPayloadType(packet), type);
      assertEquals(
        rtpSequenceNumber(packet) - rtpSequenceNumber(first) & 0xffff,
        i,
      );
    }
  }
  await server.close();
});

Deno.test("RtspSession pauses and plays on from a random access unit", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  publishPicture(publication, 0, { isRandomAccess: true });
  const peer = server.connect();
  await peer.play();
  const last = (await peer.takeFrames()).at(-1)!;
  assertEquals((await peer.request("PAUSE")).status, 200);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS, { isRandomAccess: true });
  publishPicture(publication, 3 * VIDEO_FRAME_TICKS);
  assertEquals(await peer.takeFrames(), []);
  const again = await peer.request("PLAY");
  assertEquals(again.status, 200);
  const media = (await peer.takeFrames())
    .filter(({ channel }) => channel === 0);
  assertEquals(media.length, 2);
  const [info] = parseRtpInfo(again.headers.get("RTP-Info")!);
  assertEquals(info!.sequenceNumber, rtpSequenceNumber(media[0]!.packet));
  const step = rtpTimestampTicks(media[0]!.packet) -
    rtpTimestampTicks(last.packet);
  assertEquals((step + 2 ** 32) % 2 ** 32, 2 * VIDEO_FRAME_TICKS);
  assertEquals((await peer.request("PLAY")).status, 200);
  publishPicture(publication, 4 * VIDEO_FRAME_TICKS);
  assertEquals((await peer.takeFrames()).length, 1);
  await server.close();
});

Deno.test("RtspSession tells the wall clock of the first picture to who asks for one", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  publishPicture(publication, 0, { isRandomAccess: true });
  const peer = server.connect();
  await peer.setup(0, TCP_TRANSPORTS[0]!);
  const { headers } = await peer.request("PLAY", URL_OF_CAM, {
    Range: "clock=20200101T000000Z-",
  });
  const { startMs } = parseRange(headers.get("Range")!) as { startMs: number };
  assertEquals(startMs, server.clock.wallMs());
  await server.close();
});

Deno.test("RtspSession lets a publisher pause and record again", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  await peer.publish();
  assertEquals((await peer.request("PAUSE")).status, 200);
  const reader = server.connect();
  assertEquals((await reader.request("DESCRIBE")).status, 404);
  assertEquals((await peer.request("RECORD")).status, 200);
  await peer.send({ channel: 0, packet: picture(0, true) });
  assertEquals((await server.connect().request("DESCRIBE")).status, 200);
  await server.close();
});

Deno.test("RtspSession answers GET_PARAMETER and SET_PARAMETER as a sign of life", async () => {
  const server = fakeRtspServer();
  await publishCam(server);
  const peer = server.connect();
  assertEquals((await peer.request("GET_PARAMETER")).status, 501);
  await peer.play();
  for (const method of ["GET_PARAMETER", "SET_PARAMETER"]) {
    const answer = await peer.request(method);
    assertEquals(
      [
        answer.status,
        answer.headers.get("Content-Type"),
        answer.headers.get("Session"),
      ],
      [200, "text/parameters", `${peer.session};timeout=55`],
    );
  }
  await server.close();
});

const READERS = [
  { name: "TCP", transports: TCP_TRANSPORTS },
  { name: "UDP", transports: UDP_TRANSPORTS },
];

for (const { name, transports } of READERS) {
  Deno.test(`RtspSession says goodbye over ${name} when the publisher has left`, async () => {
    const server = fakeRtspServer();
    const publisher = server.connect("198.51.100.9");
    await publisher.publish();
    await publisher.send({ channel: 0, packet: picture(0, true) });
    const reader = server.connect();
    await reader.play(transports);
    await reader.takeFrames();
    server.rtcp.takeSent();
    await publisher.request("TEARDOWN");
    server.clock.advance(250);
    const reports = name === "TCP"
      ? (await reader.takeFrames()).map(({ packet }) => packet)
      : server.rtcp.takeSent().map(({ bytes }) => bytes);
    const types = reports.map((report) => {
      const packets = parseRtcpCompound(report);
      assert(typeof packets !== "string");
      return packets.map(({ type }) => type);
    });
    const goodbye = ["receiverReport", "sourceDescription", "bye"];
    assertEquals(types, [goodbye, goodbye]);
    await reader.done;
    assert(reader.tcp.isClosed);
    assertEquals(linesOf(server, "destroyed: terminated").length, 1);
    await server.close();
  });
}

Deno.test("RtspSession ends with the connection that carries its media", async () => {
  const server = fakeRtspServer();
  const publisher = server.connect();
  await publisher.publish();
  publisher.tcp.endInput();
  await publisher.done;
  assertEquals(server.context.sessions.size, 0);
  assertEquals(linesOf(server, "destroyed"), [
    "info: [session X] destroyed: not in use",
  ]);
  await server.close();
});

Deno.test("RtspSession of a publisher over UDP outlives its connection", async () => {
  const server = fakeRtspServer();
  const publisher = server.connect();
  await publisher.publish(UDP_TRANSPORTS);
  publisher.tcp.endInput();
  await publisher.done;
  server.rtp.deliver(picture(0, true), "198.51.100.7", 6_000);
  assertEquals((await server.connect().request("DESCRIBE")).status, 200);
  server.pass(9_500);
  assertEquals(server.context.sessions.size, 1);
  server.pass(1_000);
  assertEquals(server.context.sessions.size, 0);
  await server.close();
});

/** Requests, the last of which is refused; what is refused ends its connection. */
const REFUSALS: readonly {
  readonly name: string;
  readonly steps: (peer: RtspPeer) => Promise<{ readonly status: number }>;
  readonly status: number;
  readonly reason: string;
}[] = [
  {
    name: "PLAY without a session",
    steps: (peer) => peer.request("PLAY"),
    status: 454,
    reason: "PLAY without a session",
  },
  {
    name: "TEARDOWN of a session that is not there",
    steps: (peer) => peer.request("TEARDOWN", URL_OF_CAM, { Session: "12ab" }),
    status: 454,
    reason: 'session "12ab" does not exist',
  },
  {
    name: "ANNOUNCE without a type",
    steps: (peer) => peer.announce({ "Content-Type": undefined }),
    status: 400,
    reason: 'Content-Type of ANNOUNCE is "", wanted "application/sdp"',
  },
  {
    name: "ANNOUNCE without tracks",
    steps: (peer) => peer.announce({}, SDP.slice(0, SDP.indexOf("m="))),
    status: 400,
    reason: "ANNOUNCE with 0 tracks, wanted 1 to 16",
  },
  {
    name: "ANNOUNCE of a back channel",
    steps: (peer) => peer.announce({}, `${SDP}a=sendonly\r\n`),
    status: 400,
    reason: "back channels cannot be recorded",
  },
  {
    name: "ANNOUNCE twice",
    steps: async (peer) => {
      await peer.announce();
      return await peer.announce();
    },
    status: 455,
    reason: "ANNOUNCE in a session that has begun already",
  },
  {
    name: "RECORD without ANNOUNCE",
    steps: async (peer) => {
      await peer.setup(0, TCP_TRANSPORTS[0]!);
      return await peer.request("RECORD");
    },
    status: 455,
    reason: "RECORD before ANNOUNCE",
  },
  {
    name: "RECORD before all tracks are set up",
    steps: async (peer) => {
      await peer.announce();
      await peer.setup(0, `${TCP_TRANSPORTS[0]};mode=record`);
      return await peer.request("RECORD");
    },
    status: 400,
    reason: "RECORD with 1 of 2 announced tracks set up",
  },
  {
    name: "SETUP of a track that was not announced",
    steps: async (peer) => {
      await peer.announce();
      return await peer.setup(5, `${TCP_TRANSPORTS[0]};mode=record`);
    },
    status: 400,
    reason: "SETUP of an unknown track",
  },
  {
    name: "SETUP of a track that is not there",
    steps: (peer) => peer.setup(5, TCP_TRANSPORTS[0]!),
    status: 400,
    reason: "SETUP of track 5, which is not there",
  },
  {
    name: "SETUP of a track twice",
    steps: async (peer) => {
      await peer.setup(0, TCP_TRANSPORTS[0]!);
      return await peer.setup(0, TCP_TRANSPORTS[1]!);
    },
    status: 400,
    reason: "track 0 was set up already",
  },
  {
    name: "SETUP of another path",
    steps: async (peer) => {
      await peer.setup(0, TCP_TRANSPORTS[0]!);
      return await peer.request("SETUP", `${URL_OF_CAM}2/trackID=1`, {
        Transport: TCP_TRANSPORTS[1]!,
      });
    },
    status: 400,
    reason: "SETUP of a track of another path",
  },
  {
    name: "SETUP while media flows",
    steps: async (peer) => {
      await peer.play(TCP_TRANSPORTS.slice(0, 1));
      return await peer.setup(1, TCP_TRANSPORTS[1]!);
    },
    status: 455,
    reason: "SETUP while media flows",
  },
  {
    name: "SETUP of a transport that is not there",
    steps: (peer) => peer.setup(0, "RTP/AVP;multicast"),
    status: 461,
    reason: 'no transport of "RTP/AVP;multicast" is supported here',
  },
  {
    name: "DESCRIBE of a path without a stream",
    steps: (peer) => peer.request("DESCRIBE", "rtsp://192.0.2.1/none"),
    status: 404,
    reason: "no stream is available on path 'none'",
  },
  {
    name: "SETUP of a path without a stream",
    steps: (peer) =>
      peer.request("SETUP", "rtsp://192.0.2.1/none/trackID=0", {
        Transport: TCP_TRANSPORTS[0]!,
      }),
    status: 404,
    reason: "no stream is available on path 'none'",
  },
  {
    name: "DESCRIBE of a path with a bad name",
    steps: (peer) => peer.request("DESCRIBE", "rtsp://192.0.2.1/a/../b"),
    status: 400,
    reason: "invalid path name: can't contain dot path segments (a/../b)",
  },
];

for (const { name, steps, status, reason } of REFUSALS) {
  Deno.test(`RtspSession refuses ${name} with ${status}`, async () => {
    const server = fakeRtspServer();
    await publishCam(server);
    const peer = server.connect();
    assertEquals((await steps(peer)).status, status);
    await peer.done;
    assert(peer.tcp.isClosed);
    assertEquals(
      linesOf(server, "[conn").at(-1),
      `info: [conn 198.51.100.7:40000] closed: ${reason}`,
    );
    assertEquals(server.context.sessions.size, 0);
    await server.close();
  });
}
