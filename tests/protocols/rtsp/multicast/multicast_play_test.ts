import { readU32 } from "#base/big_endian.ts";
import {
  exchangeFromMikey,
  mikeyFromExchange,
} from "#formats/mikey/srtp_exchange.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import {
  rtpSequenceNumber,
  rtpTimestampTicks,
} from "#formats/rtp/rtp_packet.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { parseRtpInfo } from "#protocols/rtsp/wire/headers/rtp_info.ts";
import { assert, assertEquals } from "#test/assert.ts";
import type { SentDatagram } from "#test/fake_udp.ts";
import { settled } from "#test/fake_clock.ts";
import {
  AUDIO,
  audioUnit,
  publishPicture,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  MULTICAST_TRANSPORT,
  publishCam,
  type RtspPeer,
  URL_OF_CAM,
} from "../fake_peer.ts";

const BOTH = [MULTICAST_TRANSPORT, MULTICAST_TRANSPORT];

/** A server whose stream has a picture, and what its sockets send. */
async function startedServer(
  options: Parameters<typeof fakeRtspServer>[0] = {},
): Promise<{
  server: FakeRtspServer;
  publication: Awaited<ReturnType<typeof publishCam>>;
  publish(number: number, isRandomAccess?: boolean): void;
}> {
  const server = fakeRtspServer({ multicastRange: "224.1.0.0/16", ...options });
  const publication = await publishCam(server);
  const publish = (number: number, isRandomAccess = false) => {
    const ptsTicks = number * VIDEO_FRAME_TICKS;
    publication.publish(AUDIO, audioUnit(number * 1_920));
    publishPicture(publication, ptsTicks, { isRandomAccess });
  };
  publish(0, true);
  return { server, publication, publish };
}

/** What was sent from a port since the last call. */
function takeSent(server: FakeRtspServer, port: number): SentDatagram[] {
  return server.groupSockets.filter(({ kind, socket }) =>
    kind === "sender" && socket.port === port
  ).flatMap(({ socket }) => socket.takeSent());
}

const takeRtp = (server: FakeRtspServer) => takeSent(server, 8_002);
const takeRtcp = (server: FakeRtspServer) => takeSent(server, 8_003);

/** Types of the last packets of reports, e.g. `bye`. */
function typesOf(reports: readonly SentDatagram[]): string[] {
  return reports.map(({ bytes }) => {
    const packets = parseRtcpCompound(bytes);
    assert(typeof packets !== "string", `${packets}`);
    return packets.map(({ type }) => type).at(-1)!;
  });
}

/** Bytes, RTP packets, and RTCP packets: two in each report. */
function sentIn(datagrams: readonly (readonly SentDatagram[])[]): number[] {
  const all = datagrams.flat();
  const reports = all.filter(({ port }) => port === 8_003);
  const sizeBytes = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [sizeBytes, all.length - reports.length, reports.length * 2];
}

function sessionsOf(server: FakeRtspServer) {
  return server.sessions.list().filter(({ type }) => type === "rtspSession");
}

/** A report of a reader about nothing. */
const READER_REPORT = Uint8Array.of(0x80, 201, 0, 1, 1, 2, 3, 4);

