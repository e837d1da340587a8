import type { Publication } from "#core/publication.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import { serializeRtmpCommand } from "#protocols/rtmp/wire/commands.ts";
import { serializeRtmpControl } from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import {
  accessTo,
  passwordAuthenticator,
  sessionOwner,
  USER,
} from "#test/test_ports.ts";
import {
  AUDIO,
  audioUnit,
  publishPicture,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtmpServer,
  fakeRtmpServer,
  type RtmpPeer,
} from "./fake_peer.ts";
import {
  audioFrame,
  audioHeader,
  metadata,
  picture,
  videoHeader,
} from "./messages.ts";

const ADDRESS = "conn 198.51.100.7:40000";

const RIGHT = `?user=${USER.name}&pass=${USER.password}`;

const PLAY_ACCEPTED = [
  "streamIsRecorded",
  "streamBegin",
  "NetStream.Play.Reset",
  "NetStream.Play.Start",
  "NetStream.Data.Start",
  "NetStream.Play.PublishNotify",
];

const PLAY_ENDED = ["streamEof", "NetStream.Play.UnpublishNotify"];

/** Somebody publishes both tracks to `cam`, without a connection. */
async function publishCam(server: FakeRtmpServer) {
  const { name: user, password } = USER;
  const grant = await server.paths.publish(
    accessTo("cam", { credentials: { kind: "password", user, password } }),
    sessionOwner(server.logger, "publisher"),
  );
  return { grant, publication: grant.attach([VIDEO, AUDIO]) };
}

function publishStart(publication: Publication): void {
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, 0, { isRandomAccess: true });
}

function closeLine(server: FakeRtmpServer): string | undefined {
  return server.lines.findLast((line) => line.includes(" closed: "));
}

async function sendStart(peer: RtmpPeer): Promise<void> {
  await peer.send(
    metadata({ videocodecid: 7, audiocodecid: 10 }),
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
    audioFrame(0),
  );
}

Deno.test("RtmpConnection answers connect and createStream [MediaMTX]", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  await peer.shakeHands();
  const tcUrl = "rtmp://192.0.2.1/cam";
  assertEquals(await peer.command("connect", { app: "cam", tcUrl }), [
    "windowAckSize",
    "setPeerBandwidth",
    "_result",
  ]);
  assertEquals(await peer.command("releaseStream", null, "x"), []);
  assertEquals(await peer.command("FCPublish", null, "x"), []);
  assertEquals(await peer.command("_checkbw", null), []);
  assertEquals(await peer.command("createStream", null), ["_result"]);
  assertEquals(await peer.command("createStream", null), ["_result"]);
  await server.close();
});

Deno.test("RtmpConnection publishes, from connect to deleteStream", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  assertEquals(await peer.publish("live/cam"), ["NetStream.Publish.Start"]);
  await sendStart(peer);
  const [session] = server.sessions.list();
  assertEquals(
    [session?.state, session?.pathName, session?.userAgent],
    ["publish", "live/cam", "test"],
  );
  const description = await server.paths.describe(accessTo("live/cam"));
  assert(description.kind === "stream");
  assertEquals(description.stream.tracks, [VIDEO, AUDIO]);
  await peer.command("deleteStream", null, 1);
  assertEquals(description.stream.totalUnits, 2);
  peer.tcp.endInput();
  await peer.done;
  assertEquals(server.sessions.list(), []);
  assertEquals(server.lines, [
    `info: [${ADDRESS}] opened`,
    "info: [path live/cam] stream is available and online, 2 tracks (H264, MPEG-4 Audio)",
    `info: [${ADDRESS}] is publishing to path 'live/cam'`,
    "info: [path live/cam] stream is not available and offline",
    `info: [${ADDRESS}] closed: EOF`,
  ]);
  assertEquals(server.clock.pendingTimers, 0);
  await server.close();
});

