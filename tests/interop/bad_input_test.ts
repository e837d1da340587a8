import { assert, assertEquals } from "#test/assert.ts";
import {
  openRawRtsp,
  type RawRtsp,
  requestText,
  TCP_RECORD_TRANSPORT,
  TCP_TRANSPORT,
} from "#test/raw_rtsp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import {
  assertRefused,
  GOOD_PATH,
  randomBytes,
  sceneTest,
} from "#test/scene.ts";

const URL = "rtsp://127.0.0.1/x";

const OPTIONS_HEAD = `OPTIONS ${URL} RTSP/1.0\r\nCSeq: 1\r\n`;

/** What is no RTSP: answered by 400 and the end. */
const NO_RTSP = [
  {
    name: "random bytes",
    data: randomBytes(100_000, 1),
    log: /Cannot parse RTSP message: first byte at byte 0: must be a letter/,
  },
  {
    name: "random bytes behind a letter",
    data: Uint8Array.of(0x41, ...randomBytes(100_000, 2)),
    log: /Cannot parse RTSP message: start line at byte 0: has a control ch/,
  },
  {
    name: "zeros",
    data: new Uint8Array(100_000),
    log: /Cannot parse RTSP message: first byte .* found 0$/,
  },
  {
    name: "a TLS hello",
    data: Uint8Array.fromHex("16030102000100"),
    log: /Cannot parse RTSP message: first byte .* found 22$/,
  },
  {
    name: "an HTTP request",
    data: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    log: /an HTTP request that opens no tunnel$/,
  },
  {
    name: "a huge header",
    data: `${OPTIONS_HEAD}X: ${"y".repeat(1_000_000)}\r\n\r\n`,
    log: /Cannot parse RTSP message: line at byte \d+: has over 8192 bytes/,
  },
  {
    name: "a line without end",
    data: "a".repeat(10_000_000),
    log: /Cannot parse RTSP message: line at byte 0: has over 8192 bytes/,
  },
  {
    name: "headers without end",
    data: OPTIONS_HEAD + "X: y\r\n".repeat(100_000),
    log: /Cannot parse RTSP message: head at byte \d+: has over 100 headers/,
  },
  {
    name: "a huge Content-Length",
    data: `${OPTIONS_HEAD}Content-Length: 999999999\r\n\r\n`,
    log: /Content-Length at byte 0: is over 131072, found 999999999/,
  },
  {
    name: "a negative Content-Length",
    data: `${OPTIONS_HEAD}Content-Length: -1\r\n\r\n`,
    log: /Content-Length at byte 0: is not one count of bytes/,
  },
  {
    name: "another version",
    data: `OPTIONS ${URL} RTSP/2.0\r\nCSeq: 1\r\n\r\n`,
    log: /version at byte 0: must be RTSP\/1.0/,
  },
  {
    name: "an answer nobody asked for",
    data: "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
    log: /is a response, wanted a request/,
  },
  {
    name: "a request without CSeq",
    data: `OPTIONS ${URL} RTSP/1.0\r\n\r\n`,
    log: /a request has no CSeq, or several/,
  },
  {
    name: "a request with two CSeq",
    data: `${OPTIONS_HEAD}CSeq: 2\r\n\r\n`,
    log: /a request has no CSeq, or several/,
  },
  {
    name: "thousands of requests at once",
    data: requestText("DESCRIBE", URL, { CSeq: "1" }).repeat(5_000),
    log: /too many requests wait for an answer/,
  },
];

/** What is RTSP but makes no sense: answered, then the end. */
const BAD_REQUESTS: readonly {
  readonly name: string;
  readonly run: (client: RawRtsp) => Promise<{ readonly status: number }>;
  readonly status: number;
  readonly log: RegExp;
}[] = [
  {
    name: "ANNOUNCE with a broken description",
    run: (client) => client.announce(URL, {}, "v=0\r\nm=video\r\n"),
    status: 400,
    log: /Cannot parse SDP: line 2 m= at byte 5: must be type, port/,
  },
  {
    name: "ANNOUNCE with an empty description",
    run: (client) => client.announce(URL, {}, ""),
    status: 400,
    log: /ANNOUNCE with 0 tracks, wanted 1 to \d+$/,
  },
  {
    name: "ANNOUNCE with 10,000 media sections",
    run: (client) => client.announce(URL, {}, "m=a 0 b 0\n".repeat(10_000)),
    status: 400,
    log: /Cannot parse SDP: length at byte 65536: has 100000 bytes/,
  },
  {
    name: "ANNOUNCE with 1,000 media sections",
    run: (client) => client.announce(URL, {}, "m=a 0 b 0\n".repeat(1_000)),
    status: 400,
    log: /Cannot parse SDP: /,
  },
  {
    name: "ANNOUNCE without Content-Type",
    run: (client) => client.announce(URL, { "Content-Type": undefined }),
    status: 400,
    log: /Content-Type of ANNOUNCE is "", wanted "application\/sdp"/,
  },
  {
    name: "ANNOUNCE with another Content-Type",
    run: (client) => client.announce(URL, { "Content-Type": "text/html" }),
    status: 400,
    log: /Content-Type of ANNOUNCE is "text\/html", wanted/,
  },
  {
    name: "a URL of another protocol",
    run: (client) => client.describe("http://127.0.0.1/x"),
    status: 400,
    log: /Cannot parse RTSP URL: url at byte 0: must be rtsp:/,
  },
  {
    name: "PLAY before SETUP",
    run: (client) => client.request("PLAY", URL),
    status: 454,
    log: /PLAY without a session/,
  },
  {
    name: "RECORD before ANNOUNCE",
    run: (client) => client.request("RECORD", URL),
    status: 454,
    log: /RECORD without a session/,
  },
  {
    name: "RECORD before SETUP",
    run: async (client) => {
      await client.announce(URL);
      return client.request("RECORD", URL);
    },
    status: 400,
    log: /RECORD with 0 of 1 announced tracks set up/,
  },
  {
    name: "PLAY in a publisher's session",
    run: async (client) => {
      await client.announce(URL);
      await client.setup(URL, TCP_RECORD_TRANSPORT);
      return client.request("PLAY", URL);
    },
    status: 455,
    log: /PLAY before SETUP/,
  },
  {
    name: "ANNOUNCE twice",
    run: async (client) => {
      await client.announce(URL);
      return client.announce(URL);
    },
    status: 455,
    log: /ANNOUNCE in a session that has begun already/,
  },
  {
    name: "SETUP of a track that was not announced",
    run: async (client) => {
      await client.announce(URL);
      return client.setup(`${URL}/other`, TCP_RECORD_TRANSPORT);
    },
    status: 400,
    log: /SETUP of an unknown track/,
  },
  {
    name: "SETUP of a track twice",
    run: async (client) => {
      await client.announce(URL);
      await client.setup(URL, TCP_RECORD_TRANSPORT);
      return client.setup(URL, TCP_RECORD_TRANSPORT);
    },
    status: 400,
    log: /track 0 was set up already/,
  },
  {
    name: "an unknown session",
    run: (client) => client.request("PLAY", URL, { Session: "0123456789" }),
    status: 454,
    log: /session "0123456789" does not exist/,
  },
  {
    name: "an Authorization header that is none",
    run: (client) => client.announce(URL, { Authorization: 'Digest """,,,=' }),
    status: 400,
    log: /Cannot parse Authorization header/,
  },
];