Deno.test("multicast readers share a group: an address a track, each packet once", async () => {
  const { server, publication, publish } = await startedServer();
  let wishes = 0;
  publication.onKeyFrameWanted = () => wishes++;
  const first = server.connect("198.51.100.7");
  const transports = [];
  for (const trackId of [0, 1]) {
    const { headers } = await first.setup(trackId, MULTICAST_TRANSPORT);
    transports.push(headers.get("Transport")!.replace(/;ssrc=.*/, ""));
  }
  assertEquals(transports, [
    "RTP/AVP;multicast;destination=224.1.0.1;port=8002-8003;ttl=127",
    "RTP/AVP;multicast;destination=224.1.0.2;port=8002-8003;ttl=127",
  ]);
  const played = await first.request("PLAY");
  assert(played.headers.get("RTP-Info")!.includes("seq="));
  assertEquals(takeRtcp(server).length, 2);
  const targets = () => takeRtp(server).map(({ ip, port }) => `${ip}:${port}`);
  assertEquals(targets(), ["224.1.0.1:8002"], "the burst");
  publish(1);
  assertEquals(targets(), ["224.1.0.2:8002", "224.1.0.1:8002"]);
  const second = server.connect("198.51.100.8");
  const late = await second.play(BOTH);
  assertEquals(targets(), [], "no burst for who is late");
  assertEquals(typesOf(takeRtcp(server)).length, 2, "reports at once");
  assertEquals(wishes, 1);
  publish(2);
  const following = takeRtp(server).toReversed();
  const begin = parseRtpInfo(late.headers.get("RTP-Info")!);
  for (const [i, { bytes }] of following.entries()) {
    assertEquals(rtpSequenceNumber(bytes), begin[i]!.sequenceNumber);
    assert((rtpTimestampTicks(bytes) - begin[i]!.timestampTicks! | 0) > 0);
  }
  assertEquals(following.length, 2);
  assertEquals(server.context.multicast!.addresses.takenCount, 2);
  assertEquals(
    server.groupSockets.map(({ kind, interfaceIp, group, socket }) =>
      [kind, interfaceIp, group ?? "", socket.port].join(" ")
    ),
    [
      "sender 192.0.2.1  8002",
      "sender 192.0.2.1  8003",
      "receiver 192.0.2.1 224.1.0.1 8003",
      "receiver 192.0.2.1 224.1.0.2 8003",
    ],
  );
  assertEquals(
    server.lines.filter((line) => line.includes("is reading"))
      .map((line) => line.replace(/.*\] /, "")),
    Array(2).fill(
      "is reading from path 'cam', with UDP-multicast, 2 tracks (H264, MPEG-4 Audio)",
    ),
  );
  await server.close();
});

Deno.test("multicast addresses and sockets go with the last reader", async () => {
  const { server, publish } = await startedServer();
  const readers = [server.connect(), server.connect()];
  for (const reader of readers) await reader.play(BOTH);
  await readers[0]!.request("TEARDOWN");
  await settled();
  publish(1);
  assertEquals([takeRtp(server).length > 0, server.groupSockets.length], [
    true,
    4,
  ]);
  await readers[1]!.request("TEARDOWN");
  await settled();
  assertEquals(server.groupSockets, []);
  assertEquals(server.context.multicast!.addresses.takenCount, 0);
  await readers[0]!.setup(0, MULTICAST_TRANSPORT, { Session: undefined });
  assertEquals(server.groupSockets.map(({ group }) => group), [
    undefined,
    undefined,
    "224.1.0.3",
  ]);
  readers[0]!.tcp.endInput();
  await readers[0]!.done;
  await settled();
  assertEquals(server.groupSockets, []);
  assertEquals(server.clock.pendingTimers, 0);
  await server.close();
});

Deno.test("multicast leaves by the interface over which the reader has come", async () => {
  const { server, publish } = await startedServer();
  const readers = ["192.0.2.1", "203.0.113.1"].map((localIp) =>
    server.connect("198.51.100.7", localIp)
  );
  for (const reader of readers) await reader.play(BOTH);
  takeRtp(server);
  publish(1);
  const targets = takeRtp(server).map(({ ip }) => ip).sort();
  assertEquals(targets, [
    "224.1.0.1",
    "224.1.0.2",
    "224.1.0.3",
    "224.1.0.4",
  ]);
  await server.close();
});

Deno.test("multicast sends what anybody has set up, while anybody plays", async () => {
  const { server, publish } = await startedServer();
  const pictures = server.connect();
  await pictures.play([MULTICAST_TRANSPORT]);
  const both = server.connect();
  await both.setup(0, MULTICAST_TRANSPORT);
  await both.setup(1, MULTICAST_TRANSPORT);
  takeRtp(server);
  const sentFor = async (peer: RtspPeer, method: string, number: number) => {
    assertEquals((await peer.request(method)).status, 200);
    publish(number, true);
    return takeRtp(server).map(({ ip }) => ip);
  };
  const [video, audio] = ["224.1.0.1", "224.1.0.2"];
  publish(1);
  assertEquals(takeRtp(server).map(({ ip }) => ip), [video]);
  assertEquals(await sentFor(both, "PLAY", 2), [audio, video]);
  assertEquals(await sentFor(pictures, "PAUSE", 3), [audio, video]);
  assertEquals(await sentFor(both, "PAUSE", 4), []);
  assertEquals(await sentFor(pictures, "PLAY", 5), [video, video]);
  assertEquals(server.context.multicast!.addresses.takenCount, 2);
  await server.close();
});

