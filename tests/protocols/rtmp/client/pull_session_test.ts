import { serializeRtmpControl } from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { picture, videoHeader } from "../messages.ts";
import { type FakeOrigin, FakePull, sendStart } from "./fake_origin.ts";

const ORIGIN = "rtmp://origin:1935/live/cam";

/** Ways in which an origin ends a stream. */
const ENDS: readonly {
  readonly name: string;
  readonly end: (origin: FakeOrigin) => Promise<void>;
  readonly result: string;
}[] = [
  {
    name: "NetStream.Play.Stop",
    end: (origin) => origin.status("status", "NetStream.Play.Stop"),
    result: "ended",
  },
  {
    name: "StreamEOF [nginx-rtmp]",
    end: (origin) =>
      origin.send(
        serializeRtmpControl({ kind: "streamEof", messageStreamId: 1 }),
      ),
    result: "ended",
  },
  {
    name: "the end of the connection",
    end: async ({ tcp }) => {
      tcp.endInput();
      await settled();
    },
    result:
      `Cannot pull ${ORIGIN}: the origin closed the connection in the middle of the stream`,
  },
  {
    name: "an error of the stream",
    end: (origin) =>
      origin.status("error", "NetStream.Play.Failed", { description: "lost" }),
    result:
      `Cannot pull ${ORIGIN}: play was refused: NetStream.Play.Failed: lost`,
  },
  {
    name: "bytes that are no RTMP",
    end: async ({ tcp }) => {
      tcp.receive(Uint8Array.of(0x8a, 0, 0, 0, 0xff));
      await settled();
    },
    result:
      `Cannot pull ${ORIGIN}: Cannot parse RTMP chunk: fmt at byte {n}: must be 0 in the first chunk of a chunk stream, found 2`,
  },
];

for (const { name, end, result } of ENDS) {
  Deno.test(`PullSession ends with ${name}`, async () => {
    const pull = new FakePull();
    const origin = await pull.play();
    await sendStart(origin);
    assertEquals(pull.result, undefined);
    await end(origin);
    await pull.done;
    assertEquals(pull.result?.replace(/byte \d+/, "byte {n}"), result);
    assert(pull.publications[0]!.isClosed);
    assert(origin.tcp.isClosed);
    assertEquals(pull.clock.pendingTimers, 0);
  });
}

Deno.test("PullSession waits if there is an end before there was media [nginx-rtmp]", async () => {
  const pull = new FakePull();
  const origin = await pull.play();
  await origin.status("status", "NetStream.Play.UnpublishNotify");
  await origin.send(
    serializeRtmpControl({ kind: "streamEof", messageStreamId: 1 }),
  );
  assertEquals(pull.result, undefined);
  await sendStart(origin);
  assertEquals(pull.publications.length, 1);
  pull.stop();
  await pull.done;
});

/** What an origin refuses, when, and how it is told. */
const REFUSALS: readonly {
  readonly name: string;
  readonly run: (pull: FakePull, origin: FakeOrigin) => Promise<void>;
  readonly result: string;
}[] = [
  {
    name: "an application",
    run: async (_, origin) => {
      await origin.connected();
      await origin.error(1, {
        level: "error",
        code: "NetConnection.Connect.InvalidApp",
        description: "no such app",
      });
    },
    result:
      "connect was refused: NetConnection.Connect.InvalidApp: no such app",
  },
  {
    name: "an application, without a word [nginx-rtmp]",
    run: async (_, origin) => {
      await origin.connected();
      origin.tcp.endInput();
    },
    result: "the origin closed the connection instead of answering connect",
  },
  {
    name: "an application, with success that is none",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, { level: "error", code: "No" });
    },
    result: "connect was refused: No",
  },
  {
    name: "a stream that is not there",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, {});
      await origin.result(2, null, 1);
      await origin.status("error", "NetStream.Play.StreamNotFound");
    },
    result:
      "play was refused: NetStream.Play.StreamNotFound (check the path of the URL)",
  },
  {
    name: "a stream that is not there, without a word [weir, MediaMTX]",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, {});
      await origin.result(2, null, 1);
      origin.tcp.endInput();
    },
    result:
      "the origin closed the connection instead of answering play (is the stream published there?)",
  },
  {
    name: "a player without the right to play",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, {});
      await origin.result(2, null, 1);
      await origin.status("error", "NetStream.Play.Failed", {
        description: "authentication failed",
      });
    },
    result:
      "play was refused: NetStream.Play.Failed: authentication failed (check user and password in the URL)",
  },
  {
    name: "a message stream",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, {});
      await origin.error(2, undefined);
    },
    result: "createStream was refused: no reason given",
  },
  {
    name: "a message stream, with none",
    run: async (_, origin) => {
      await origin.connected();
      await origin.result(1, {}, {});
      await origin.result(2, null, null);
    },
    result: "createStream was answered without a stream",
  },
  {
    name: "a handshake",
    run: async (_, { tcp }) => {
      tcp.receive(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n"));
      await settled();
    },
    result: "Cannot parse RTMP handshake: S0 at byte 0: must be 3, found 72",
  },
];

