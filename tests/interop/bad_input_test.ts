import { assert, assertEquals } from "#test/assert.ts";
import {
  type Bystanders,
  residentBytes,
  startBystanders,
} from "#test/bystanders.ts";
import { freeUdpPortPair } from "#test/ports.ts";
import {
  AVC_SEQUENCE_HEADER,
  openRawRtmp,
  type RawRtmp,
} from "#test/raw_rtmp.ts";
import {
  openRawRtsp,
  type RawRtsp,
  requestText,
  TCP_RECORD_TRANSPORT,
  TCP_TRANSPORT,
} from "#test/raw_rtsp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import { seededRandom } from "#test/splits.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

const READ_TIMEOUT_SECONDS = 2;

/** Where the bystanders are. */
const GOOD_PATH = "live/good";

const URL = "rtsp://127.0.0.1/x";

/** Memory that a server may keep after an attack, on top of what it had before. */
const MAX_KEPT_BYTES = 64 * 1_024 * 1_024;

const MEMORY_DEADLINE_MS = 15_000;

/** A server with bystanders that each step must leave in peace. */
interface Scene {
  readonly server: WeirProcess;
  readonly good: Bystanders;
}

/** Registers a test of steps on one server; the bystanders and the server's memory are looked at after each. */
function sceneTest(
  name: string,
  steps: (step: (name: string, run: StepRun) => Promise<void>) => Promise<void>,
): void {
  Deno.test(name, async (t) => {
    const config = `readTimeout: ${READ_TIMEOUT_SECONDS}s`;
    await using server = await startWeir({ config });
    await using good = await startBystanders(server, {
      path: GOOD_PATH,
      publisher: "rtsp",
      readers: { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 },
    });
    await good.assertUnharmed();
    const memoryBytes = await residentBytes(server.pid);
    await steps(async (stepName, run) => {
      await t.step(stepName, async () => {
        await run({ server, good });
        await good.assertUnharmed();
      });
    });
    await assertMemoryComesBack(server, memoryBytes);
    assertEquals(server.log.filter((line) => / ERR /.test(line)), []);
    assertEquals(await server.stop(), 0);
  });
}

type StepRun = (scene: Scene) => Promise<void>;

async function assertMemoryComesBack(
  server: WeirProcess,
  beforeBytes: number,
): Promise<void> {
  const deadlineMs = performance.now() + MEMORY_DEADLINE_MS;
  let nowBytes = await residentBytes(server.pid);
  while (nowBytes > beforeBytes + MAX_KEPT_BYTES) {
    assert(
      performance.now() < deadlineMs,
      `the server had ${beforeBytes} bytes, and has ${nowBytes} now`,
    );
    nowBytes = await residentBytes(server.pid);
  }
}

