import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes } from "#test/bystanders.ts";
import { openRawRtmp, type RawRtmp } from "#test/raw_rtmp.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";
import {
  assertClosed,
  assertRefused,
  GOOD_PATH,
  randomBytes,
  type Scene,
  sceneTest,
  waitForLines,
  warningsOf,
} from "#test/scene.ts";
import type { WeirProcess } from "#test/weir_process.ts";

const READERS = { "rtsp-tcp": 10, "rtsp-udp": 5, rtmp: 5 };

/** Memory that an attack may take while it goes on, sockets' own buffers apart. */
const MAX_GROWTH_BYTES = 96 * 1_024 * 1_024;

const VIDEO = 9;
const AUDIO = 8;
const SET_CHUNK_SIZE = 1;
const DATA_AMF0 = 18;
const COMMAND_AMF0 = 20;
const COMMAND_AMF3 = 17;

/** What goes before a value of AMF0, and before one of AMF3 within it. */
const NAME = [2, 0, 1, 0x61];
const AVM_PLUS = 0x11;

const [GOOD_APP, GOOD_KEY] = GOOD_PATH.split("/") as [string, string];

/** Commands that cost a reader of values more than they cost their sender. */
const BOMBS: readonly {
  readonly name: string;
  readonly typeId: number;
  readonly values: readonly number[];
  readonly log: RegExp;
}[] = [
  {
    name: "an object that holds itself",
    typeId: COMMAND_AMF0,
    values: [3, 0, 1, 0x61, 7, 0, 0, 0, 0, 9],
    log: /must mean a finished object, found reference 0$/,
  },
  {
    name: "an AMF3 array that holds itself",
    typeId: COMMAND_AMF3,
    values: [AVM_PLUS, 9, 3, 1, 9, 0],
    log: /Cannot parse RTMP command/,
  },
  {
    name: "an AMF3 object that holds itself",
    typeId: COMMAND_AMF3,
    values: [AVM_PLUS, 0x0a, 0x0b, 1, 3, 0x61, 0x0a, 0, 1],
    log: /Cannot parse RTMP command/,
  },
  {
    name: "AMF3 arrays in arrays without end",
    typeId: COMMAND_AMF3,
    values: [AVM_PLUS, ...repeat([9, 3, 1], 5_000)],
    log: /must not be deeper than 16 levels$/,
  },
  {
    name: "an AMF3 array of 200 million values",
    typeId: COMMAND_AMF3,
    values: [AVM_PLUS, 9, 0xdf, 0xff, 0xff, 0xff, 1],
    log: /Cannot parse RTMP command/,
  },
  {
    name: "AMF3 references that double each time",
    typeId: COMMAND_AMF3,
    values: [
      ...[AVM_PLUS, 9, 61, 1],
      ...[9, 5, 1, 1, 1],
      ...Array.from({ length: 29 }, (_, i) => [
        ...[9, 5, 1, 9, 2 * (i + 1), 9, 2 * (i + 1)],
      ]).flat(),
    ],
    log: /at most 1024 are allowed$/,
  },
  {
    name: "AMF3 texts that are repeated without end",
    typeId: COMMAND_AMF3,
    values: [
      ...[AVM_PLUS, 9, 0x8f, 0x51, 1],
      ...[6, 0x8f, 0x51, ...repeat([0x61], 1_000)],
      ...repeat([6, 0], 999),
    ],
    log: /at most (65536|1024) are allowed$/,
  },
  {
    name: "AMF3 objects of as many members as there can be",
    typeId: COMMAND_AMF3,
    values: [AVM_PLUS, 0x0a, 0xff, 0xff, 0xff, 0xf3, 1],
    log: /Cannot parse RTMP command/,
  },
];

