import { md5Hex } from "#base/crypto.ts";
import type { RtspResponse } from "#protocols/rtsp/wire/response.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import {
  accessTo,
  passwordAuthenticator,
  sessionOwner,
  USER,
} from "#test/test_ports.ts";
import {
  AUDIO,
  publishPicture,
  VIDEO,
  VIDEO_FRAME_TICKS,
} from "#test/units.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  type RtspPeer,
  TCP_TRANSPORTS,
  UDP_TRANSPORTS,
  URL_OF_CAM,
} from "./fake_peer.ts";

const ADDRESS = "conn 198.51.100.7:40000";

async function publishCam(server: FakeRtspServer) {
  const credentials = {
    kind: "password",
    user: USER.name,
    password: USER.password,
  } as const;
  const grant = await server.paths.publish(
    accessTo("cam", { action: "publish", credentials }),
    sessionOwner(server.logger, "publisher"),
  );
  return grant.attach([VIDEO, AUDIO]);
}

function basic(password: string): string {
  return `Basic ${
    new TextEncoder().encode(`${USER.name}:${password}`).toBase64()
  }`;
}

/** Answers a challenge as RFC 2617 §3.2.2 says. */
function digest(
  challenge: RtspResponse,
  method: string,
  password: string,
  url = URL_OF_CAM,
): string {
  const text = challenge.headers.getAll("WWW-Authenticate")
    .find((one) => one.startsWith("Digest "))!;
  const nonce = /nonce="([^"]+)"/.exec(text)![1]!;
  const realm = /realm="([^"]+)"/.exec(text)![1]!;
  const secretPart = md5Hex(`${USER.name}:${realm}:${password}`);
  const requestPart = md5Hex(`${method}:${url}`);
  const response = md5Hex(`${secretPart}:${nonce}:${requestPart}`);
  return `Digest username="${USER.name}", realm="${realm}", nonce="${nonce}", ` +
    `uri="${url}", response="${response}"`;
}

Deno.test("RtspConnection asks for credentials with every method that is on", async () => {
  const server = fakeRtspServer({ authenticator: passwordAuthenticator });
  const peer = server.connect();
  const answer = await peer.request("DESCRIBE");
  assertEquals(answer.status, 401);
  const [first, second] = answer.headers.getAll("WWW-Authenticate");
  assertEquals(first, 'Basic realm="ipcam"');
  assert(/^Digest realm="ipcam", nonce="[0-9a-f]{32}"$/.test(second!));
  assert(!peer.tcp.isClosed);
  const other = await server.connect().request("DESCRIBE");
  assert(other.headers.getAll("WWW-Authenticate")[1] !== second);
  assertEquals(server.lines.filter((line) => line.startsWith("warn")), []);
  await server.close();
});

for (const kind of ["basic", "digest"] as const) {
  const proof = (answer: RtspResponse, method: string, password: string) =>
    kind === "basic" ? basic(password) : digest(answer, method, password);

  Deno.test(`RtspConnection lets a user in by ${kind} on the same connection`, async () => {
    const server = fakeRtspServer({ authenticator: passwordAuthenticator });
    await publishCam(server);
    const peer = server.connect();
    const challenge = await peer.request("DESCRIBE");
    const Authorization = proof(challenge, "DESCRIBE", USER.password);
    const answer = await peer.request("DESCRIBE", URL_OF_CAM, {
      Authorization,
    });
    assertEquals(answer.status, 200);
    const announced = await peer.announce();
    assertEquals(announced.status, 401);
    assertEquals(
      (await peer.announce({
        Authorization: proof(challenge, "ANNOUNCE", USER.password),
      })).status,
      200,
    );
    const session = server.sessions.list().find(({ type }) =>
      type === "rtspSession"
    );
    assertEquals(session?.user, USER.name);
    await server.close();
  });

  Deno.test(`RtspConnection refuses a wrong ${kind} without a challenge, and ends`, async () => {
    const server = fakeRtspServer({ authenticator: passwordAuthenticator });
    const peer = server.connect();
    const challenge = await peer.request("DESCRIBE");
    const answer = await peer.exchange(
      `DESCRIBE ${URL_OF_CAM} RTSP/1.0\r\nCSeq: 9\r\n` +
        `Authorization: ${proof(challenge, "DESCRIBE", "guess")}\r\n\r\n`,
    );
    assertEquals(
      [answer?.status, answer?.headers.get("WWW-Authenticate")],
      [401, undefined],
    );
    await peer.done;
    assertEquals(
      server.lines.filter((line) => line.includes("authenticate")),
      [`warn: [${ADDRESS}] failed to authenticate: authentication failed`],
    );
    await server.close();
  });
}

