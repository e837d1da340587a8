import type { Track } from "#core/track.ts";
import {
  type Amf0Object,
  amf0Property,
  parseAmf0Values,
} from "#formats/flv/amf0.ts";
import { serializeRtmpCommand } from "#protocols/rtmp/wire/commands.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { accessTo, sessionOwner } from "#test/test_ports.ts";
import { AUDIO, audioUnit, publishPicture, VIDEO } from "#test/units.ts";
import {
  type FakeRtmpServer,
  fakeRtmpServer,
  type RtmpPeer,
} from "./fake_peer.ts";

const ADDRESS = "conn 198.51.100.7:40000";

const MEDIA_TYPES: readonly number[] = [
  RTMP_MESSAGE_TYPE.audio,
  RTMP_MESSAGE_TYPE.video,
];

/** Somebody publishes these tracks to `cam`, without a connection. */
async function publishCam(server: FakeRtmpServer, tracks: readonly Track[]) {
  const grant = await server.paths.publish(
    accessTo("cam"),
    sessionOwner(server.logger, "publisher"),
  );
  const publication = grant.attach(tracks);
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, 0, { isRandomAccess: true });
}

/** Connects with these properties beside the usual ones; answers what came. */
async function connectWith(
  peer: RtmpPeer,
  properties: Amf0Object,
): Promise<RtmpMessage[]> {
  await peer.shakeHands();
  const tcUrl = "rtmp://192.0.2.1/cam";
  await peer.send(
    serializeRtmpCommand(0, "connect", 1, { app: "cam", tcUrl, ...properties }),
    serializeRtmpCommand(0, "createStream", 2, null),
  );
  return await peer.takeMessages();
}

Deno.test("RtmpConnection speaks of enhanced RTMP to those who do [specification]", async () => {
  const server = fakeRtmpServer();
  for (
    const [properties, answered] of [
      [{}, undefined],
      [{ fourCcList: ["av01"] }, 0b111],
    ] as const
  ) {
    const peer = server.connect();
    const messages = await connectWith(peer, properties);
    const result = messages.find(({ typeId }) =>
      typeId === RTMP_MESSAGE_TYPE.commandAmf0
    );
    const values = parseAmf0Values(result!.payload);
    assertEquals(amf0Property(values[2], "capsEx"), answered);
  }
  await server.close();
});

Deno.test("RtmpConnection gives a player of enhanced RTMP every track", async () => {
  const server = fakeRtmpServer();
  await publishCam(server, [VIDEO, AUDIO, { ...AUDIO, id: 2 }]);
  const peer = server.connect();
  await connectWith(peer, { fourCcList: ["mp4a"], capsEx: 0b10 });
  await peer.send(serializeRtmpCommand(1, "play", 3, null, ""));
  const media = (await peer.takeMessages()).filter(({ typeId }) =>
    MEDIA_TYPES.includes(typeId)
  );
  assertEquals(
    media.map(({ payload }) => payload.subarray(0, 2).toHex()),
    ["1700", "af00", "9500", "1701"],
  );
  assert(server.lines.includes(
    `info: [${ADDRESS}] is reading from path 'cam', 3 tracks (H264, MPEG-4 Audio, MPEG-4 Audio)`,
  ));
  await server.close();
});

for (
  const [name, properties, told] of [
    ["asks a client that can to come back", { capsEx: 0b1 }, [
      "NetConnection.Connect.ReconnectRequest",
    ]],
    ["tells others that the stream ends", { fourCcList: ["*"] }, [
      "streamEof",
      "NetStream.Play.UnpublishNotify",
    ]],
  ] as const
) {
  Deno.test(`RtmpConnection.terminate() ${name}`, async () => {
    const server = fakeRtmpServer();
    await publishCam(server, [VIDEO, AUDIO]);
    const peer = server.connect();
    await connectWith(peer, properties);
    await peer.send(serializeRtmpCommand(1, "play", 3, null, ""));
    await peer.take();
    for (const one of server.context.connections) one.terminate();
    assertEquals(await peer.take(), [...told]);
    await peer.done;
    assert(server.lines.includes(`info: [${ADDRESS}] closed: terminated`));
    await server.close();
  });
}
