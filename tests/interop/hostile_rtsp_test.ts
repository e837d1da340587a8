import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes } from "#test/bystanders.ts";
import {
  openRawRtsp,
  type RawRtsp,
  TCP_RECORD_TRANSPORT,
} from "#test/raw_rtsp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import {
  assertClosed,
  assertRefused,
  GOOD_PATH,
  sceneTest,
  sessionOf,
  waitForLines,
  warningsOf,
} from "#test/scene.ts";
import { bindUdpPair, udpOf, type UdpPair } from "#test/udp_pair.ts";
import { h264Slice, rtpPacket } from "#test/units.ts";
import type { WeirProcess } from "#test/weir_process.ts";

const READERS = { "rtsp-tcp": 10, "rtsp-udp": 5, rtmp: 5 };

/** Everything is open but one path. */
const CONFIG = `rtspAuthMethods: [basic, digest]
authInternalUsers:
  - {user: any, permissions: [{action: publish, path: ~^(live|open)}, {action: read, path: ~^(live|open)}]}
  - {user: ann, pass: secret, permissions: [{action: read, path: locked}]}`;

/** Memory that an attack may take while it goes on, sockets' own buffers apart. */
const MAX_GROWTH_BYTES = 96 * 1_024 * 1_024;

const URL = "rtsp://127.0.0.1/open";

const UNFINISHED =
  /closed: read timed out: a request does not come to its end$/;

/** An RTCP BYE of one source. Spec: RFC 3550 §6.6. */
const BYE = Uint8Array.fromHex("81cb0001" + "12345678");

/** Reports of a source of whom nobody has heard, and BYE. */
const STRANGE_RTCP = Uint8Array.fromHex("80c90001" + "0badcafe" + BYE.toHex());

/** An aggregation packet with nothing but padding in it. Spec: RFC 6184 §5.7.1. */
const NOTHING_AGGREGATED = Uint8Array.of(0x18, 0, 0);

/** Descriptions with more media than a publisher may have. */
const MANY_MEDIA = "v=0\r\n" +
  "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n".repeat(64);