Deno.test("RtspConnection does not take a method that is off", async () => {
  const server = fakeRtspServer({
    authenticator: passwordAuthenticator,
    settings: { authMethods: ["digest"] },
  });
  await publishCam(server);
  const peer = server.connect();
  const answer = await peer.request("DESCRIBE", URL_OF_CAM, {
    Authorization: basic(USER.password),
  });
  assertEquals(answer.status, 401);
  assertEquals(answer.headers.getAll("WWW-Authenticate").length, 1);
  await server.close();
});

Deno.test("RtspConnection logs a refused publisher under its session [fail2ban]", async () => {
  const server = fakeRtspServer({ authenticator: passwordAuthenticator });
  const peer = server.connect();
  const asked = peer.announce({ Authorization: basic("guess") })
    .catch(() => undefined);
  await asked;
  server.clock.advance(4_000);
  await peer.done;
  const lines = server.lines.map((line) =>
    line.replace(/session [0-9a-f]{8}/, "session X")
  );
  const at = lines.indexOf(
    "info: [session X] created by 198.51.100.7:40000",
  );
  assertEquals(
    lines[at + 1],
    "warn: [session X] failed to authenticate: authentication failed",
  );
  await server.close();
});

Deno.test("RtspConnection answers requests one after the other, in order", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  const requests = ["OPTIONS", "WHAT", "GET_PARAMETER"].map((method, i) =>
    `${method} ${URL_OF_CAM} RTSP/1.0\r\nCSeq: ${i + 5}\r\n\r\n`
  );
  const first = await peer.exchange(requests.join(""));
  const rest = [await peer.exchange(""), await peer.exchange("")];
  assertEquals(
    [first, ...rest].map((one) => [one?.status, one?.headers.get("CSeq")]),
    [[200, "5"], [501, "6"], [501, "7"]],
  );
  await server.close();
});

const BAD_INPUT = [
  {
    name: "no CSeq",
    text: `OPTIONS ${URL_OF_CAM} RTSP/1.0\r\n\r\n`,
    status: 400,
    reason: "a request has no CSeq, or several",
  },
  {
    name: "two CSeqs",
    text: `OPTIONS ${URL_OF_CAM} RTSP/1.0\r\nCSeq: 1\r\nCSeq: 2\r\n\r\n`,
    status: 400,
    reason: "a request has no CSeq, or several",
  },
  {
    name: "another protocol",
    text: "EHLO example.org\r\n\r\n",
    status: 400,
    reason: "Cannot parse RTSP message",
  },
  {
    name: "a URL that is none",
    text: "DESCRIBE nonsense RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    status: 400,
    reason: "Cannot parse RTSP URL",
  },
];

for (const { name, text, status, reason } of BAD_INPUT) {
  Deno.test(`RtspConnection answers ${name} with ${status} and ends`, async () => {
    const server = fakeRtspServer();
    const peer = server.connect();
    const answer = await peer.exchange(text);
    assertEquals(answer?.status, status);
    await peer.done;
    const last = server.lines.at(-1)!;
    assert(last.startsWith(`info: [${ADDRESS}] closed: ${reason}`), last);
    await server.close();
  });
}