Deno.test("multicast counts from a reader's PLAY on", async () => {
  const { server, publish } = await startedServer();
  const [first, second] = [server.connect(), server.connect()];
  await first.play(BOTH);
  publish(1);
  const before = [takeRtp(server), takeRtcp(server)];
  await second.play(BOTH);
  publish(2);
  const after = [takeRtp(server), takeRtcp(server)];
  assertEquals(
    sessionsOf(server).map(({ outboundBytes, details }) => [
      outboundBytes,
      details["outboundRTPPackets"],
      details["outboundRTCPPackets"],
      details["transport"],
    ]),
    [
      [...sentIn([...before, ...after]), "UDP-multicast"],
      [...sentIn(after), "UDP-multicast"],
    ],
  );
  await server.close();
});

Deno.test("multicast says goodbye once when the stream ends, and to nobody when one reader is ended", async () => {
  const { server, publication } = await startedServer();
  const readers = [0, 1, 2].map((i) => server.connect(`198.51.100.${i}`));
  for (const reader of readers) await reader.play(BOTH);
  takeRtcp(server);
  const [kicked] = server.context.sessions.values();
  kicked!.end("kicked");
  assertEquals(takeRtcp(server), []);
  publication.detach();
  server.clock.advance(249);
  await settled();
  assertEquals([takeRtcp(server), sessionsOf(server).length], [[], 2]);
  server.clock.advance(1);
  assertEquals(typesOf(takeRtcp(server)), ["bye", "bye"]);
  await Promise.all(readers.map(({ done }) => done));
  assertEquals([server.groupSockets, sessionsOf(server)], [[], []]);
  assertEquals(server.clock.pendingTimers, 0);
  await server.close();
});

Deno.test("a multicast reader of the next publisher does not join a group that ends", async () => {
  const { server, publication } = await startedServer();
  const early = server.connect();
  await early.play(BOTH);
  publication.detach();
  const next = await publishCam(server);
  publishPicture(next, 0, { isRandomAccess: true });
  const late = server.connect();
  await late.play(BOTH);
  const addresses = takeRtp(server).map(({ ip }) => ip);
  assertEquals(addresses.at(-1), "224.1.0.3");
  server.clock.advance(250);
  await early.done;
  publishPicture(next, VIDEO_FRAME_TICKS);
  assertEquals(takeRtp(server).map(({ ip }) => ip), ["224.1.0.3"]);
  await server.close();
});

Deno.test("the last multicast reader that is ended tells the group", async () => {
  const { server } = await startedServer();
  const reader = server.connect();
  await reader.play(BOTH);
  takeRtcp(server);
  const socket = server.groupSockets[1]!.socket;
  const [session] = server.context.sessions.values();
  session!.end("terminated");
  assertEquals(typesOf(socket.takeSent()), ["bye", "bye"]);
  await server.close();
});

Deno.test("multicast readers live as long as reports come from their address", async () => {
  const { server } = await startedServer();
  const readers = ["198.51.100.7", "198.51.100.8"].map((ip) =>
    server.connect(ip)
  );
  for (const reader of readers) await reader.play(BOTH);
  const [, unicast, group] = server.groupSockets.map(({ socket }) => socket);
  const remote = () => sessionsOf(server).map((one) => one.remoteAddress);
  const all = remote();
  server.pass(40_000);
  // What this server says comes back to it, with an address that readers may have, too.
  const [own] = takeRtcp(server);
  group!.deliver(own!.bytes, "198.51.100.8", 8_003);
  group!.deliver(READER_REPORT.subarray(0, 7), "198.51.100.8", 8_003);
  group!.deliver(READER_REPORT, "198.51.100.7", 8_003);
  server.pass(30_000);
  assertEquals(remote(), all.slice(0, 1));
  unicast!.deliver(READER_REPORT, "198.51.100.7", 1_234);
  server.pass(50_000);
  assertEquals(remote(), all.slice(0, 1));
  server.pass(20_000);
  await settled();
  assertEquals([remote(), server.groupSockets], [[], []]);
  await server.close();
});

