import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { SDP } from "../fake_peer.ts";
import { type CameraQuirk, pullFrom } from "./fake_camera.ts";

const DIGEST = (nonce: string, more = "") =>
  `Digest realm="cam", nonce="${nonce}"${more}`;

/** Whether a request proves to know the password under this nonce. */
function proves(authorization: string | undefined, nonce: string): boolean {
  return authorization?.includes(`nonce="${nonce}"`) === true &&
    authorization.includes('username="ann"');
}

/** Refuses whoever does not know the current nonce. */
function digestCamera(nonceOf: (method: string) => string): CameraQuirk {
  return ({ method, headers }) =>
    proves(headers.get("Authorization"), nonceOf(method)) ? undefined : {
      status: 401,
      headers: { "WWW-Authenticate": DIGEST(nonceOf(method)) },
    };
}

/** What cameras of the field do, and what must not stop the media. */
const QUIRKS: readonly {
  readonly name: string;
  readonly quirk?: CameraQuirk;
  readonly sdp?: string;
  readonly url?: string;
  /** Channel of the pictures. */
  readonly channel?: number;
  /** Text before each picture. */
  readonly before?: string;
  /** URLs of the SETUP requests. */
  readonly setUp?: readonly string[];
  readonly trackCount?: number;
}[] = [
  {
    name: "relative controls and no Content-Base",
    setUp: [
      "rtsp://127.0.0.1/cam/trackID=0",
      "rtsp://127.0.0.1/cam/trackID=1",
    ],
  },
  {
    name: "relative controls behind a Content-Base with a query",
    quirk: ({ method }) =>
      method === "DESCRIBE"
        ? { headers: { "Content-Base": "rtsp://127.0.0.1/cam?channel=1/" } }
        : undefined,
    setUp: [
      "rtsp://127.0.0.1/cam?channel=1/trackID=0",
      "rtsp://127.0.0.1/cam?channel=1/trackID=1",
    ],
  },
  {
    name: "a Content-Base with an address behind the router",
    quirk: ({ method }) =>
      method === "DESCRIBE"
        ? { headers: { "Content-Base": "rtsp://10.0.0.4:8554/other/" } }
        : undefined,
    setUp: [
      "rtsp://127.0.0.1/other/trackID=0",
      "rtsp://127.0.0.1/other/trackID=1",
    ],
  },
  {
    name: "a Content-Base that is no URL",
    quirk: ({ method }) =>
      method === "DESCRIBE" ? { headers: { "Content-Base": "/" } } : undefined,
    setUp: [
      "rtsp://127.0.0.1/cam/trackID=0",
      "rtsp://127.0.0.1/cam/trackID=1",
    ],
  },
  {
    name: "absolute controls with another address",
    sdp: SDP.replaceAll("control:", "control:rtsp://10.0.0.4/live/"),
    setUp: [
      "rtsp://127.0.0.1/live/trackID=0",
      "rtsp://127.0.0.1/live/trackID=1",
    ],
  },
  {
    name: "one track without a control",
    sdp: SDP.split("m=audio")[0]!.replace(/a=control:.*\r\n/, ""),
    setUp: ["rtsp://127.0.0.1/cam"],
    trackCount: 1,
  },
  {
    name: "a back channel, which is not set up [ONVIF]",
    sdp: SDP.replace("a=control:trackID=1", "a=sendonly\r\na=control:x"),
    setUp: ["rtsp://127.0.0.1/cam/trackID=0"],
    trackCount: 1,
  },
  {
    name: "a track that is described wrongly",
    sdp: SDP.replace("m=audio 0 RTP/AVP 97", "m=audio 0 RTP/AVP"),
    trackCount: 1,
  },
  {
    name: "OPTIONS that are not known",
    quirk: ({ method }) => method === "OPTIONS" ? { status: 501 } : undefined,
  },
  {
    name: "answers without CSeq",
    quirk: () => ({ headers: { CSeq: undefined } }),
  },
  {
    name: "answers that count for themselves",
    quirk: () => ({ headers: { CSeq: "0" } }),
  },
  {
    name: "SETUP without a Transport header",
    quirk: ({ method }) =>
      method === "SETUP" ? { headers: { Transport: undefined } } : undefined,
  },
  {
    name: "channels of its own",
    quirk: ({ method, url }) =>
      method !== "SETUP" ? undefined : {
        headers: {
          Transport: `RTP/AVP/TCP;unicast;interleaved=${
            url.endsWith("0") ? "10-11" : "12-13"
          }`,
        },
      },
    channel: 10,
  },
  {
    name: "a session timeout that is no number",
    quirk: ({ method }) =>
      method === "SETUP"
        ? { headers: { Session: " 0815 ; timeout=soon" } }
        : undefined,
  },
  {
    name: "line breaks between frames",
    before: "\r\n\r\n",
  },
  {
    name: "garbage between frames",
    before: "RTS\x00\xff garbage 12 $\x63\x00\x04",
  },
  {
    name: "requests of its own",
    before: "OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n",
  },
  {
    name: "Digest",
    quirk: digestCamera(() => "n1"),
  },
  {
    name: "Digest with a new nonce for each method",
    quirk: digestCamera((method) => `nonce of ${method}`),
  },
  {
    name: "Digest with SHA-256 beside MD5 and Basic",
    quirk: ({ headers }) => {
      const authorization = headers.get("Authorization");
      const isRight = authorization?.includes("algorithm=SHA-256") &&
        authorization.includes("qop=auth") &&
        authorization.includes('opaque="o"');
      if (isRight) return undefined;
      const challenge = `Basic realm="cam", ${DIGEST("n1")}, ${
        DIGEST("n2", ', algorithm=SHA-256, qop="auth", opaque="o"')
      }`;
      return { status: 401, headers: { "WWW-Authenticate": challenge } };
    },
  },
  {
    name: "Basic with a password that is not percent-encoded",
    url: "rtsp://ann:50%off@127.0.0.1/cam",
    quirk: ({ headers }) =>
      headers.get("Authorization") === `Basic ${btoa("ann:50%off")}`
        ? undefined
        : {
          status: 401,
          headers: { "WWW-Authenticate": 'Basic realm="cam"' },
        },
  },
];