/** Peers that fall silent: when their connection must end. */
const SILENCES: readonly {
  readonly name: string;
  readonly begin: (peer: RtspPeer) => Promise<unknown>;
  readonly limitMs: number;
}[] = [
  {
    name: "that never asks for anything",
    begin: () => Promise.resolve(),
    limitMs: 60_000,
  },
  {
    name: "within a head",
    begin: (peer) => peer.exchange("OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1"),
    limitMs: 10_000,
  },
  {
    name: "within a body",
    begin: (peer) =>
      peer.exchange("X * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 9\r\n\r\nx"),
    limitMs: 10_000,
  },
  {
    name: "that has set a track up",
    begin: (peer) => peer.setup(0, TCP_TRANSPORTS[0]!),
    limitMs: 60_000,
  },
  {
    name: "that reads over TCP",
    begin: (peer) => peer.play(),
    limitMs: 60_000,
  },
  {
    name: "that reads over UDP",
    begin: (peer) => peer.play(UDP_TRANSPORTS),
    limitMs: 60_000,
  },
  {
    name: "that publishes over TCP",
    begin: (peer) => peer.publish(),
    limitMs: 10_000,
  },
];

for (const { name, begin, limitMs } of SILENCES) {
  Deno.test(`RtspConnection.tick() ends a peer ${name} after ${limitMs / 1_000} s of silence`, async () => {
    const server = fakeRtspServer();
    await publishCam(server);
    const peer = server.connect();
    await begin(peer);
    server.pass(limitMs);
    await settled();
    assert(!peer.tcp.isClosed, "it ended too early");
    server.pass(1_000);
    await peer.done;
    assert(peer.tcp.isClosed);
    assertEquals([server.context.sessions.size], [0]);
    await server.close();
  });
}

Deno.test("RtspConnection.tick() ends a peer that sends a request letter by letter", async () => {
  const server = fakeRtspServer();
  const peer = server.connect();
  await peer.request("OPTIONS");
  for (const letter of "OPTIONS * RTSP/1.0") {
    await peer.exchange(letter);
    assert(!peer.tcp.isClosed, "it ended too early");
    server.pass(1_000);
    if (peer.tcp.isClosed) break;
  }
  await peer.done;
  assertEquals(
    server.lines.at(-1),
    `info: [${ADDRESS}] closed: read timed out: a request does not come to its end`,
  );
  await server.close();
});

Deno.test("RtspConnection.tick() leaves a reader over UDP in peace that sends RTCP", async () => {
  const server = fakeRtspServer();
  await publishCam(server);
  const peer = server.connect();
  await peer.play(UDP_TRANSPORTS);
  for (let i = 0; i < 4; i++) {
    server.pass(40_000);
    server.rtcp.deliver(new Uint8Array(8), "198.51.100.7", 6_003);
  }
  await settled();
  assert(!peer.tcp.isClosed);
  await server.close();
});

Deno.test("RtspConnection.tick() ends a reader whose write makes no progress", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  const peer = server.connect();
  await peer.play();
  peer.tcp.stall();
  for (let i = 0; i < 5; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS, {
      isRandomAccess: i === 0,
    });
  }
  const sends = peer.tcp.sends;
  server.pass(10_000);
  assert(!peer.tcp.isClosed);
  assert(peer.tcp.sends <= sends + 2, "media was sent into a stuck connection");
  server.pass(500);
  await peer.done;
  assertEquals(
    server.lines.at(-1),
    `info: [${ADDRESS}] closed: write timed out: the peer does not read`,
  );
  await server.close();
});

Deno.test("RtspConnection feeds a reader again when its write has left", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  const peer = server.connect();
  await peer.play();
  publishPicture(publication, 0, { isRandomAccess: true });
  await peer.takeFrames();
  peer.tcp.stall();
  for (let i = 1; i < 6; i++) {
    publishPicture(publication, i * VIDEO_FRAME_TICKS);
  }
  assertEquals((await peer.takeFrames()).length, 1);
  peer.tcp.drain();
  assertEquals((await peer.takeFrames()).length, 4);
  await server.close();
});

