import { serializeAmf0Values } from "#formats/flv/amf0.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
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
  unknownVideo,
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
    peer.tcp.endInput();
    await peer.done;
    await server.close();
  });
}

Deno.test("RtmpConnection goes on after media that cannot be read", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  await peer.publish();
  await sendMedia(peer);
  for (let i = 0; i < 3; i++) {
    await peer.send({
      ...picture(40),
      payload: Uint8Array.of(0x27, 9, 0, 0, 0),
    });
  }
  await peer.send(picture(120));
  const description = await server.paths.describe(accessTo("cam"));
  assert(description.kind === "stream");
  server.clock.advance(1_000);
  assertEquals(description.stream.totalUnits, 4);
  assertEquals(
    server.lines.filter((line) => line.startsWith("warn")).length,
    2,
  );
  await server.close();
});

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

Deno.test("RtmpConnection ends an encoder of whose media nothing can be decoded", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  await peer.publish();
  await peer.send(metadata({ videocodecid: 4, audiocodecid: 10 }));
  for (let i = 0; i < 21; i++) {
    assert(!peer.tcp.isClosed, "it ended too early");
    // VP6, and AAC without its configuration
    await peer.send(unknownVideo(i * 500), audioFrame(i * 500));
    server.pass(500);
  }
  await peer.done;
  assertEquals(
    server.lines.slice(-2).map((line) => line.replace(/^.*\] /, "")),
    [
      "skipping video track: codec 4 is not supported over RTMP here",
      "closed: read timed out: the peer sends no media that can be decoded",
    ],
  );
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

/** How encoders stop without leaving. */
const STOPS: readonly {
  readonly name: string;
  readonly commands: readonly string[];
}[] = [
  {
    name: "FCUnpublish and deleteStream",
    commands: ["FCUnpublish", "deleteStream"],
  },
  { name: "closeStream", commands: ["closeStream"] },
  { name: "deleteStream", commands: ["deleteStream"] },
];

for (const { name, commands } of STOPS) {
  Deno.test(`RtmpConnection lets an encoder publish again after ${name} [nginx-rtmp-module #81]`, async () => {
    const server = fakeRtmpServer();
    const peer = server.connect();
    await peer.connect("live");
    for (const key of ["one", "two", "two"]) {
      const told = await peer.command("publish", null, key, "live");
      assertEquals(told, [STARTED]);
      await sendMedia(peer);
      const [session] = server.sessions.list();
      assertEquals(
        [session?.state, session?.pathName],
        ["publish", `live/${key}`],
      );
      server.pass(3_000);
      for (const command of commands) await peer.command(command, null, 1);
      assertEquals(server.sessions.list()[0]?.state, "idle");
      await peer.send(picture(80));
    }
    assertEquals(
      server.lines.filter((line) => line.includes("[path ")).map((line) =>
        line.replace(/^info: /, "").replace(/, 2 tracks .*/, "")
      ),
      ["one", "two", "two"].flatMap((key) => [
        `[path live/${key}] stream is available and online`,
        `[path live/${key}] stream is not available and offline`,
      ]),
    );
    server.pass(10_000);
    await settled();
    assert(!peer.tcp.isClosed, "it ended too early");
    server.pass(500);
    await peer.done;
    const last = server.lines.at(-1)!;
    assert(
      last.endsWith("closed: read timed out: the peer asks for no stream"),
    );
    assertEquals(server.clock.pendingTimers, 0);
    await server.close();
  });
}

/** Lets everybody in, once it is told to. */
function slowAuthenticator() {
  const { promise, resolve } = Promise.withResolvers<{ user: string }>();
  return {
    authenticator: { authenticate: () => promise },
    allow: () => resolve({ user: "" }),
  };
}

Deno.test("RtmpConnection takes large pictures of an encoder that does not wait to be let in [nginx-rtmp push]", async () => {
  const { authenticator, allow } = slowAuthenticator();
  const server = fakeRtmpServer({ authenticator });
  const peer = server.connect();
  await peer.connect();
  const sizeBytes = 400_000;
  const body = new Uint8Array(sizeBytes);
  body.set([0x17, 1, 0, 0, 0]);
  new DataView(body.buffer).setUint32(5, sizeBytes - 9);
  body[9] = 0x65;
  await peer.send(
    serializeRtmpCommand(1, "publish", 5, null, "", "live"),
    metadata({ videocodecid: 7 }),
    videoHeader(),
    ...[0, 40, 80, 120].map((atMs) => ({ ...picture(atMs), payload: body })),
  );
  assertEquals(await peer.take(), []);
  allow();
  assertEquals(await peer.take(), [STARTED]);
  for (let i = 0; i < 1_000; i++) await Promise.resolve();
  await settled();
  const description = await server.paths.describe(accessTo("cam"));
  assert(description.kind === "stream");
  assertEquals(description.stream.totalUnits, 4);
  await server.close();
});

Deno.test("RtmpConnection forgets a request to publish that is taken back before it was granted", async () => {
  const { authenticator, allow } = slowAuthenticator();
  const server = fakeRtmpServer({ authenticator });
  const peer = server.connect();
  await peer.connect("live");
  const start = (key: string) =>
    serializeRtmpCommand(1, "publish", 5, null, key, "live");
  const end = serializeRtmpCommand(1, "deleteStream", 6, null, 1);
  peer.tcp.receive(serializeRtmpMessages(
    [start("one"), end, start("two"), videoHeader(), picture(0)],
    DEFAULT_CHUNK_SIZE_BYTES,
  ));
  allow();
  assertEquals(await peer.take(), [STARTED]);
  assertEquals(
    server.sessions.list().map(({ state, pathName }) => [state, pathName]),
    [["publish", "live/two"]],
  );
  await server.close();
});

/** A server that hands out permissions which a test takes back, in the order in which they were given. */
function revokingServer() {
  const server = fakeRtmpServer();
  const { paths } = server;
  const revocations: AbortController[] = [];
  const publish: typeof paths.publish = async (request, owner) => {
    const grant = await paths.publish(request, owner);
    const revocation = new AbortController();
    revocations.push(revocation);
    return {
      ...{ pathName: grant.pathName, user: grant.user, revision: 1 },
      ...{ expiresAtMs: undefined, revoked: revocation.signal },
      ...{ useAbsoluteTimestamp: false, demuxMpegts: false },
      attach: (tracks) => grant.attach(tracks),
      detach: () => grant.detach(),
      [Symbol.dispose]: () => grant[Symbol.dispose](),
    };
  };
  Object.assign(server.context.ports, { access: { publish } });
  const revoke = (index: number) => revocations[index]!.abort(new Error("out"));
  return { server, revoke };
}

Deno.test("RtmpConnection attaches no stream of an encoder that is sent away while its tracks are detected", async () => {
  const { server, revoke } = revokingServer();
  const peer = server.connect();
  await peer.publish();
  await peer.send(videoHeader(), picture(0, { isRandomAccess: true }));
  revoke(0);
  await peer.done;
  assertEquals(server.lines.map((line) => line.replace(/^.*\] /, "")), [
    ...["opened", "closed: out"],
  ]);
  await server.close();
});

Deno.test("RtmpConnection does not end with a permission that it has given back", async () => {
  const { server, revoke } = revokingServer();
  const peer = server.connect();
  await peer.publish();
  await peer.command("deleteStream", null, 1);
  await peer.command("publish", null, "", "live");
  revoke(0);
  await settled();
  assertEquals(server.sessions.list()[0]?.state, "publish");
  revoke(1);
  await peer.done;
  await server.close();
});