for (const { name, channel = 0, before = "", setUp, ...camera } of QUIRKS) {
  Deno.test(`PullSession takes ${name}`, async () => {
    const test = pullFrom(camera);
    await test.settle();
    for (let i = 0; i < 3; i++) test.camera.sendPicture(i, channel, before);
    await test.settle();
    assertEquals(test.outcome(), undefined, String(test.outcome()));
    assertEquals(test.sink.units.length, 3);
    assertEquals(test.tracks().length, camera.trackCount ?? 2);
    if (setUp) {
      assertEquals(test.camera.asked("SETUP").map(({ url }) => url), setUp);
    }
    await test.stop();
    assertEquals(test.camera.asked("TEARDOWN").length, 0, "it had to be fast");
    assertEquals(test.clock.pendingTimers, 0);
  });
}

Deno.test("PullSession says goodbye when the media ends", async () => {
  const test = pullFrom();
  await test.settle();
  test.camera.sendPicture(0);
  await test.settle();
  test.clock.advance(11_000);
  await test.ended;
  assertIncludes(
    String(test.outcome()),
    "Cannot pull rtsp://127.0.0.1/cam: no media came for 10 s (readTimeout)",
  );
  assertEquals(test.camera.asked("TEARDOWN").length, 1);
  assertEquals(test.clock.pendingTimers, 0);
});

/** What ends an attempt, with the words that tell the user what to do. */
const FAILURES: readonly {
  readonly name: string;
  readonly quirk: CameraQuirk;
  readonly url?: string;
  readonly error: string;
}[] = [
  {
    name: "a wrong password",
    quirk: () => ({
      status: 401,
      headers: { "WWW-Authenticate": DIGEST("n1") },
    }),
    error:
      "OPTIONS was answered with 401 X: check user and password in the URL",
  },
  {
    name: "a password that is asked for and not there",
    url: "rtsp://127.0.0.1/cam",
    quirk: ({ method }) =>
      method === "DESCRIBE"
        ? { status: 401, headers: { "WWW-Authenticate": DIGEST("n1") } }
        : undefined,
    error:
      "DESCRIBE was answered with 401 X: check user and password in the URL",
  },
  {
    name: "a path that is not there",
    quirk: ({ method }) => method === "DESCRIBE" ? { status: 404 } : undefined,
    error: "DESCRIBE was answered with 404 X: check the path of the URL",
  },
  {
    name: "a description without tracks",
    quirk: ({ method }) =>
      method === "DESCRIBE" ? { body: "v=0\r\n" } : undefined,
    error:
      "Cannot parse SDP: media at byte 0: must have a track that can be pulled",
  },
  {
    name: "a track that cannot be set up",
    quirk: ({ method, url }) =>
      method === "SETUP" && url.endsWith("1") ? { status: 500 } : undefined,
    error: "SETUP of track 2 was answered with 500 X",
  },
  {
    name: "the same channel for both tracks",
    quirk: ({ method }) =>
      method !== "SETUP" ? undefined : {
        headers: { Transport: "RTP/AVP/TCP;unicast;interleaved=0-1" },
      },
    error: "the origin uses channels 0-1 twice",
  },
  {
    name: "an end in the middle",
    quirk: ({ method }, camera) => {
      if (method === "SETUP") camera.endInput();
      return undefined;
    },
    error: "the origin has closed the connection",
  },
];

for (const { name, error, ...camera } of FAILURES) {
  Deno.test(`PullSession fails clearly at ${name}`, async () => {
    const test = pullFrom(camera);
    await test.ended;
    assertEquals(
      String(test.outcome()),
      `Error: Cannot pull rtsp://127.0.0.1/cam: ${error}`,
    );
    assertEquals(test.clock.pendingTimers, 0);
    assert(test.camera.isClosed);
  });
}

