import type { OutgoingRtpPacket } from "#formats/rtp/track_encoder.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";
import { rtpPayload } from "#formats/rtp/rtp_packet.ts";
import { serializeRtcpCompound } from "#formats/rtp/rtcp/serialize_compound.ts";
import {
  exchangeFromMikey,
  mikeyFromExchange,
} from "#formats/mikey/srtp_exchange.ts";
import { parseSdpKeyMgmt } from "#formats/mikey/sdp_key_mgmt.ts";
import { parseSessionDescription } from "#formats/sdp/session_description.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { openSrtpReceiver } from "#formats/srtp/srtp_receiver.ts";
import { openSrtpSender } from "#formats/srtp/srtp_sender.ts";
import { TrackProtection } from "#protocols/rtsp/track_protection.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { accessTo, sessionOwner } from "#test/test_ports.ts";
import {
  AUDIO,
  h264Slice,
  publishPicture,
  rtpPacket,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  type RtspPeer,
  SDP,
  URL_OF_CAM,
} from "./fake_peer.ts";

const SOURCE = { payloadType: 96, ssrc: 0x01020304 };

const REPORT = serializeRtcpCompound([
  { type: "receiverReport", ssrc: SOURCE.ssrc, reportBlocks: [] },
]);

const SAVP_UDP = "RTP/SAVP;unicast;client_port=6000-6001";

function outgoing(sequenceNumber: number, bodyBytes = 50): OutgoingRtpPacket {
  return {
    firstByte: 0x80,
    marker: true,
    sequenceNumber,
    timestampTicks: 9_000,
    body: new Uint8Array(bodyBytes).fill(7),
  };
}

/** Keys that a peer sends with, and the header that tells them. */
function peerKeys(ssrc: number) {
  const exchange = { keys: createSrtpKeys(), rollovers: new Map([[ssrc, 0]]) };
  const message = mikeyFromExchange(exchange, 0);
  const header = serializeKeyMgmt({ uri: URL_OF_CAM, message });
  return { exchange, headers: { KeyMgmt: header } };
}

/** What the server sends with, from its answer to SETUP. */
function exchangeOf(headers: { get(name: string): string | undefined }) {
  return exchangeFromMikey(parseKeyMgmt(headers.get("KeyMgmt")!).message);
}

Deno.test("TrackProtection.protect() changes bodies, nothing else, over a rollover", () => {
  const protection = new TrackProtection();
  const packets = [65_535, 65_536, 65_537].map((one) => outgoing(one));
  const out = protection.protect(packets, SOURCE);
  using receiver = openSrtpReceiver(protection.keys);
  for (const [i, packet] of out.entries()) {
    const { body: _, ...fields } = packets[i]!;
    const { body, ...others } = packet;
    assertEquals(others, fields);
    assertEquals(body.length, 50 + 10);
    const clear = receiver.unprotectRtp(rtpPacket({
      sequenceNumber: packet.sequenceNumber & 0xffff,
      timestampTicks: 9_000,
      marker: true,
      payloadType: SOURCE.payloadType,
      ssrc: SOURCE.ssrc,
    }, body));
    assert(typeof clear !== "string", `packet ${i}: ${clear}`);
    assertEquals(rtpPayload(clear), packets[i]!.body);
  }
  assertEquals(protection.protect([], SOURCE), []);
  protection.close();
});

Deno.test("TrackProtection never uses an index of SRTCP twice, ciphers closed in between or not", () => {
  const protection = new TrackProtection();
  using receiver = openSrtpReceiver(protection.keys);
  for (let i = 0; i < 6; i++) {
    const report = receiver.unprotectRtcp(protection.protectRtcp(REPORT));
    assertEquals(report, REPORT);
    if (i % 2 === 0) protection.close();
  }
  protection.close();
  protection.close();
});