/** The log has two lines on this peer: that it came, and why it had to go. */
async function assertRefused(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<void> {
  await assertClosed(server, client, reason);
  const lines = linesOf(server, `conn ${client.address}`);
  assertEquals(lines.length, 2, lines.join("\n"));
}

/** The log says, once, why this peer had to go. */
async function assertClosed(
  server: WeirProcess,
  client: RawTcp | RawRtsp | RawRtmp,
  reason: RegExp,
): Promise<void> {
  client[Symbol.dispose](); // the server waits for that a moment
  const owner = `conn ${client.address}`;
  await server.waitForLog(new RegExp(`\\[${owner}\\] closed: `));
  const lines = linesOf(server, owner);
  assert(lines[0]!.endsWith("opened"), lines[0]);
  assert(reason.test(lines.at(-1)!), `"${lines.at(-1)}" is not ${reason}`);
}

/** Ends a publisher: its session lived, and a few lines tell what was wrong with its media. */
async function assertProcessingErrors(
  server: WeirProcess,
  client: RawRtsp,
): Promise<void> {
  assertEquals((await client.request("GET_PARAMETER", URL)).status, 200);
  assertEquals((await client.request("TEARDOWN", URL)).status, 200);
  const session = sessionOf(server, client);
  await server.waitForLog(
    new RegExp(`\\[${session}\\] destroyed: torn down by ${client.address}$`),
  );
  const errors = warningsOf(server, client)
    .filter((line) => /processing errors?(:|, last was:) /.test(line));
  assert(errors.length >= 1 && errors.length <= 4, errors.join("\n"));
}

/** Warnings about a peer, its session included. */
function warningsOf(
  server: WeirProcess,
  client: RawRtsp | RawRtmp,
): string[] {
  const owners = [`conn ${client.address}`, sessionOf(server, client)];
  return owners
    .flatMap((owner) => linesOf(server, owner))
    .filter((line) => line.includes(" WAR "));
}

/** `session X` of a peer, as log lines have it. */
function sessionOf(server: WeirProcess, client: RawRtsp | RawRtmp): string {
  const mark = `] created by ${client.address}`;
  const line = server.log.find((one) => one.endsWith(mark)) ?? "";
  return /session \w+/.exec(line)?.[0] ?? "no session";
}

function linesOf(server: WeirProcess, owner: string): string[] {
  return server.log.filter((line) => line.includes(`[${owner}] `));
}

/** Sockets for RTP and RTCP on neighbouring ports. */
function bindUdpPair(): Disposable & {
  readonly port: number;
  readonly rtp: Deno.DatagramConn;
  readonly rtcp: Deno.DatagramConn;
} {
  const bind = (port: number) =>
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  const port = freeUdpPortPair();
  const rtp = bind(port);
  const rtcp = bind(port + 1);
  return {
    port,
    rtp,
    rtcp,
    [Symbol.dispose]() {
      rtp.close();
      rtcp.close();
    },
  };
}

/** The server's socket for RTP (0) or RTCP (1). */
function udpOf(server: WeirProcess, offset: number): Deno.NetAddr {
  const port = server.rtpPort + offset;
  return { transport: "udp", hostname: "127.0.0.1", port };
}

function randomBytes(sizeBytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from(
    { length: sizeBytes },
    () => Math.floor(random() * 256),
  );
}

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
    log: /Cannot parse RTSP message: version at byte 0: must be RTSP\/1.0/,
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
    log: /ANNOUNCE with 0 tracks, wanted 1 to 64/,
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
    log: /Cannot parse SDP: .* 64/,
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
        assert(/^RTSP\/1\.0 400 Bad Request\r\n/.test(answer), answer);
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

sceneTest(
  "bad media over RTSP is counted and harms nobody else",
  async (step) => {
    await step(
      "wrong channels and rubbish in a publisher's frames",
      async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        assertEquals(await client.publish(server.rtspUrl("rubbish")), 200);
        await client.sendFrame(77, randomBytes(100, 3));
        for (let size = 0; size < 200; size++) {
          await client.sendFrame(size & 1, randomBytes(size, size));
        }
        await client.sendFrame(0, randomBytes(65_535, 4));
        await assertProcessingErrors(server, client);
        const first = /processing error: channel 77 was not set up$/;
        assert(warningsOf(server, client).some((line) => first.test(line)));
      },
    );

    await step("RTP with rubbish in it, before readers", async ({ server }) => {
      const url = server.rtspUrl("rubbish");
      using client = await openRawRtsp(server.rtspPort);
      assertEquals(await client.publish(url), 200);
      using rtsp = await openRawRtsp(server.rtspPort);
      assertEquals(await rtsp.play(url), 200);
      using rtmp = await openRawRtmp(server.rtmpPort);
      await rtmp.connect("rubbish");
      assertEquals(await rtmp.play(""), "NetStream.Play.Reset");
      for (let number = 0; number < 3_000; number++) {
        await client.sendFrame(0, rtpOfRubbish(number));
        if (number % 10 === 0) await client.sendFrame(1, rtcpOfRubbish(number));
      }
      await rtsp.media(100);
      await assertProcessingErrors(server, client);
      await Promise.all([rtsp.end(), rtmp.end()]);
    });

    await step("frames before there is a session", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      for (let number = 0; number < 1_000; number++) {
        await client.sendFrame(number & 0xff, rtpOfRubbish(number));
      }
      assertEquals((await client.request("OPTIONS", URL)).status, 200);
    });

    await step("rubbish in a publisher's datagrams", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      const url = server.rtspUrl("rubbish");
      using peer = bindUdpPair();
      await client.announce(url);
      const transport = `RTP/AVP;unicast;client_port=${peer.port}-${
        peer.port + 1
      };mode=record`;
      assertEquals((await client.setup(url, transport)).status, 200);
      assertEquals((await client.request("RECORD", url)).status, 200);
      for (let number = 0; number < 500; number++) {
        await peer.rtp.send(randomBytes(number, number), udpOf(server, 0));
        await peer.rtp.send(rtpOfRubbish(number), udpOf(server, 0));
        await peer.rtcp.send(randomBytes(number, number), udpOf(server, 1));
      }
      await assertProcessingErrors(server, client);
    });

    await step("datagrams of strangers", async ({ server }) => {
      using stranger = bindUdpPair();
      for (let number = 0; number < 3_000; number++) {
        await stranger.rtp.send(
          rtpOfRubbish(number),
          udpOf(server, number & 1),
        );
        await stranger.rtp.send(
          randomBytes(number % 1_400, number),
          udpOf(server, number & 1),
        );
      }
    });

    for (const isPublisher of [true, false]) {
      const role = isPublisher ? "publisher" : "reader";
      await step(`a ${role} that closes its half`, async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        const status = isPublisher
          ? await client.publish(server.rtspUrl("half"))
          : await client.play(server.rtspUrl(GOOD_PATH));
        assertEquals(status, 200);
        await client.tcp.closeWrite();
        await client.end();
        await assertRefused(server, client, /closed: EOF$/);
      });
    }

    await step("a publisher that falls silent", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      assertEquals(await client.publish(server.rtspUrl("silent")), 200);
      await client.end();
      await assertRefused(server, client, /closed: session timed out$/);
    });

    await step(
      "hundreds of connections that say nothing",
      async ({ server }) => {
        using idle = new DisposableStack();
        const clients: RawTcp[] = [];
        for (let i = 0; i < 300; i++) {
          clients.push(idle.use(await openRawTcp(server.rtspPort)));
        }
        using client = await openRawRtsp(server.rtspPort);
        assertEquals((await client.request("OPTIONS", URL)).status, 200);
        await assertRefused(server, clients.at(-1)!, /closed: EOF$/);
      },
    );
  },
);