Deno.test("RtmpConnection takes media that a publisher sends without waiting [nginx-rtmp push]", async () => {
  const server = fakeRtmpServer({ authenticator: passwordAuthenticator });
  const peer = server.connect();
  await peer.connect("cam", RIGHT);
  const messages = [
    serializeRtmpCommand(1, "publish", 5, null, "", "live"),
    metadata({ videocodecid: 7, audiocodecid: 10 }),
    videoHeader(),
    audioHeader(),
    picture(0, { isRandomAccess: true }),
  ];
  peer.tcp.receive(serializeRtmpMessages(messages, DEFAULT_CHUNK_SIZE_BYTES));
  assertEquals(await peer.take(), ["NetStream.Publish.Start"]);
  await peer.send(picture(40));
  const { name: user, password } = USER;
  const description = await server.paths.describe(
    accessTo("cam", { credentials: { kind: "password", user, password } }),
  );
  assert(description.kind === "stream");
  assertEquals(description.stream.totalUnits, 2);
  await server.close();
});

Deno.test("RtmpConnection plays: answers, opening, the cached group, live media", async () => {
  const server = fakeRtmpServer();
  const { publication, grant } = await publishCam(server);
  publishStart(publication);
  const peer = server.connect();
  assertEquals(await peer.play(), [
    ...PLAY_ACCEPTED,
    "metadata",
    "video header 1000",
    "audio header 1000",
    "video 1000",
  ]);
  publication.publish(AUDIO, audioUnit(1_024));
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(await peer.take(), ["audio 1021", "video 1040"]);
  grant[Symbol.dispose]();
  assertEquals(await peer.take(), PLAY_ENDED);
  await peer.done;
  assertEquals(closeLine(server), `info: [${ADDRESS}] closed: terminated`);
  assert(server.lines.includes(
    `info: [${ADDRESS}] is reading from path 'cam', 2 tracks (H264, MPEG-4 Audio)`,
  ));
  await server.close();
});

Deno.test("RtmpConnection plays again after closeStream, and another stream when it is asked to", async () => {
  const server = fakeRtmpServer();
  const { publication } = await publishCam(server);
  publishStart(publication);
  const peer = server.connect();
  const opening = (await peer.play()).slice(PLAY_ACCEPTED.length);
  assertEquals(opening.at(-1), "video 1000");
  await peer.command("closeStream", null);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(await peer.take(), []);
  const again = [...PLAY_ACCEPTED, ...opening, "video 1040"];
  assertEquals(await peer.command("play", null, ""), again);
  assertEquals(await peer.command("play", null, ""), again);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(await peer.take(), ["video 1080"]);
  const added = server.events.filter(({ type }) => type === "readerAdded");
  const removed = server.events.filter(({ type }) => type === "readerRemoved");
  assertEquals([added.length, removed.length], [3, 2]);
  await server.close();
});

for (const role of ["player", "publisher"] as const) {
  Deno.test(`RtmpConnection ends a ${role} whose permission is taken back while it is given`, async () => {
    const server = fakeRtmpServer();
    await publishCam(server);
    const { paths } = server;
    const closing = async <G>(grant: Promise<G>) => {
      const given = await grant;
      await paths[Symbol.asyncDispose]();
      return given;
    };
    Object.assign(server.context.ports, {
      access: {
        read: (...args: Parameters<typeof paths.read>) =>
          closing(paths.read(...args)),
        publish: (...args: Parameters<typeof paths.publish>) =>
          closing(paths.publish(...args)),
      },
    });
    const peer = server.connect();
    const isPlayer = role === "player";
    assertEquals(await (isPlayer ? peer.play() : peer.publish()), []);
    await peer.done;
    assertEquals(closeLine(server), `info: [${ADDRESS}] closed: terminated`);
    await server.close();
  });
}