sceneTest(
  "hostile peers over RTSP are bounded, named and harm nobody else",
  async (step) => {
    await step("1,000 connections that say nothing", async (scene) => {
      const { server } = scene;
      const before = await residentBytes(server.pid);
      using opened = new DisposableStack();
      await openMany(1_000, opened, server.rtspPort);
      await assertServed(server);
      await assertGrowth(server, before);
      opened.dispose();
      await waitForLines(scene, /\[RTSP\] .* closed: EOF$/, 1_000);
    });

    await step(
      "requests and frames that announce much and send little",
      async (scene) => {
        const { server } = scene;
        const before = await residentBytes(server.pid);
        using opened = new DisposableStack();
        const clients = await openMany(500, opened, server.rtspPort);
        const body = "X * RTSP/1.0\r\nContent-Length: 131072\r\n\r\nx";
        for (const [i, client] of clients.entries()) {
          await client.send(i % 2 ? body : Uint8Array.of(0x24, 0, 255, 255, 1));
        }
        await assertServed(server);
        await assertGrowth(server, before);
        await waitForLines(scene, UNFINISHED, 250);
      },
    );

    await step(
      "a head that comes letter by letter",
      async ({ server, good }) => {
        using client = await openRawTcp(server.rtspPort);
        await client.send("OPTIONS * RTSP/1.0\r\nX: ");
        while (await client.send("y")) await good.assertUnharmed();
        await assertRefused(server, client, UNFINISHED);
      },
    );

    await step("500 ANNOUNCEs with 64 media sections", async (scene) => {
      await inWaves(500, 50, async () => {
        using client = await openRawRtsp(scene.server.rtspPort);
        const { status } = await client.announce(URL, {}, MANY_MEDIA);
        assertEquals(status, 400);
        await client.end();
      });
      const log = /closed: ANNOUNCE with 64 tracks, wanted 1 to 16$/;
      await waitForLines(scene, log, 500);
    });

    await step("SETUP and TEARDOWN without end", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      for (let i = 0; i < 1_000; i++) {
        client.session = undefined;
        assertEquals(await client.announce(URL).then(statusOf), 200);
        const { status } = await client.setup(URL, TCP_RECORD_TRANSPORT);
        assertEquals(status, 200);
        assertEquals((await client.request("TEARDOWN", URL)).status, 200);
      }
    });

    await step(
      "more sessions than a connection may have",
      async ({ server }) => {
        using client = await openRawRtsp(server.rtspPort);
        const url = server.rtspUrl(GOOD_PATH);
        for (let i = 0; i < 8; i++) {
          client.session = undefined;
          const transport = `RTP/AVP/TCP;interleaved=${2 * i}-${2 * i + 1}`;
          assertEquals((await client.setup(url, transport)).status, 200);
          assertEquals((await client.request("PLAY", url)).status, 200);
        }
        client.session = undefined;
        const transport = "RTP/AVP/TCP;interleaved=16-17";
        assertEquals((await client.setup(url, transport)).status, 400);
        await client.end();
        await assertClosed(
          server,
          client,
          /a connection has at most 8 sessions$/,
        );
      },
    );

    await step(
      "sessions whose connections are gone",
      async ({ server }) => {
        const before = await residentBytes(server.pid);
        const names = Array.from({ length: 100 }, (_, i) => `open/gone${i}`);
        const sessions: string[] = [];
        await inWaves(names.length, 20, async (i) => {
          using client = await openRawRtsp(server.rtspPort);
          const url = server.rtspUrl(names[i]!);
          assertEquals(await publishOverUdp(client, url, 61_000 + 2 * i), 200);
          await server.waitForLog(new RegExp(`created by ${client.address}$`));
          sessions.push(sessionOf(server, client));
        });
        await assertGrowth(server, before);
        for (const session of sessions) {
          await server.waitForLog(
            new RegExp(`\\[${session}\\] destroyed: session timed out$`),
          );
        }
      },
    );

    await step("channels that mean two things", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      const sdp = "v=0\r\n" +
        [0, 1].map((i) =>
          `m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=${i}\r\n`
        ).join("");
      await client.announce(URL, {}, sdp);
      for (const [track, channels] of [["0", "4-5"], ["1", "5-6"]]) {
        const { status } = await client.request(
          "SETUP",
          `${URL}/trackID=${track}`,
          { Transport: `RTP/AVP/TCP;interleaved=${channels};mode=record` },
        );
        assertEquals(status, track === "0" ? 200 : 400);
      }
      await client.end();
      await assertClosed(server, client, /channel/);
    });

    await step("media on channels of something else", async ({ server }) => {
      using publisher = await openRawRtsp(server.rtspPort);
      const url = server.rtspUrl("open/channels");
      assertEquals(await publisher.publish(url), 200);
      using reader = await openRawRtsp(server.rtspPort);
      assertEquals(await reader.play(server.rtspUrl(GOOD_PATH)), 200);
      for (let channel = 0; channel < 256; channel++) {
        const packet = pictureOf(channel);
        await publisher.sendFrame(channel, packet);
        await reader.sendFrame(channel, channel % 2 ? BYE : packet);
      }
      await publisher.sendFrame(0, BYE);
      await publisher.sendFrame(1, pictureOf(1));
      await publisher.sendFrame(1, BYE);
      await reader.media(reader.receivedPackets + 10);
      assertEquals((await reader.request("GET_PARAMETER", url)).status, 200);
      assertEquals((await publisher.request("OPTIONS", url)).status, 200);
      const warnings = warningsOf(server, publisher);
      assert(warnings.length >= 1 && warnings.length <= 3, warnings.join("\n"));
      assertEquals(warningsOf(server, reader), []);
    });

    await step(
      "RTP and RTCP BYE from strangers, under the source of a publisher",
      async ({ server }) => {
        const url = server.rtspUrl("open/udp");
        using client = await openRawRtsp(server.rtspPort);
        using own = bindUdpPair();
        using stranger = bindUdpPair("127.0.0.2", own.port);
        using other = bindUdpPair();
        assertEquals(await publishOverUdp(client, url, own.port), 200);
        await own.rtp.send(pictureOf(0), udpOf(server, 0));
        await server.waitForLog(/\[path open\/udp\] stream is available/);
        using reader = await openRawRtsp(server.rtspPort);
        assertEquals(await reader.play(url), 200);
        await reader.media(1);
        const wanted = reader.receivedPackets + 50;
        for (let number = 1; number <= 50; number++) {
          for (const one of [stranger, other]) await sendForged(one, server);
          await own.rtp.send(pictureOf(number), udpOf(server, 0));
          await own.rtcp.send(BYE, udpOf(server, 1));
        }
        await reader.media(wanted);
        assertEquals((await client.request("GET_PARAMETER", url)).status, 200);
        assertEquals(warningsOf(server, client), []);
        assertEquals((await client.request("TEARDOWN", url)).status, 200);
        await reader.end();
        // Reports and a goodbye count, too.
        assert(reader.receivedPackets <= wanted + 5, "forged packets arrived");
      },
    );

    for (const lower of ["TCP", "UDP"] as const) {
      await step(
        `units of 20,000 packets over ${lower}`,
        async ({ server }) => {
          const url = server.rtspUrl(`open/endless_${lower}`);
          using client = await openRawRtsp(server.rtspPort);
          using own = bindUdpPair();
          const status = lower === "TCP"
            ? await client.publish(url)
            : await publishOverUdp(client, url, own.port);
          assertEquals(status, 200);
          for (let number = 0; number < 20_000; number++) {
            const packet = rtpPacket(
              { sequenceNumber: number & 0xffff, timestampTicks: 7 },
              NOTHING_AGGREGATED,
            );
            if (lower === "TCP") await client.sendFrame(0, packet);
            else await own.rtp.send(packet, udpOf(server, 0));
          }
          const end = await client.request("TEARDOWN", url);
          assertEquals(end.status, 200);
          const session = sessionOf(server, client);
          await server.waitForLog(
            new RegExp(`\\[${session}\\] destroyed: torn down by`),
          );
        },
      );
    }

    await step("wrong digests without end", async (scene) => {
      const { server } = scene;
      const url = server.rtspUrl("locked");
      await inWaves(400, 400, async (i) => {
        using client = await openRawRtsp(server.rtspPort);
        const challenge = await client.describe(url);
        assertEquals(challenge.status, 401);
        const text = challenge.headers.getAll("WWW-Authenticate").join();
        const nonce = i % 2 ? /nonce="(\w+)"/.exec(text)![1] : "0".repeat(32);
        const response = i.toString(16).padStart(32, "0");
        const answer = await client.describe(url, {
          Authorization:
            `Digest username="ann", realm="ipcam", nonce="${nonce}", uri="${url}", response="${response}"`,
        });
        assertEquals(answer.status, 401);
        await client.end();
      });
      const log =
        /\[conn 127[^\]]*\] failed to authenticate: authentication fai/;
      await waitForLines(scene, log, 400);
    });

    await step("challenges that nobody answers", async ({ server }) => {
      using client = await openRawRtsp(server.rtspPort);
      for (let i = 0; i < 1_000; i++) {
        const { status } = await client.describe(server.rtspUrl("locked"));
        assertEquals(status, 401);
      }
      assertEquals(warningsOf(server, client), []);
    });

    await step("headers that take long to read", async ({ server, good }) => {
      const spaces = " ".repeat(4_000);
      for (let i = 0; i < 20; i++) {
        using client = await openRawRtsp(server.rtspPort);
        const { status } = await client.describe(URL, {
          Authorization: `${"x".repeat(4_000)}${spaces}\u2028 y\u2028`,
        });
        assertEquals(status, 400);
      }
      await good.assertUnharmed();
    });

    await step("halves of HTTP tunnels", async (scene) => {
      const { server } = scene;
      using opened = new DisposableStack();
      const halves = await openMany(300, opened, server.rtspPort);
      for (const [i, half] of halves.entries()) {
        await half.send(tunnelHead("GET", `cookie${i}`));
      }
      await waitForLines(scene, /closed: over 256 GET requests wait for/, 44);
      using post = await openRawTcp(server.rtspPort);
      await post.send(tunnelHead("POST", "nobody"));
      await post.readToEnd();
      await assertRefused(server, post, /a POST request to which no GET req/);
      await assertServed(server);
      const log = /closed: no POST request of the tunnel within 5 s$/;
      await waitForLines(scene, log, 256);
    });

    await step("a tunnel of garbage", async ({ server }) => {
      using get = await openRawTcp(server.rtspPort);
      await get.send(tunnelHead("GET", "garbage"));
      await get.read();
      using post = await openRawTcp(server.rtspPort);
      await post.send(tunnelHead("POST", "garbage") + "!!!!");
      await get.readToEnd();
      await server.waitForLog(
        new RegExp(`conn ${get.address}\\] closed: .*must be base64, found`),
      );
    });

    await step("a WebSocket of garbage", async ({ server }) => {
      for (
        const [frame, log] of [
          ["8201ff", /WebSocket frame: MASK .*must be 1$/],
          ["81ff00", /WebSocket frame: opcode .*must be binary, found text$/],
          ["82ff0000001000000000" + "00000000", /payload length .*is over 167/],
        ] as const
      ) {
        using client = await openRawTcp(server.rtspPort);
        await client.send(UPGRADE);
        await client.read();
        await client.send(Uint8Array.fromHex(frame));
        await client.readToEnd();
        await server.waitForLog(
          new RegExp(`conn ${client.address}\\] closed: .*${log.source}`),
        );
      }
    });
  },
  { config: CONFIG, readers: READERS },
);

