import { assert, assertEquals } from "#test/assert.ts";
import {
  AVC_SEQUENCE_HEADER,
  openRawRtmp,
  type RawRtmp,
} from "#test/raw_rtmp.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import {
  assertClosed,
  assertRefused,
  GOOD_PATH,
  randomBytes,
  sceneTest,
  warningsOf,
} from "#test/scene.ts";

/** What is no RTMP: the connection ends. */
const NO_RTMP = [
  {
    name: "random bytes",
    data: randomBytes(100_000, 1),
    log:
      /Cannot parse RTMP handshake: C0 at byte 0: must be 3 or 6, found \d+$/,
  },
  {
    name: "another version",
    data: Uint8Array.of(9),
    log: /Cannot parse RTMP handshake: C0 at byte 0: must be 3 or 6, found 9$/,
  },
  {
    name: "RTMPE without a digest",
    data: Uint8Array.of(6, ...randomBytes(1_536, 7)),
    log: /C1 at byte 1: must hold a digest for RTMPE$/,
  },
  {
    name: "an HTTP request",
    data: "POST /open/1 HTTP/1.1\r\n\r\n",
    log: /C0 at byte 0: must be 3 or 6, found 80$/,
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
    name: "members without a name, without end [AMF3]",
    run: (client) =>
      sendAmf(client, [0x11, 0x0a, 0x81, 0xfa, 3, 1, ...repeat([1], 4_000)]),
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

/** Begins 16 messages of 16 MB at once, a megabyte at a time. */
async function sendHugeMessages(client: RawRtmp): Promise<void> {
  const chunkSize = Uint8Array.of(0, 0x0f, 0x42, 0x40);
  const part = new Uint8Array(1_000_000);
  await client.send({ typeId: 1, payload: chunkSize });
  for (let turn = 0; turn < 16; turn++) {
    for (let id = 8; id < 24; id++) {
      const header = [id, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0];
      const first = Uint8Array.from(header);
      await client.tcp.send(turn === 0 ? first : Uint8Array.of(0xc0 | id));
      if (!await client.tcp.send(part)) return;
    }
  }
}

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

    await step("messages of 16 MB, by several peers", async ({ server }) => {
      using opened = new DisposableStack();
      const clients: RawRtmp[] = [];
      for (let i = 0; i < 6; i++) {
        const client = opened.use(await openRawRtmp(server.rtmpPort));
        await client.connect("huge");
        await client.publish(`x${i}`);
        clients.push(client);
      }
      await Promise.all(clients.map(sendHugeMessages));
      for (const client of clients) {
        const log = /payload .* must not need over 33554430 bytes/;
        await assertRefused(server, client, log);
      }
    });

    await step("a message of 16 MB before it is due", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.handshake();
      await sendHugeMessages(client);
      const log = /payload .* must not need over 262144 bytes/;
      await assertRefused(server, client, log);
    });

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
      await client.tcp.closeWrite();
      await client.end();
      await assertClosed(server, client, /closed: EOF$/);
      const errors = warningsOf(server, client)
        .filter((line) =>
          /processing errors?(:|, last was:) Cannot/.test(line)
        );
      assert(errors.length >= 1 && errors.length <= 3, errors.join("\n"));
    });

    await step("pings whose answers nobody reads", async ({ server }) => {
      using client = await openRawRtmp(server.rtmpPort);
      await client.handshake();
      const ping = Uint8Array.fromHex(
        "020000000000060400000000" + "000600000000",
      );
      const pings = Uint8Array.from(repeat([...ping], 5_000));
      while (await client.tcp.send(pings));
      const log = /closed: Cannot send to .* bytes wait, at most 1048576 may$/;
      await assertRefused(server, client, log);
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
      const log = /"publish" on a connection that has a stream already$/;
      await assertRefused(server, client, log);
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

    await step(
      "peers that never come to the point",
      async ({ server, good }) => {
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
          await good.assertUnharmed();
        }
        for (const client of [silent, greeted, announcer, publisher]) {
          await client.end();
        }
        const log = /closed: read timed out: the peer asks for no stream$/;
        await assertRefused(server, silent, log);
        await assertRefused(server, greeted, log);
        await assertRefused(server, announcer, log);
        await assertRefused(server, dribbler, log);
        const publisherLog = /closed: read timed out: the peer sends nothing$/;
        await assertRefused(server, publisher, publisherLog);
      },
    );
  },
);