Deno.test("PullSession gives up waiting for an answer after readTimeout", async () => {
  const test = pullFrom();
  test.camera.send = () => true;
  await test.settle();
  test.clock.advance(10_000);
  await test.ended;
  assertIncludes(
    String(test.outcome()),
    "DESCRIBE was not answered within 10 s (readTimeout)",
  );
});

Deno.test("PullSession ends with its signal, whatever it waits for", async () => {
  const test = pullFrom();
  await test.stop();
  assertEquals(String(test.outcome()), "Error: stopped");
  assertEquals(test.clock.pendingTimers, 0);
});

Deno.test("PullSession tells of a redirect and of an origin that refuses UDP", async () => {
  const redirected = pullFrom({
    quirk: ({ method }) =>
      method === "DESCRIBE"
        ? { status: 302, headers: { Location: "rtsp://127.0.0.2/there" } }
        : undefined,
  });
  await redirected.ended;
  assertEquals(redirected.outcome(), {
    kind: "redirected",
    location: "rtsp://127.0.0.2/there",
  });
  const refused = pullFrom({
    choice: { lowerTransport: "udp", mayFallBack: true },
    quirk: ({ method }) => method === "SETUP" ? { status: 461 } : undefined,
  });
  await refused.ended;
  assertEquals(refused.outcome(), {
    kind: "tryTcp",
    reason: "the origin refuses UDP",
  });
});

/** Answers to SETUP over UDP that do not say from where media comes. */
const PORTS = [
  { name: "no port", transport: "RTP/AVP;unicast;client_port=5000-5001" },
  {
    name: "port 0",
    transport: "RTP/AVP;unicast;client_port=5000-5001;server_port=0-0",
  },
];

for (const { name, transport } of PORTS) {
  Deno.test(`PullSession takes ${name} in an answer only with rtspAnyPort`, async () => {
    const quirk: CameraQuirk = ({ method }) =>
      method === "SETUP" ? { headers: { Transport: transport } } : undefined;
    const choice = { lowerTransport: "udp", mayFallBack: false } as const;
    const strict = pullFrom({ quirk, choice });
    await strict.ended;
    assertIncludes(String(strict.outcome()), "set rtspAnyPort");
    const lenient = pullFrom({
      quirk,
      choice,
      settings: { rtspAnyPort: true },
    });
    await lenient.settle();
    assertEquals(lenient.camera.asked("PLAY").length, 1);
    await lenient.stop();
  });
}

Deno.test("PullSession gives UDP up that brings nothing for 3 s, where it may", async () => {
  const test = pullFrom({
    choice: { lowerTransport: "udp", mayFallBack: true },
    quirk: ({ method, headers }) =>
      method !== "SETUP" ? undefined : {
        headers: { Transport: `${headers.get("Transport")};server_port=9-10` },
      },
  });
  await test.settle();
  test.clock.advance(3_000);
  await test.ended;
  assertEquals(test.outcome(), {
    kind: "tryTcp",
    reason: "nothing came over UDP within 3 s (a firewall?)",
  });
});

Deno.test("PullSession keeps the session alive in the way and as often as the camera says", async () => {
  const cases = [
    { public: "GET_PARAMETER, PLAY", timeout: "60", method: "GET_PARAMETER" },
    { public: "PLAY", timeout: "10", method: "OPTIONS" },
  ];
  for (const { public: methods, timeout, method } of cases) {
    const test = pullFrom({
      quirk: (request) =>
        request.method === "OPTIONS"
          ? { headers: { Public: methods } }
          : request.method === "SETUP"
          ? { headers: { Session: `1;timeout=${timeout}` } }
          : undefined,
    });
    await test.settle();
    const before = test.camera.asked(method).length;
    for (let seconds = 0; seconds < 65; seconds += 5) {
      test.camera.sendPicture(seconds);
      await test.settle();
      test.clock.advance(5_000);
    }
    const count = test.camera.asked(method).length - before;
    assertEquals(count, timeout === "60" ? 2 : 13, method);
    const last = test.camera.asked(method).at(-1)!;
    assertEquals(last.headers.get("Session"), "1");
    await test.stop();
  }
});

Deno.test("PullSession reports what it received, and asks where and how fast to begin", async () => {
  const test = pullFrom({
    settings: {
      rtspRangeType: "clock",
      rtspRangeStart: "20230812T120000Z",
      rtspScale: "2.0",
    },
  });
  await test.settle();
  const [play] = test.camera.asked("PLAY");
  assertEquals(play!.headers.get("Range"), "clock=20230812T120000Z-");
  assertEquals(play!.headers.get("Scale"), "2.0");
  for (let i = 0; i < 6; i++) {
    test.camera.sendPicture(i * 2);
    await test.settle();
    test.clock.advance(1_000);
  }
  assertEquals(test.camera.frames.map(({ channel }) => channel), [1]);
  assertEquals(test.counters.lostPackets, 5);
  assert(test.counters.inboundBytes > 0);
  await test.stop();
});