/** What is no RTMP: the connection ends. */
const NO_RTMP = [
  {
    name: "random bytes",
    data: randomBytes(100_000, 1),
    log: /Cannot parse RTMP handshake: C0 at byte 0: must be 3, found \d+$/,
  },
  {
    name: "another version",
    data: Uint8Array.of(9),
    log: /Cannot parse RTMP handshake: C0 at byte 0: must be 3, found 9$/,
  },
  {
    name: "RTMPE",
    data: Uint8Array.of(6),
    log: /must be 3, found 6: RTMPE is not supported$/,
  },
  {
    name: "an HTTP request",
    data: "POST /open/1 HTTP/1.1\r\n\r\n",
    log: /C0 at byte 0: must be 3, found 80$/,
  },
  {
    name: "a handshake with random bytes behind it",
    data: Uint8Array.of(3, ...randomBytes(100_000, 5)),
    log: /Cannot parse RTMP (chunk|control|command)/,
  },
];

/** What is RTMP but makes no sense: the connection ends. */
const BAD_MESSAGES: readonly {
  readonly name: string;
  readonly run: (client: RawRtmp) => Promise<unknown>;
  readonly log: RegExp;
}[] = [
  {
    name: "play before connect",
    run: (client) => client.command("play", null, "x"),
    log: /the first command is "play", wanted "connect"$/,
  },
  {
    name: "connect without its object",
    run: (client) => client.command("connect", null),
    log: /Cannot parse RTMP command: commandObject at byte 0: must be an obj/,
  },
  {
    name: "chunk streams without end",
    run: async (client) => {
      for (let id = 0; id < 200; id++) {
        const header = [0, id, ...[0, 0, 0], ...[0, 0, 1], 9, ...[0, 0, 0, 0]];
        await client.tcp.send(Uint8Array.from([...header, 0]));
      }
    },
    log: /Cannot parse RTMP chunk: chunkStreamId .* at most 64, found another/,
  },
  {
    name: "a continuation of nothing",
    run: (client) => client.tcp.send(Uint8Array.of(0xc9)),
    log: /Cannot parse RTMP chunk: fmt at byte \d+: must be 0/,
  },
  {
    name: "messages of 16 MB on many chunk streams",
    run: async (client) => {
      const size = [0xff, 0xff, 0xff];
      const part = new Uint8Array(1_000_000);
      await client.send({
        typeId: 1,
        payload: Uint8Array.of(0, 0x0f, 0x42, 0x40),
      });
      for (let turn = 0; turn < 16; turn++) {
        for (let id = 8; id < 24; id++) {
          const header = [0, 0, 0, ...size, 9, 1, 0, 0, 0];
          const first = Uint8Array.from([id, ...header]);
          await client.tcp.send(turn === 0 ? first : Uint8Array.of(0xc0 | id));
          if (!await client.tcp.send(part)) return;
        }
      }
    },
    log: /payload .* must not need over 33554430 bytes/,
  },
  {
    name: "a chunk size of 0",
    run: (client) => client.send({ typeId: 1, payload: new Uint8Array(4) }),
    log: /chunkSize at byte 0: must be 1 to 2147483647, found 0$/,
  },
  {
    name: "objects in objects without end",
    run: (client) => sendAmf(client, repeat([3, 0, 1, 0x61], 5_000)),
    log: /must not be deeper than 16 levels$/,
  },
  {
    name: "an array of four billion values",
    run: (client) => sendAmf(client, [10, 0xff, 0xff, 0xff, 0xff]),
    log: /must be within the limit, found 4294967295$/,
  },
  {
    name: "values without end",
    run: (client) => sendAmf(client, repeat([5], 100_000)),
    log: /must not be value 1025, at most 1024 are allowed$/,
  },
  {
    name: "text without end",
    run: (client) =>
      sendAmf(client, [12, 0, 1, 0x86, 0xa0, ...repeat([0x61], 100_000)]),
    log: /must not make \d+ bytes of text, at most 65536 are allowed$/,
  },
  {
    name: "references that double each time",
    run: (client) =>
      sendAmf(client, [
        ...[10, 0, 0, 0, 2, 5, 5],
        ...Array.from({ length: 30 }, (_, i) => [
          ...[10, 0, 0, 0, 2, 7, 0, i, 7, 0, i],
        ]).flat(),
      ]),
    log: /must not be value \d+, at most 1024 are allowed$/,
  },
];

