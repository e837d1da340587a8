import { serializeAmf0Values } from "#formats/flv/amf0.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { aacPayload, h264Slice, rtpPacket } from "#test/units.ts";
import {
  audioFrame,
  audioHeader,
  picture,
  videoHeader,
} from "../../protocols/rtmp/messages.ts";
import {
  SDP,
  TCP_TRANSPORTS,
  UDP_TRANSPORTS,
  URL_OF_CAM,
} from "../../protocols/rtsp/fake_peer.ts";
import { joinFramed, splitFramed } from "../framed_units.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import {
  rtmpChunks,
  rtmpHandshake,
  rtmpStart,
  SessionScene,
} from "../session_scene.ts";

/** Parts of an input before readers come: enough to publish. */
const PARTS_BEFORE_READERS = 5;

/** More parts than this of one input are not sent. */
const MAX_PARTS = 64;

/** What a part that is a datagram begins with. */
const DATAGRAM = { rtp: 1, rtcp: 2 };

const encoder = new TextEncoder();

/** Whole servers without sockets: a hostile publisher or reader, readers of both protocols, and nothing left behind. */
export const SESSION_TARGETS: readonly FuzzTarget[] = [
  {
    name: "rtsp_session",
    seeds: rtspSeeds,
    rejects: [],
    cost: 20,
    passes: 20,
    run: async (input) => {
      const scene = new SessionScene("rtsp");
      for (const [i, part] of partsOf(input).entries()) {
        if (i === PARTS_BEFORE_READERS) await scene.addReaders();
        const isRtcp = part[0] === DATAGRAM.rtcp;
        if (isRtcp || part[0] === DATAGRAM.rtp) {
          await scene.sendDatagram(isRtcp, part.subarray(1));
        } else await scene.send(part);
      }
      await scene.close();
      return scene.hasReaders;
    },
  },
  {
    name: "rtmp_session",
    seeds: rtmpSeeds,
    rejects: [],
    cost: 20,
    passes: 20,
    run: async (input) => {
      const scene = new SessionScene("rtmp");
      await scene.send(rtmpHandshake());
      await scene.send(rtmpChunks(rtmpStart("cam", "publish")));
      for (const [i, part] of partsOf(input).entries()) {
        if (i === PARTS_BEFORE_READERS) await scene.addReaders();
        const [typeId = 0, high = 0, low = 0] = part;
        const timestampMs = high << 8 | low;
        const payload = part.slice(3);
        const message = { typeId, messageStreamId: 1, timestampMs, payload };
        await scene.send(rtmpChunks([message]));
      }
      await scene.close();
      return scene.hasReaders;
    },
  },
];

function partsOf(input: Uint8Array): Uint8Array[] {
  return splitFramed(input).slice(0, MAX_PARTS);
}

/** Publishers over TCP and UDP, and a reader that has nothing to read. */
function rtspSeeds(): Uint8Array[] {
  const pictures = [0, 1, 2, 3].map((i) =>
    rtpPacket(
      { sequenceNumber: i, timestampTicks: 3_000 * i, marker: true },
      h264Slice(i % 2 === 0),
    )
  );
  const sounds = [0, 1, 2, 3].map((i) =>
    rtpPacket(
      {
        payloadType: 97,
        sequenceNumber: i,
        timestampTicks: 1_024 * i,
        marker: true,
      },
      aacPayload(Uint8Array.of(0x21, 0x10, i)),
    )
  );
  const report = Uint8Array.fromHex(
    "80c8000612345678e8d6a50000000000000000000000000100000001",
  );
  const media = pictures.flatMap((one, i) => [
    serializeInterleavedFrames([one], 0),
    serializeInterleavedFrames([sounds[i]!], 2),
    serializeInterleavedFrames([report], 1),
  ]);
  const datagrams = [
    ...pictures.map((one) => Uint8Array.of(DATAGRAM.rtp, ...one)),
    Uint8Array.of(DATAGRAM.rtcp, ...report),
  ];
  return [
    [...publishing(TCP_TRANSPORTS), ...media, request("TEARDOWN")],
    [
      ...publishing(TCP_TRANSPORTS),
      ...media,
      request("PAUSE"),
      request("RECORD"),
    ],
    [...publishing(UDP_TRANSPORTS), request("OPTIONS"), ...datagrams],
    [
      request("OPTIONS"),
      request("DESCRIBE"),
      setup(0, TCP_TRANSPORTS[0]!),
      request("PLAY"),
      request("GET_PARAMETER"),
    ],
  ].map(joinFramed);
}

function publishing(transports: readonly string[]): Uint8Array[] {
  const type = `Content-Type: application/sdp\r\nContent-Length: ${SDP.length}`;
  return [
    request("ANNOUNCE", `${type}\r\n`, SDP),
    ...transports.map((one, track) => setup(track, `${one};mode=record`)),
    request("RECORD"),
  ];
}

function setup(track: number, transport: string): Uint8Array {
  return request(
    "SETUP",
    `Transport: ${transport}\r\n`,
    "",
    `/trackID=${track}`,
  );
}

function request(
  method: string,
  headers = "",
  body = "",
  suffix = "",
): Uint8Array {
  return encoder.encode(
    `${method} ${URL_OF_CAM}${suffix} RTSP/1.0\r\nCSeq: 1\r\n${headers}\r\n${body}`,
  );
}

/** Publishers of video and audio, with and without metadata. */
function rtmpSeeds(): Uint8Array[] {
  const metadata = {
    typeId: 18,
    timestampMs: 0,
    payload: serializeAmf0Values(["@setDataFrame", "onMetaData", {
      videocodecid: 7,
      audiocodecid: 10,
    }]),
  };
  const media = [
    videoHeader(),
    audioHeader(),
    ...[0, 1, 2, 3, 4, 5].flatMap((i) => [
      picture(40 * i, { isRandomAccess: i % 3 === 0, compositionTimeMs: 40 }),
      audioFrame(40 * i),
    ]),
  ];
  return [[metadata, ...media], media, media.slice(2)].map((messages) =>
    joinFramed(
      messages.map(({ typeId, timestampMs, payload }) =>
        Uint8Array.of(typeId, timestampMs >> 8, timestampMs & 0xff, ...payload)
      ),
    )
  );
}