Deno.test("multicast is refused to publishers, where it is off, and where no address is left", async () => {
  const { server } = await startedServer({ multicastRange: "224.1.0.0/32" });
  const publisher = server.connect();
  await publisher.request(
    "ANNOUNCE",
    `${URL_OF_CAM}2`,
    { "Content-Type": "application/sdp" },
    "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=0\r\n",
  );
  const refused = await publisher.request(
    "SETUP",
    `${URL_OF_CAM}2/trackID=0`,
    { Transport: `${MULTICAST_TRANSPORT};mode=record` },
  );
  assertEquals(refused.status, 461);
  const reader = server.connect();
  assertEquals((await reader.setup(0, MULTICAST_TRANSPORT)).status, 200);
  assertEquals((await reader.setup(1, MULTICAST_TRANSPORT)).status, 453);
  await reader.done;
  await settled();
  assertEquals(server.context.multicast!.addresses.takenCount, 0);
  await server.close();
  const off = fakeRtspServer();
  await publishCam(off);
  const status = (await off.connect().setup(0, MULTICAST_TRANSPORT)).status;
  assertEquals(status, 461);
  await off.close();
});

Deno.test("multicast that the system refuses ends the reader and leaves nothing", async () => {
  const { server } = await startedServer();
  server.groupFailure = new Error("Cannot open: no such interface");
  const reader = server.connect();
  assertEquals((await reader.setup(0, MULTICAST_TRANSPORT)).status, 500);
  await reader.done;
  await settled();
  assertEquals(server.groupSockets, []);
  assertEquals(server.context.multicast!.addresses.takenCount, 0);
  assert(server.lines.some((line) => line.includes("no such interface")));
  server.groupFailure = undefined;
  const next = server.connect();
  assertEquals((await next.setup(0, MULTICAST_TRANSPORT)).status, 200);
  await server.close();
});

Deno.test("all tracks of a session go by multicast, or none", async () => {
  const { server } = await startedServer();
  const pairs = [
    [MULTICAST_TRANSPORT, "RTP/AVP;unicast;client_port=6000-6001"],
    ["RTP/AVP/TCP;unicast;interleaved=0-1", MULTICAST_TRANSPORT],
  ];
  for (const [first, second] of pairs) {
    const peer = server.connect();
    assertEquals((await peer.setup(0, first!)).status, 200);
    assertEquals((await peer.setup(1, second!)).status, 400);
    await peer.done;
  }
  await settled();
  assertEquals(server.groupSockets, []);
  await server.close();
});

Deno.test("multicast within TLS is SRTP, with keys that a late reader can begin with", async () => {
  const { server, publish } = await startedServer({ protocol: "rtsps" });
  const keys = { keys: createSrtpKeys(), rollovers: new Map([[7, 0]]) };
  const KeyMgmt = serializeKeyMgmt({
    uri: URL_OF_CAM,
    message: mikeyFromExchange(keys, server.clock.wallMs()),
  });
  const plain = server.connect();
  assertEquals((await plain.setup(0, MULTICAST_TRANSPORT)).status, 461);
  for (const isLate of [false, true]) {
    const reader = server.connect();
    const answer = await reader.setup(0, "RTP/SAVP;multicast", { KeyMgmt });
    assertEquals(
      answer.headers.get("Transport")!.replace(/;ssrc=.*/, ""),
      "RTP/SAVP;multicast;destination=224.1.0.1;port=8002-8003;ttl=127",
    );
    const told = exchangeFromMikey(
      parseKeyMgmt(answer.headers.get("KeyMgmt")!).message,
    );
    await reader.request("PLAY");
    if (isLate) {
      takeRtp(server);
      publish(1);
    }
    const [{ bytes }] = takeRtp(server) as [SentDatagram];
    assert(told.rollovers.has(readU32(bytes, 8)));
    using receiver = openSrtpReceiver(told.keys, told.rollovers);
    assert(typeof receiver.unprotectRtp(bytes) !== "string");
  }
  await server.close();
});

Deno.test("DESCRIBE tells VLC that there is multicast, if it asks", async () => {
  const { server } = await startedServer();
  const peer = server.connect();
  for (const query of ["", "?vlcmulticast", "?a=b&vlcmulticast"]) {
    const { body } = await peer.request("DESCRIBE", `${URL_OF_CAM}${query}`);
    const [line] = /c=.*/.exec(new TextDecoder().decode(body))!;
    const address = query === "" ? "0.0.0.0" : "224.1.0.0";
    assertEquals(line.trim(), `c=IN IP4 ${address}`);
  }
  await server.close();
  const off = fakeRtspServer();
  await publishCam(off);
  const { body } = await off.connect()
    .request("DESCRIBE", `${URL_OF_CAM}?vlcmulticast`);
  assert(new TextDecoder().decode(body).includes("c=IN IP4 0.0.0.0"));
  await off.close();
});