const UPGRADE = "GET /open HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Protocol: rtsp.onvif.org\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function tunnelHead(method: "GET" | "POST", cookie: string): string {
  const type = "application/x-rtsp-tunnelled";
  return `${method} /open HTTP/1.0\r\nX-Sessioncookie: ${cookie}\r\n` +
    `${method === "GET" ? "Accept" : "Content-Type"}: ${type}\r\n\r\n`;
}

async function openMany(
  count: number,
  opened: DisposableStack,
  port: number,
): Promise<RawTcp[]> {
  const clients: RawTcp[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(opened.use(await openRawTcp(port)));
  }
  return clients;
}

/** Runs something many times, some at a time. */
async function inWaves(
  count: number,
  atOnce: number,
  run: (index: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(
      Array.from({ length: atOnce }, (_, i) => run(from + i)),
    );
  }
}

/** Somebody who behaves gets an answer. */
async function assertServed(server: WeirProcess): Promise<void> {
  using client = await openRawRtsp(server.rtspPort);
  assertEquals((await client.request("OPTIONS", URL)).status, 200);
}

async function assertGrowth(
  server: WeirProcess,
  beforeBytes: number,
): Promise<void> {
  const grownBytes = await residentBytes(server.pid) - beforeBytes;
  assert(grownBytes < MAX_GROWTH_BYTES, `${grownBytes} bytes more`);
}

async function publishOverUdp(
  client: RawRtsp,
  url: string,
  port: number,
): Promise<number> {
  await client.announce(url);
  const ports = `${port}-${port + 1}`;
  const transport = `RTP/AVP;unicast;client_port=${ports};mode=record`;
  await client.setup(url, transport);
  return (await client.request("RECORD", url)).status;
}

/** A packet of the announced track: one key frame. */
function pictureOf(number: number): Uint8Array {
  return rtpPacket(
    { sequenceNumber: number, timestampTicks: 3_000 * number, marker: true },
    h264Slice(true),
  );
}

/** What would end or disturb the publisher if it were his. */
async function sendForged(pair: UdpPair, server: WeirProcess): Promise<void> {
  for (let number = 0; number < 4; number++) {
    await pair.rtp.send(pictureOf(1_000 + number), udpOf(server, 0));
  }
  await pair.rtcp.send(BYE, udpOf(server, 1));
  await pair.rtcp.send(STRANGE_RTCP, udpOf(server, 1));
}

function statusOf({ status }: { readonly status: number }): number {
  return status;
}