/** Somebody publishes to `cam` without a session; a picture is there. */
async function publishCam(server: FakeRtspServer) {
  const grant = await server.paths.publish(
    accessTo("cam", { action: "publish" }),
    sessionOwner(server.logger, "publisher"),
  );
  const publication = grant.attach([VIDEO, AUDIO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  return publication;
}

Deno.test("RtspSession sends SRTP over UDP, one encryption for all readers", async () => {
  const server = fakeRtspServer({ protocol: "rtsps" });
  const publication = await publishCam(server);
  const described = await server.connect().request("DESCRIBE");
  const { media } = parseSessionDescription(described.body);
  const told = media.map(({ keyMgmt }) =>
    exchangeFromMikey(parseSdpKeyMgmt(keyMgmt!)!)
  );
  assertEquals(media.map(({ protocol }) => protocol), ["RTP/SAVP", "RTP/SAVP"]);
  assert(told[0]!.keys.masterKey.toHex() !== told[1]!.keys.masterKey.toHex());
  const peers = [
    server.connect("198.51.100.7"),
    server.connect("198.51.100.8"),
  ];
  for (const peer of peers) {
    const answer = await peer.setup(0, SAVP_UDP, peerKeys(1).headers);
    assertEquals(answer.status, 200);
    assertEquals(exchangeOf(answer.headers), told[0]);
    assertEquals((await peer.request("PLAY")).status, 200);
  }
  publishPicture(publication, VIDEO_FRAME_TICKS);
  const datagrams = server.rtp.takeSent();
  const [first, second] = ["198.51.100.7", "198.51.100.8"].map((to) =>
    datagrams.filter(({ ip }) => ip === to).map(({ bytes }) => bytes)
  );
  assert(first!.length > 0);
  assertEquals(first!.at(-1), second!.at(-1));
  assert(first!.at(-1)!.buffer === second!.at(-1)!.buffer, "made only once");
  using receiver = openSrtpReceiver(told[0]!.keys, told[0]!.rollovers);
  for (const packet of first!) {
    assert(typeof receiver.unprotectRtp(packet) !== "string");
  }
  for (const { bytes } of server.rtcp.takeSent()) {
    const report = receiver.unprotectRtcp(bytes);
    assert(typeof report !== "string", `${report}`);
    assert(typeof parseRtcpCompound(report) !== "string");
  }
  await server.close();
});

Deno.test("RtspSession takes the SRTP of a publisher and answers in SRTCP", async () => {
  const server = fakeRtspServer({ protocol: "rtsps" });
  const peer = server.connect();
  const { exchange, headers } = peerKeys(SOURCE.ssrc);
  const own = await recordVideo(peer, headers);
  using sender = openSrtpSender(exchange.keys);
  const packets = [0, 1].map((number) =>
    rtpPacket({
      sequenceNumber: number,
      timestampTicks: number * VIDEO_FRAME_TICKS,
      marker: true,
      ssrc: SOURCE.ssrc,
    }, h264Slice(number === 0))
  );
  const [one, other] = sender.protectRtp(packets, [0, 1]);
  const from = { ip: "198.51.100.7", port: 6_000 };
  server.rtp.deliver(one!, from.ip, from.port);
  server.rtp.deliver(other!, from.ip, from.port);
  server.rtp.deliver(other!, from.ip, from.port);
  server.rtp.deliver(
    rtpPacket({ sequenceNumber: 2 }, one!),
    from.ip,
    from.port,
  );
  server.pass(11_000);
  assertEquals(
    server.lines.filter((line) => line.includes("rejected"))
      .map((line) => line.replace(/.*SRTP/, "SRTP")),
    [
      "SRTP packet rejected: srtp_replayed",
      "SRTP packet rejected: srtp_not_authentic",
    ],
  );
  using receiver = openSrtpReceiver(own.keys);
  const { bytes } = server.rtcp.takeSent().at(-1)!;
  const report = receiver.unprotectRtcp(bytes);
  assert(typeof report !== "string", `${report}`);
  const [first] = parseRtcpCompound(report);
  assert(typeof first === "object" && first.type === "receiverReport");
  assertEquals(first.reportBlocks[0]!.ssrc, SOURCE.ssrc);
  await server.close();
});

/** ANNOUNCE, SETUP and RECORD of a video track over UDP; answers what the server sends with. */
async function recordVideo(
  peer: RtspPeer,
  headers: Readonly<Record<string, string>>,
) {
  const sdp = SDP.slice(0, SDP.indexOf("m=audio"));
  assertEquals((await peer.announce({}, sdp)).status, 200);
  const answer = await peer.setup(0, `${SAVP_UDP};mode=record`, headers);
  assertEquals(answer.status, 200);
  assertEquals((await peer.request("RECORD")).status, 200);
  return exchangeOf(answer.headers);
}