for (const { name, run, result } of REFUSALS) {
  Deno.test(`PullSession tells that an origin refuses ${name}`, async () => {
    const pull = new FakePull("rtmp://u:secret@origin/live/cam?token=x");
    await settled();
    await run(pull, pull.origin);
    await pull.done;
    assertEquals(pull.result, `Cannot pull ${ORIGIN}: ${result}`);
    assert(pull.origin.tcp.isClosed);
    assertEquals([pull.publications, pull.clock.pendingTimers], [[], 0]);
  });
}

/** How far an origin comes before it says nothing more. */
const SILENCES: readonly {
  readonly name: string;
  readonly begin: (origin: FakeOrigin) => Promise<unknown>;
  readonly result: string;
}[] = [
  {
    name: "at once",
    begin: () => Promise.resolve(),
    result: "the origin did not answer handshake within 10 s (readTimeout)",
  },
  {
    name: "behind the handshake",
    begin: (origin) => origin.connected(),
    result: "the origin did not answer connect within 10 s (readTimeout)",
  },
  {
    name: "before media",
    begin: (origin) => origin.accept(),
    result:
      "no media came (is the stream published there?) within 10 s (readTimeout)",
  },
  {
    name: "in the middle of the stream",
    begin: async (origin) => {
      await origin.accept();
      await sendStart(origin);
    },
    result: "no media came within 10 s (readTimeout)",
  },
];

for (const { name, begin, result } of SILENCES) {
  Deno.test(`PullSession gives up an origin that falls silent ${name}`, async () => {
    const pull = new FakePull();
    await settled();
    await begin(pull.origin);
    for (let i = 0; i < 5; i++) {
      await pull.pass(2_000);
      if (name !== "at once") {
        await pull.origin.send(
          serializeRtmpControl({ kind: "pingRequest", timestampMs: i }),
        );
      }
    }
    assertEquals(pull.result, undefined, "it ended too early");
    await pull.pass(500);
    await pull.done;
    assertEquals(pull.result, `Cannot pull ${ORIGIN}: ${result}`);
    assertEquals(pull.clock.pendingTimers, 0);
  });
}

Deno.test("PullSession gives up an origin that does not read", async () => {
  const pull = new FakePull();
  const origin = await pull.play();
  await sendStart(origin);
  origin.tcp.stall();
  for (let i = 0; i <= 20; i++) {
    await origin.send(picture(40 * i + 40));
    await pull.pass(500);
  }
  await pull.pass(500);
  assertEquals(
    pull.result,
    `Cannot pull ${ORIGIN}: the origin does not read (writeTimeout)`,
  );
});

Deno.test("PullSession ends with the reason when it is not wanted any more", async () => {
  const pull = new FakePull();
  const origin = await pull.play();
  await sendStart(origin);
  pull.stop();
  await pull.done;
  assertEquals(pull.result, "path is closing");
  assert(origin.tcp.isClosed && pull.publications[0]!.isClosed);
  assertEquals(pull.clock.pendingTimers, 0);
});

Deno.test("PullSession attaches nothing when it is not wanted any more", async () => {
  const pull = new FakePull();
  const origin = await pull.play();
  await origin.send(videoHeader(), picture(0, { isRandomAccess: true }));
  pull.stop();
  await pull.done;
  assertEquals([pull.result, pull.publications], ["path is closing", []]);
  assert(origin.tcp.isClosed);
});

Deno.test("PullSession tells why the path does not take the stream", async () => {
  const pull = new FakePull();
  pull.refusal = new Error("the path has changed");
  const origin = await pull.play();
  await sendStart(origin);
  await pull.done;
  assertEquals(pull.result, `Cannot pull ${ORIGIN}: the path has changed`);
});
