import { assert, assertEquals } from "#test/assert.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp, type RawRtsp } from "#test/raw_rtsp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import {
  assertRefused,
  GOOD_PATH,
  randomBytes,
  sceneTest,
  sessionOf,
  warningsOf,
} from "#test/scene.ts";
import { bindUdpPair, udpOf } from "#test/udp_pair.ts";
import type { WeirProcess } from "#test/weir_process.ts";

const URL = "rtsp://127.0.0.1/x";

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