Deno.test("RtspConnection takes a session over from a connection of the same address only", async () => {
  const server = fakeRtspServer();
  await publishCam(server);
  const first = server.connect();
  await first.play(UDP_TRANSPORTS);
  const stranger = server.connect("198.51.100.99");
  stranger.session = first.session;
  assertEquals((await stranger.request("GET_PARAMETER")).status, 454);
  const second = server.connect();
  second.session = first.session;
  assertEquals((await second.request("GET_PARAMETER")).status, 200);
  first.tcp.endInput();
  await first.done;
  assertEquals(server.context.sessions.size, 1);
  const interleaved = server.connect();
  await interleaved.play();
  const third = server.connect();
  third.session = interleaved.session;
  assertEquals((await third.request("PAUSE")).status, 400);
  await server.close();
});

Deno.test("RtspConnection refuses too many sessions and too many waiting requests", async () => {
  const server = fakeRtspServer({ authenticator: passwordAuthenticator });
  const peer = server.connect();
  const wrong = `DESCRIBE ${URL_OF_CAM} RTSP/1.0\r\nCSeq: 1\r\n` +
    `Authorization: ${basic("guess")}\r\n\r\n`;
  const answer = await peer.exchange(wrong.repeat(34));
  assertEquals(answer?.status, 400);
  server.clock.advance(4_000);
  await peer.done;
  assert(server.lines.at(-1)!.includes("too many requests wait"));
  await server.close();
});

Deno.test("RtspConnection carries several sessions: each has its channels, its pace and its end", async () => {
  const server = fakeRtspServer();
  const publication = await publishCam(server);
  publishPicture(publication, 0, { isRandomAccess: true });
  const peer = server.connect();
  await peer.play(["RTP/AVP/TCP;unicast;interleaved=0-1"]);
  const first = peer.session!;
  peer.session = undefined;
  const setUp = await peer.setup(0, "RTP/AVP/TCP;unicast");
  assert(setUp.headers.get("Transport")!.includes("interleaved=2-3"));
  assertEquals((await peer.request("PLAY")).status, 200);
  assert(first !== peer.session);
  await peer.takeFrames();
  peer.tcp.stall();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  peer.tcp.drain();
  const channels = (await peer.takeFrames()).map(({ channel }) => channel);
  assertEquals(channels.sort(), [0, 0, 2, 2]);
  const headers = { Session: first };
  assertEquals(
    (await peer.request("TEARDOWN", undefined, headers)).status,
    200,
  );
  publishPicture(publication, 3 * VIDEO_FRAME_TICKS);
  assertEquals(
    (await peer.takeFrames()).map(({ channel }) => channel),
    [2],
  );
  assert(!peer.tcp.isClosed);
  await server.close();
});

Deno.test("RtspConnection gives no channel to two sessions", async () => {
  const server = fakeRtspServer();
  await publishCam(server);
  const peer = server.connect();
  await peer.setup(0, "RTP/AVP/TCP;unicast;interleaved=0-1");
  peer.session = undefined;
  const refused = await peer.setup(0, "RTP/AVP/TCP;unicast;interleaved=1-2");
  assertEquals(refused.status, 400);
  await server.close();
});

Deno.test("RtspSession gives a permission back that comes after its end", async () => {
  const admission = Promise.withResolvers<{ user: string }>();
  let asked = 0;
  const server = fakeRtspServer({
    paths: { all_others: { maxReaders: 1 } },
    authenticator: {
      authenticate: ({ action }) =>
        action === "read" && asked++ === 0
          ? admission.promise
          : Promise.resolve({ user: "" }),
    },
  });
  const publishing = await server.paths.publish(
    accessTo("cam", { action: "publish" }),
    sessionOwner(server.logger, "publisher"),
  );
  publishing.attach([VIDEO]);
  const peer = server.connect();
  await assertRejects(peer.setup(0, TCP_TRANSPORTS[0]!), Error);
  for (const session of server.context.sessions.values()) session.close("over");
  admission.resolve({ user: "ann" });
  await peer.settle();
  assertEquals([peer.order, asked], [["454"], 1]);
  const grant = await server.paths.read(
    accessTo("cam"),
    sessionOwner(server.logger, "reader"),
  );
  grant[Symbol.dispose]();
  await server.close();
});
