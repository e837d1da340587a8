import { serializeAmf0Values } from "#formats/flv/amf0.ts";
import { serializeRtmpCommand } from "#protocols/rtmp/wire/commands.ts";
import {
  PEER_BANDWIDTH_LIMIT,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { concatBytes } from "#test/fake_tcp.ts";
import { settled } from "#test/fake_clock.ts";
import { accessTo } from "#test/test_ports.ts";
import { fakeRtmpServer, type RtmpPeer } from "./fake_peer.ts";
import {
  audioFrame,
  audioHeader,
  metadata,
  picture,
  videoHeader,
} from "./messages.ts";

const TC_URL = "rtmp://192.0.2.1/cam";

const STARTED = "NetStream.Publish.Start";

/** A command in a message of the AMF3 type: a 0, then AMF0 values, with AMF3 values behind 0x11 among them. */
function amf3Command(hex: string): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.commandAmf3,
    messageStreamId: 1,
    timestampMs: 0,
    payload: Uint8Array.fromHex(hex.replaceAll(" ", "")),
  };
}

/** A message as it stands in an aggregate. */
function aggregated({ typeId, timestampMs, payload }: RtmpMessage): Uint8Array {
  return Uint8Array.of(
    ...[typeId, 0, payload.length >> 8, payload.length],
    ...[timestampMs >> 16, timestampMs >> 8, timestampMs, 0, 0, 0, 0],
    ...payload,
    ...[0, 0, 0, 0],
  );
}

function aggregate(...messages: readonly RtmpMessage[]): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.aggregate,
    messageStreamId: 1,
    timestampMs: messages[0]!.timestampMs,
    payload: concatBytes(messages.map(aggregated)),
  };
}

async function sendMedia(peer: RtmpPeer): Promise<void> {
  await peer.send(
    metadata({ videocodecid: 7, audiocodecid: 10 }),
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    audioFrame(0),
    picture(40),
  );
}

/** Ways in which encoders publish to `cam`; each sends two pictures and a frame of sound, and answers what it was told. */
const ENCODERS: readonly {
  readonly name: string;
  readonly publish: (peer: RtmpPeer) => Promise<readonly string[]>;
  readonly told?: readonly string[];
}[] = [
  {
    name: "with FMLE's commands before and behind [FMLE, ffmpeg, OBS]",
    publish: async (peer) => {
      await peer.connect();
      await peer.command("releaseStream", null, "");
      await peer.command("FCPublish", null, "");
      await peer.command("_checkbw", null);
      const told = await peer.command("publish", null, "", "live");
      await peer.send({
        ...metadata({}),
        payload: serializeAmf0Values(["onFI", { sd: "1", st: "2" }]),
      });
      await sendMedia(peer);
      return told;
    },
  },
  {
    name: "without createStream",
    publish: async (peer) => {
      await peer.shakeHands();
      await peer.command("connect", { app: "cam", tcUrl: TC_URL });
      const told = await peer.command("publish", null, "", "live");
      await sendMedia(peer);
      return told;
    },
  },
  {
    name: "with commands and data of AMF3 [Flash Player]",
    publish: async (peer) => {
      await peer.shakeHands();
      await peer.send(serializeRtmpCommand(0, "connect", 1, {
        app: "cam",
        tcUrl: TC_URL,
        flashVer: "WIN 10,0,32,18",
        objectEncoding: 3,
      }));
      await peer.take();
      await peer.send(
        amf3Command(
          "00 02000c 63726561746553747265616d 00 4000000000000000 05",
        ),
      );
      assertEquals(await peer.take(), ["_result"]);
      await peer.send(
        amf3Command(
          "00 020007 7075626c697368 00 0000000000000000 11 01 11 06 01 11 06 09 6c697665",
        ),
      );
      const told = await peer.take();
      const data = metadata({ videocodecid: 7, audiocodecid: 10 });
      await peer.send({
        ...data,
        typeId: RTMP_MESSAGE_TYPE.dataAmf3,
        payload: Uint8Array.of(0, ...data.payload),
      });
      await peer.send(
        videoHeader(),
        audioHeader(),
        picture(0, { isRandomAccess: true }),
        audioFrame(0),
        picture(40),
      );
      return told;
    },
  },
  {
    name: "in aggregates [Adobe Media Server]",
    publish: async (peer) => {
      const told = await peer.publish();
      await peer.send(
        aggregate(
          metadata({ videocodecid: 7, audiocodecid: 10 }),
          videoHeader(),
          audioHeader(),
        ),
        aggregate(
          picture(0, { isRandomAccess: true }),
          audioFrame(0),
          picture(40),
        ),
      );
      return told;
    },
  },
  {
    name: "and asks for a window [librtmp]",
    publish: async (peer) => {
      await peer.connect();
      await peer.send(
        serializeRtmpControl({
          kind: "setPeerBandwidth",
          windowBytes: 5_000_000,
          limitType: PEER_BANDWIDTH_LIMIT.hard,
        }),
        serializeRtmpControl({
          kind: "setBufferLength",
          messageStreamId: 1,
          bufferLengthMs: 30_000,
        }),
      );
      const told = await peer.command("publish", null, "", "live");
      await sendMedia(peer);
      return told;
    },
    told: ["windowAckSize", STARTED],
  },
  {
    name: "with a chunk size of one byte",
    publish: async (peer) => {
      const told = await peer.publish();
      peer.tcp.receive(Uint8Array.fromHex("02000000000004010000000000000001"));
      for (
        const { typeId, timestampMs, payload } of [
          metadata({ videocodecid: 7, audiocodecid: 10 }),
          videoHeader(),
          audioHeader(),
          picture(0, { isRandomAccess: true }),
          audioFrame(0),
          picture(40),
        ]
      ) {
        const chunks = [...payload].flatMap((byte, i) =>
          i === 0
            ? [
              ...[6, 0, 0, timestampMs, 0, 0, payload.length, typeId],
              ...[1, 0, 0, 0, byte],
            ]
            : [0xc6, byte]
        );
        peer.tcp.receive(Uint8Array.from(chunks));
      }
      await settled();
      return told;
    },
  },
];