Deno.test("RtmpConnection counts what a player who does not read loses, and goes on", async () => {
  const server = fakeRtmpServer({ maxQueuedUnits: 4 });
  const { publication } = await publishCam(server);
  const peer = server.connect();
  await peer.play();
  peer.tcp.stall();
  for (let i = 0; i < 20; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i % 9 === 0,
    });
  }
  assertEquals(server.sessions.list()[0]?.droppedUnits, 17);
  peer.tcp.drain();
  const times = (await peer.take()).filter((one) => one.startsWith("video "))
    .filter((one) => !one.startsWith("video header"));
  assertEquals(times, ["video 1000", "video 1720", "video 1760"]);
  await peer.command("closeStream", null);
  const [connection] = server.sessions.list();
  assertEquals(connection?.details["outboundFramesDiscarded"], 17);
  await server.close();
});

/** Peers that are not let in, and what they are told before their connection ends. */
const REFUSALS: readonly {
  readonly name: string;
  readonly run: (peer: RtmpPeer) => Promise<readonly string[]>;
  readonly answer: readonly string[];
  readonly reason: string;
}[] = [
  {
    name: "a player of a path without a stream",
    run: (peer) => peer.play("none", RIGHT),
    answer: [],
    reason: "no stream is available on path 'none'",
  },
  {
    name: "a player with a wrong password",
    run: (peer) => peer.play("cam", `?user=${USER.name}&pass=guess`),
    answer: ["NetStream.Play.Failed"],
    reason: "authentication failed",
  },
  {
    name: "a publisher with a wrong password",
    run: (peer) => peer.publish("cam", `?user=${USER.name}&pass=guess`),
    answer: ["NetStream.Publish.Unauthorized"],
    reason: "authentication failed",
  },
  {
    name: "a publisher without a password",
    run: (peer) => peer.publish("cam"),
    answer: ["NetStream.Publish.Unauthorized"],
    reason: "authentication failed",
  },
  {
    name: "a publisher of a path with a bad name",
    run: (peer) => peer.publish("cam/../x", RIGHT),
    answer: [],
    reason: "invalid path name: can't contain dot path segments (cam/../x)",
  },
  {
    name: "a second publish on one connection",
    run: async (peer) => {
      await peer.publish("other", RIGHT);
      return await peer.command("publish", null, "", "live");
    },
    answer: [],
    reason: '"publish" on a connection that has a stream already',
  },
  {
    name: "a first command that is not connect",
    run: async (peer) => {
      await peer.shakeHands();
      return await peer.command("createStream", null);
    },
    answer: [],
    reason: 'the first command is "createStream", wanted "connect"',
  },
];

for (const { name, run, answer, reason } of REFUSALS) {
  Deno.test(`RtmpConnection refuses ${name}`, async () => {
    const server = fakeRtmpServer({ authenticator: passwordAuthenticator });
    await publishCam(server);
    const peer = server.connect();
    assertEquals(await run(peer), answer);
    await peer.done;
    assert(peer.tcp.isClosed);
    assertEquals(closeLine(server), `info: [${ADDRESS}] closed: ${reason}`);
    assertEquals(server.sessions.list(), []);
    assertEquals(
      server.lines.filter((line) => line.includes("failed to authenticate"))
        .length,
      answer.length,
    );
    await server.close();
  });
}

Deno.test("RtmpConnection lets a user in by the query of the URL or of the key", async () => {
  const server = fakeRtmpServer({ authenticator: passwordAuthenticator });
  const first = server.connect();
  assertEquals(await first.publish("cam", RIGHT), ["NetStream.Publish.Start"]);
  const second = server.connect();
  await second.connect("live");
  assertEquals(
    await second.command("publish", null, `key${RIGHT}`, "live"),
    ["NetStream.Publish.Start"],
  );
  assertEquals(
    server.sessions.list().map(({ user, pathName }) => [user, pathName]),
    [[USER.name, "cam"], [USER.name, "live/key"]],
  );
  await server.close();
});

Deno.test("RtmpConnection makes room for a publisher that replaces it", async () => {
  const server = fakeRtmpServer();
  const first = server.connect();
  await first.publish();
  await sendStart(first);
  const second = server.connect();
  await second.publish();
  await sendStart(second);
  await first.done;
  assertEquals(
    closeLine(server),
    `info: [${ADDRESS}] closed: replaced by another publisher of path 'cam'`,
  );
  assert(!second.tcp.isClosed);
  await server.close();
});