sceneTest(
  "hostile peers over RTMP are bounded, named and harm nobody else",
  async (step) => {
    await step("1,000 connections that say nothing", async (scene) => {
      const { server } = scene;
      const before = await residentBytes(server.pid);
      using opened = new DisposableStack();
      await openMany(500, opened, server.rtmpPort);
      for (const half of await openMany(500, opened, server.rtmpPort)) {
        await half.send(Uint8Array.of(3, ...new Uint8Array(700)));
      }
      await assertServed(scene);
      await assertGrowth(scene, before);
      const log = /closed: read timed out: the peer asks for no stream$/;
      await waitForLines(scene, log, 1_000);
    });

    await step("300 handshakes of RTMPE and with digests", async (scene) => {
      await inWaves(300, 50, async () => {
        using client = await openRawRtmp(scene.server.rtmpPort);
        await client.handshake();
      });
    });

    for (const { name, typeId, values, log } of BOMBS) {
      await step(name, async ({ server }) => {
        using client = await openRawRtmp(server.rtmpPort);
        await client.handshake();
        const payload = Uint8Array.from([...NAME, ...values]);
        await client.send({ typeId, payload });
        await client.end();
        await assertRefused(server, client, log);
      });
    }

    await step("bombs in a publisher's metadata", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("bombs");
      await client.publish("x");
      for (const { values } of BOMBS) {
        const payload = Uint8Array.from([...NAME, ...values]);
        for (let i = 0; i < 20; i++) {
          await client.send({ typeId: DATA_AMF0, payload });
        }
      }
      await leave(server, client);
      const warnings = warningsOf(server, client);
      assert(warnings.length >= 1 && warnings.length <= 3, warnings.join("\n"));
    });

    await step("URLs that take long to read", async ({ server, good }) => {
      const tcUrl = `rtmp://h/x${"'".repeat(60_000)}y`;
      for (let i = 0; i < 10; i++) {
        using client = await openRawRtmp(server.rtmpPort);
        await client.handshake();
        await client.command("connect", { app: "x", tcUrl });
        await client.answer("_result");
        await client.command("createStream", null);
        await client.answer("_result");
        await client.command("play", null, "key");
        await client.end();
        await assertRefused(server, client, /invalid path name: cannot be lon/);
      }
      await good.assertUnharmed();
    });

    await step("chunk sizes that change inside a message", async (scene) => {
      const { server } = scene;
      using publisher = await openRawRtmp(server.rtmpPort);
      await publisher.connect("sizes");
      await publisher.publish("x");
      await publisher.sendKeyFrame();
      await server.waitForLog(/\[path sizes\/x\] stream is available/);
      using player = await openRawRtmp(server.rtmpPort);
      await player.connect("sizes");
      await player.play("x");
      const frame = videoFrame(5_000);
      const received = Promise.withResolvers<Uint8Array>();
      player.onMessage = ({ typeId, payload }) => {
        if (typeId === VIDEO && payload.length === frame.length) {
          received.resolve(payload);
        }
      };
      await publisher.tcp.send(inChangingChunks(frame));
      while (player.receivedMedia < 3) await player.media(3);
      assertEquals(await received.promise, frame);
    });

    await step("a chunk size that is wrong inside a message", async (scene) => {
      const { server } = scene;
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("wrong");
      await client.publish("x");
      await client.tcp.send(
        Uint8Array.of(6, ...[0, 0, 0], ...[0, 2, 0], VIDEO, 1, 0, 0, 0),
      );
      await client.tcp.send(new Uint8Array(128));
      await client.send({ typeId: SET_CHUNK_SIZE, payload: new Uint8Array(4) });
      await client.end();
      await assertClosed(server, client, /chunkSize at byte 0: must be 1 to 2/);
    });

    await step("garbage behind publish", async ({ server }) => {
      for (let seed = 0; seed < 10; seed++) {
        using client = await openRawRtmp(server.rtmpPort);
        await client.connect("garbage");
        await client.publish(`x${seed}`);
        await client.tcp.send(Uint8Array.of(0xff));
        await client.tcp.send(randomBytes(50_000, seed));
        await client.end();
        await assertClosed(server, client, /Cannot parse RTMP (chunk|control)/);
      }
    });

    await step("messages of no bytes without end", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("empty");
      await client.publish("x");
      const header = [6, 0, 0, 0, 0, 0, 0, VIDEO, 1, 0, 0, 0];
      await client.tcp.send(Uint8Array.from(header));
      const empty = new Uint8Array(65_536).fill(0xc6);
      for (let i = 0; i < 30; i++) await client.tcp.send(empty);
      await leave(server, client);
    });

    await step("a codec that changes with every message", async (scene) => {
      const { server } = scene;
      const before = await residentBytes(server.pid);
      using publisher = await openRawRtmp(server.rtmpPort);
      await publisher.connect("changes");
      await publisher.publish("x");
      await publisher.sendKeyFrame();
      await server.waitForLog(/\[path changes\/x\] stream is available/);
      using player = await openRawRtmp(server.rtmpPort);
      await player.connect("changes");
      await player.play("x");
      for (let i = 0; i < 3_000; i++) {
        const codec = i % 2 ? [0x2f, 0xff, 0xfb, 0x50, 0x44] : [0x72, 0xd5];
        const timestampMs = i * 20;
        const payload = Uint8Array.from(codec);
        await publisher.send({ typeId: AUDIO, payload, timestampMs });
        if (i % 100 === 0) await publisher.sendKeyFrame();
      }
      await Promise.all([publisher.end(), player.end()]);
      const log = /closed: the publisher has opened over 1024 tracks, one aft/;
      await assertClosed(server, publisher, log);
      await assertGrowth(scene, before);
      const lines = server.log.filter((line) => line.includes("changes/x"));
      assert(lines.length < 50, `${lines.length} lines`);
    });

    await step("255 tracks of unknown codecs", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("tracks");
      await client.publish("x");
      await client.sendKeyFrame();
      for (let track = 1; track < 256; track++) {
        const fourCc = [0x78, 0x78, 0x78, 0x30 + track % 10];
        const payload = Uint8Array.from([0x96, 0x01, ...fourCc, track, 1, 2]);
        await client.send({ typeId: VIDEO, payload });
      }
      await leave(server, client);
      const warnings = warningsOf(server, client);
      assert(warnings.length <= 8, `${warnings.length} warnings`);
    });

    await step("a reader that acknowledges nothing", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect(GOOD_APP);
      assertEquals(await client.play(GOOD_KEY), "NetStream.Play.Reset");
      await client.send({ typeId: 5, payload: Uint8Array.of(0, 0, 0, 1) });
      await client.send({ typeId: 6, payload: Uint8Array.of(0, 0, 0, 1, 0) });
      await client.media(90);
    });

    await step("commands without end", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.connect("commands");
      for (let i = 0; i < 300; i++) {
        for (let one = 0; one < 10; one++) {
          await client.command("createStream", null);
        }
        await client.answer("_result");
      }
      await client.command("play", null, "nothing");
      await client.end();
      await assertClosed(
        server,
        client,
        /no stream is available on path 'comm/,
      );
    });
  },
  { readers: READERS },
);