/** Transport headers of a publisher that cannot be met. */
const BAD_TRANSPORTS: readonly (readonly [text: string, status: number])[] = [
  ["", 461],
  [",,,,", 461],
  ["nonsense", 461],
  ["RTP/SAVP/TCP;unicast;interleaved=0-1;mode=record", 461],
  ["RTP/AVP;multicast;mode=record", 461],
  ["RTP/AVP", 400],
  ["RTP/AVP/TCP;unicast;interleaved=0-1;mode=play", 400],
  ["RTP/AVP/TCP;unicast;interleaved=5-9;mode=record", 400],
  ["RTP/AVP/TCP;unicast;interleaved=1-0;mode=record", 400],
  ["RTP/AVP/TCP;unicast;interleaved=255-256;mode=record", 400],
  ["RTP/AVP/TCP;unicast;interleaved=a-b;mode=record", 400],
  ["RTP/AVP;unicast;mode=record", 400],
  ["RTP/AVP;unicast;client_port=0-0;mode=record", 400],
  ["RTP/AVP;unicast;client_port=99999-100000;mode=record", 400],
];

sceneTest(
  "bad input over RTSP is answered and harms nobody else",
  async (step) => {
    for (const { name, data, log } of NO_RTSP) {
      await step(name, async ({ server }) => {
        using tcp = await openRawTcp(server.rtspPort);
        await tcp.send(data);
        const answer = await readText(tcp);
        // HTTP is answered in its own words: a tunnel may have been meant.
        assert(
          /^(RTSP|HTTP)\/1\.[01] 400 Bad Request\r\n/.test(answer),
          answer,
        );
        await assertRefused(server, tcp, log);
      });
    }
    for (const { name, run, status, log } of BAD_REQUESTS) {
      await step(name, async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        assertEquals((await run(client)).status, status);
        await client.end();
        await assertRefused(server, client, log);
      });
    }
    for (const [transport, status] of BAD_TRANSPORTS) {
      await step(`SETUP with Transport "${transport}"`, async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        await client.announce(URL);
        assertEquals((await client.setup(URL, transport)).status, status);
        await client.end();
        await assertRefused(
          server,
          client,
          /Transport|transport|chann|client/,
        );
      });
    }
    await step(
      "an unknown method is refused, and the connection stays",
      async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        assertEquals((await client.request("BREW", URL)).status, 501);
        assertEquals((await client.request("OPTIONS", URL)).status, 200);
      },
    );
    await step(
      "a reader's SETUP of a track that is not there",
      async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        const url = `${server.rtspUrl(GOOD_PATH)}/trackID=7`;
        const headers = { Transport: TCP_TRANSPORT };
        assertEquals((await client.request("SETUP", url, headers)).status, 400);
        await client.end();
        await assertRefused(
          server,
          client,
          /SETUP of track 7, which is not/,
        );
      },
    );
    await step(
      "a session of somebody else is not to be had",
      async ({ server }) => {
        using owner = await openRawRtsp(server.rtspPort);
        assertEquals(await owner.play(server.rtspUrl(GOOD_PATH)), 200);
        using thief = await openRawRtsp(server.rtspPort);
        thief.session = owner.session;
        const { status } = await thief.request("TEARDOWN", URL);
        assertEquals(status, 400);
        await thief.end();
        await owner.media(owner.receivedPackets + 10);
      },
    );
  },
);

async function readText(tcp: RawTcp): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (
    let chunk = await tcp.read();
    chunk !== undefined;
    chunk = await tcp.read()
  ) text += decoder.decode(chunk, { stream: true });
  return text;
}