Deno.test("RtmpConnection ends a publisher that the path does not take", async () => {
  const server = fakeRtmpServer({
    paths: { cam: { overridePublisher: false } },
  });
  await publishCam(server);
  const peer = server.connect();
  assertEquals(await peer.publish(), ["NetStream.Publish.Start"]);
  await sendStart(peer);
  await peer.done;
  assertEquals(
    closeLine(server),
    `info: [${ADDRESS}] closed: someone is already publishing to path 'cam'`,
  );
  await server.close();
});

Deno.test("RtmpConnection acknowledges what it was sent and answers pings", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  await peer.publish();
  await peer.send(
    serializeRtmpControl({ kind: "windowAckSize", windowBytes: 100 }),
  );
  await peer.take();
  await peer.send(metadata({ encoder: "x".repeat(120) }));
  assertEquals(await peer.take(), ["acknowledgement"]);
  await peer.send(
    serializeRtmpControl({ kind: "pingRequest", timestampMs: 7 }),
  );
  assertEquals(await peer.take(), ["pingResponse"]);
  await server.close();
});

/** Peers that fall silent: whether their connection ends after `readTimeout`. */
const SILENCES: readonly {
  readonly name: string;
  readonly begin: (peer: RtmpPeer) => Promise<unknown>;
  readonly reason: string | undefined;
}[] = [
  {
    name: "that sends nothing at all",
    begin: () => Promise.resolve(),
    reason: "read timed out: the peer asks for no stream",
  },
  {
    name: "that asks for nothing",
    begin: (peer) => peer.connect(),
    reason: "read timed out: the peer asks for no stream",
  },
  {
    name: "that publishes",
    begin: async (peer) => {
      await peer.publish("other");
      await sendStart(peer);
    },
    reason: "read timed out: the peer sends nothing",
  },
  {
    name: "that plays",
    begin: (peer) => peer.play(),
    reason: undefined,
  },
];

for (const { name, begin, reason } of SILENCES) {
  const what = reason === undefined ? "leaves in peace" : "ends";
  Deno.test(`RtmpConnection.tick() ${what} a silent peer ${name}`, async () => {
    const server = fakeRtmpServer();
    await publishCam(server);
    const peer = server.connect();
    await begin(peer);
    server.pass(10_000);
    await settled();
    assert(!peer.tcp.isClosed, "it ended too early");
    server.pass(500);
    await settled();
    assertEquals(peer.tcp.isClosed, reason !== undefined);
    if (reason !== undefined) {
      await peer.done;
      assertEquals(closeLine(server), `info: [${ADDRESS}] closed: ${reason}`);
    }
    await server.close();
  });
}

Deno.test("RtmpConnection.tick() ends a player whose write makes no progress", async () => {
  const server = fakeRtmpServer();
  await publishCam(server);
  const peer = server.connect();
  await peer.play();
  peer.tcp.stall();
  server.pass(10_000);
  assert(!peer.tcp.isClosed);
  server.pass(500);
  await peer.done;
  assertEquals(
    closeLine(server),
    `info: [${ADDRESS}] closed: write timed out: the peer does not read`,
  );
  await server.close();
});

Deno.test("RtmpConnection ends with bytes that are no RTMP", async () => {
  const server = fakeRtmpServer();
  const peer = server.connect();
  peer.tcp.receive(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await peer.done;
  assert(closeLine(server)!.includes("Cannot parse RTMP handshake"));
  await server.close();
});

Deno.test("RtmpConnection tells a player when the server ends", async () => {
  const server = fakeRtmpServer();
  await publishCam(server);
  const peer = server.connect();
  await peer.play();
  await server.paths[Symbol.asyncDispose]();
  assertEquals(await peer.take(), PLAY_ENDED);
  await peer.done;
  await server.close();
});