/** Sends a command that consists of a name and these values. */
function sendAmf(client: RawRtmp, values: readonly number[]): Promise<boolean> {
  const payload = Uint8Array.from([2, 0, 1, 0x61, ...values]);
  return client.send({ typeId: 20, payload });
}

function repeat(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, () => values).flat();
}

sceneTest(
  "bad input over RTMP ends its connection and harms nobody else",
  async (step) => {
    for (const { name, data, log } of NO_RTMP) {
      await step(name, async ({ server }) => {
        using tcp = await openRawTcp(server.rtmpPort);
        await tcp.send(data);
        await tcp.readToEnd();
        await assertRefused(server, tcp, log);
      });
    }
    for (const { name, run, log } of BAD_MESSAGES) {
      await step(name, async ({ server }) => {
        using client = await openRawRtmp(server.rtmpPort);
        await client.handshake();
        await run(client);
        await client.end();
        await assertRefused(server, client, log);
      });
    }

    await step("publish twice", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("twice");
      assertEquals(await client.publish("a"), "NetStream.Publish.Start");
      await client.command("publish", null, "b", "live");
      await client.end();
      const log = /"publish" on a connection that has a stream already$/;
      await assertRefused(server, client, log);
    });

    await step("rubbish in a publisher's messages", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("rubbish");
      await client.publish("x");
      await client.send({ typeId: 9, payload: AVC_SEQUENCE_HEADER });
      for (let size = 1; size < 500; size++) {
        const payload = randomBytes(size, size);
        await client.send({ typeId: size % 2 === 0 ? 8 : 9, payload });
        payload[0] = 0x27;
        payload[1] = 1;
        await client.send({ typeId: 9, payload, timestampMs: size * 40 });
        await client.send({ typeId: 18, payload });
      }
      await client.command("deleteStream", null, 1);
      await client.end();
      await assertClosed(server, client, /the publisher has ended its stream$/);
      const errors = warningsOf(server, client)
        .filter((line) =>
          /processing errors?(:|, last was:) Cannot/.test(line)
        );
      assert(errors.length >= 1 && errors.length <= 3, errors.join("\n"));
    });

    await step("messages after the end of a stream", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("after");
      await client.publish("x");
      await client.command("deleteStream", null, 1);
      for (let i = 0; i < 100; i++) {
        await client.send({ typeId: 9, payload: AVC_SEQUENCE_HEADER });
        await client.command("publish", null, "y", "live");
      }
      await client.end();
      await assertRefused(
        server,
        client,
        /the publisher has ended its stream$/,
      );
    });

    for (const isPublisher of [true, false]) {
      const role = isPublisher ? "publisher" : "player";
      await step(`a ${role} that closes its half`, async ({ server }) => {
        using client = await openRawRtmp(server.rtmpPort);
        const [app, key] = isPublisher ? ["half", "x"] : GOOD_PATH.split("/");
        await client.connect(app!);
        if (isPublisher) await client.publish(key!);
        else await client.play(key!);
        await client.tcp.closeWrite();
        await client.end();
        await assertClosed(server, client, /closed: EOF$/);
      });
    }

    await step("peers that never come to the point", async ({ server }) => {
      using idle = new DisposableStack();
      const silent = idle.use(await openRawRtmp(server.rtmpPort));
      const greeted = idle.use(await openRawRtmp(server.rtmpPort));
      await greeted.handshake();
      const announcer = idle.use(await openRawRtmp(server.rtmpPort));
      await announcer.handshake();
      const header = Uint8Array.fromHex(
        "06000000ffffff0901000000" + "17010000",
      );
      await announcer.tcp.send(header);
      const publisher = idle.use(await openRawRtmp(server.rtmpPort));
      await publisher.connect("silent");
      await publisher.publish("x");
      const dribbler = idle.use(await openRawTcp(server.rtmpPort));
      while (await dribbler.send(Uint8Array.of(3))) {
        await silent.end();
      }
      for (const client of [greeted, announcer, publisher]) await client.end();
      const log = /closed: read timed out: the peer asks for no stream$/;
      await assertRefused(server, silent, log);
      await assertRefused(server, greeted, log);
      await assertRefused(server, announcer, log);
      await assertRefused(server, dribbler, log);
      const publisherLog = /closed: read timed out: the peer sends nothing$/;
      await assertRefused(server, publisher, publisherLog);
    });
  },
);

/** An RTP packet of the announced track with a payload of nonsense. */
function rtpOfRubbish(number: number): Uint8Array {
  const packet = randomBytes(12 + number % 200, number);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x8060 | (number & 1) << 7);
  view.setUint16(2, number);
  view.setUint32(4, Math.floor(number / 4) * 3_000);
  view.setUint32(8, 0x5eed);
  return packet;
}

/** An RTCP packet of nonsense behind a good header. */
function rtcpOfRubbish(number: number): Uint8Array {
  const words = 1 + number % 12;
  const packet = randomBytes(4 + words * 4, number);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x8000 | (number % 32) << 8 | 200 + number % 7);
  view.setUint16(2, words);
  return packet;
}