/** A peer has sent all it wants to, and nothing of it was a reason to end its connection before. */
async function leave(server: WeirProcess, client: RawRtmp): Promise<void> {
  await client.tcp.closeWrite();
  await client.end();
  await assertClosed(server, client, /closed: EOF$/);
}

function repeat(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, () => values).flat();
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
  run: () => Promise<void>,
): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, run));
  }
}

/** Somebody who behaves gets an answer. */
async function assertServed({ server }: Scene): Promise<void> {
  using client = await openRawRtmp(server.rtmpPort);
  await client.connect(GOOD_APP);
}

async function assertGrowth(
  { server }: Scene,
  beforeBytes: number,
): Promise<void> {
  const grownBytes = await residentBytes(server.pid) - beforeBytes;
  assert(grownBytes < MAX_GROWTH_BYTES, `${grownBytes} bytes more`);
}

/** A video message with a picture of this size. */
function videoFrame(sizeBytes: number): Uint8Array {
  const length = [sizeBytes >> 24, sizeBytes >> 16, sizeBytes >> 8, sizeBytes]
    .map((one) => one & 0xff);
  return Uint8Array.from([
    ...[0x17, 1, 0, 0, 0],
    ...length,
    ...[0x65, 0x88],
    ...randomBytes(sizeBytes - 2, 1).map((one) => one | 1),
  ]);
}

/** A message whose chunks are of other sizes, because they change between them. */
function inChangingChunks(payload: Uint8Array): Uint8Array {
  const bytes: number[] = [
    ...[6, 0, 0, 40, 0, payload.length >> 8, payload.length & 0xff, VIDEO],
    ...[1, 0, 0, 0],
  ];
  let chunkSize = 128;
  for (let at = 0; at < payload.length;) {
    if (at > 0) bytes.push(0xc6);
    bytes.push(...payload.subarray(at, at + chunkSize));
    at += chunkSize;
    chunkSize = 1 + chunkSize * 7 % 509;
    bytes.push(2, 0, 0, 0, 0, 0, 4, SET_CHUNK_SIZE, 0, 0, 0, 0);
    bytes.push(0, 0, chunkSize >> 8, chunkSize & 0xff);
  }
  return Uint8Array.from(bytes);
}