for (const { name, publish, told = [STARTED] } of ENCODERS) {
  Deno.test(`RtmpConnection takes an encoder that publishes ${name}`, async () => {
    const server = fakeRtmpServer();
    const peer = server.connect();
    assertEquals(await publish(peer), told);
    const description = await server.paths.describe(accessTo("cam"));
    assert(description.kind === "stream");
    assertEquals(description.stream.totalUnits, 3);
    assertEquals(
      server.lines.filter((line) => line.startsWith("warn")),
      [],
    );
    await peer.command("FCUnpublish", null, "");
    await peer.done;
    await server.close();
  });
}

Deno.test("RtmpConnection ends an encoder that sends only pings", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  await peer.publish();
  await sendMedia(peer);
  for (let i = 0; i < 20; i++) {
    server.pass(500);
    assert(!peer.tcp.isClosed, "it ended too early");
    await peer.send(
      serializeRtmpControl({ kind: "pingRequest", timestampMs: i }),
    );
    assertEquals(await peer.take(), ["pingResponse"]);
  }
  server.pass(500);
  await peer.done;
  const line = server.lines.findLast((one) => one.includes(" closed: "));
  assert(line?.endsWith("closed: read timed out: the peer sends no media"));
  await server.close();
});

Deno.test("RtmpConnection tells how much a stuck player has acknowledged", async () => {
  const server = fakeRtmpServer();
  const publisher = server.connect();
  await publisher.publish();
  await sendMedia(publisher);
  const player = server.connect();
  await player.play();
  await player.send(
    serializeRtmpControl({ kind: "acknowledgement", receivedBytes: 3_100 }),
  );
  player.tcp.stall();
  for (let i = 1; i <= 21; i++) {
    await publisher.send(picture(40 * i + 40));
    server.pass(500);
  }
  await player.done;
  const line = server.lines.find((one) => one.includes("write timed out"));
  assert(
    /the peer does not read, it acknowledged 3100 of \d+ bytes$/.test(line!),
    line,
  );
  await server.close();
});
