import { PlatformError } from "#platform/errors.ts";
import { type Libc, MSG_MORE } from "#platform/libc.ts";
import { type ByteSource, SocketConnection } from "#platform/tcp_connection.ts";
import { DescriptorSender } from "#platform/tcp_ffi.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";

/** A connection of the runtime whose writes are answered by the test. */
function scriptedSource(): ByteSource & {
  writes: { bytes: number[]; take: (count: number) => void }[];
} {
  const address = {
    transport: "tcp",
    hostname: "::ffff:192.0.2.7",
    port: 5,
  } as const;
  const source = {
    writes: [] as { bytes: number[]; take: (count: number) => void }[],
    localAddr: address,
    remoteAddr: address,
    read: () => Promise.resolve(null),
    write(bytes: Uint8Array): Promise<number> {
      const { promise, resolve } = Promise.withResolvers<number>();
      source.writes.push({ bytes: [...bytes], take: resolve });
      return promise;
    },
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
  return source;
}

Deno.test("SocketConnection joins what waits and sends nothing beside a write", async () => {
  const source = scriptedSource();
  const connection = new SocketConnection(source, undefined);
  assertEquals(connection.peer.ip, "192.0.2.7");
  let drains = 0;
  connection.onDrained = () => drains++;
  connection.send(Uint8Array.of(1, 2, 3, 4));
  connection.send(Uint8Array.of(5));
  connection.send(Uint8Array.of(6, 7));
  assertEquals(connection.bufferedBytes, 7);
  source.writes[0]!.take(3);
  await Promise.resolve();
  assertEquals(source.writes.map(({ bytes }) => bytes), [[1, 2, 3, 4], [4]]);
  assertEquals([connection.bufferedBytes, connection.sentBytes], [4, 3]);
  source.writes[1]!.take(1);
  await Promise.resolve();
  assertEquals(source.writes[2]!.bytes, [5, 6, 7]);
  assertEquals([drains, connection.isIdle], [0, false]);
  source.writes[2]!.take(3);
  await Promise.resolve();
  assertEquals([drains, connection.isIdle, connection.sentBytes], [1, true, 7]);
  assertEquals(source.writes.length, 3);
  connection.close();
});

Deno.test("SocketConnection takes a send from inside onDrained", async () => {
  const source = scriptedSource();
  const connection = new SocketConnection(source, undefined);
  connection.onDrained = () => {
    connection.onDrained = undefined;
    connection.send(Uint8Array.of(2));
  };
  connection.send(Uint8Array.of(1));
  source.writes[0]!.take(1);
  await Promise.resolve();
  assertEquals(source.writes.map(({ bytes }) => bytes), [[1], [2]]);
  assertEquals(connection.isIdle, false);
  connection.close();
});

Deno.test("SocketConnection.read() throws when the peer resets", async () => {
  const source = scriptedSource();
  const connection = new SocketConnection(source, undefined);
  source.read = () =>
    Promise.reject(new Deno.errors.ConnectionReset("os error 104"));
  const error = await assertRejects(
    connection.read(new Uint8Array(1)),
    PlatformError,
  );
  assertEquals(
    [error.code, error.message],
    ["reset", "Cannot read from 192.0.2.7: os error 104"],
  );
  connection.close();
});

Deno.test("SocketConnection.read() answers first what was given back", async () => {
  const source = scriptedSource();
  const connection = new SocketConnection(source, undefined);
  source.read = (into: Uint8Array) => {
    into[0] = 9;
    return Promise.resolve(1);
  };
  const into = new Uint8Array(2);
  await connection.read(into);
  connection.unread(Uint8Array.of(3, 4, 5));
  connection.unread(new Uint8Array());
  connection.unread(Uint8Array.of(1, 2));
  const read: number[] = [];
  for (const count of [2, 2, 1, 1]) {
    assertEquals(await connection.read(into), count);
    read.push(...into.subarray(0, count));
  }
  assertEquals([read, connection.receivedBytes], [[1, 2, 3, 4, 5, 9], 2]);
  connection.close();
  connection.unread(Uint8Array.of(1));
  assertEquals(await connection.read(into), undefined);
});

Deno.test("SocketConnection.setPeer() tells another peer", () => {
  const connection = new SocketConnection(scriptedSource(), undefined);
  connection.setPeer({ ip: "198.51.100.9", port: 7 });
  assertEquals(connection.peer, { ip: "198.51.100.9", port: 7 });
  assertEquals(connection.local.ip, "192.0.2.7");
  connection.close();
});

/** A sender whose socket takes so many bytes, and then none. */
function scriptedSender(roomBytes: number): {
  readonly sender: DescriptorSender;
  readonly taken: number[];
  /** Of each call that took all it was given, whether more was promised. */
  readonly promises: boolean[];
} {
  let leftBytes = roomBytes;
  const taken: number[] = [];
  const promises: boolean[] = [];
  const send = (
    _descriptor: number,
    bytes: Uint8Array,
    lengthBytes: number,
    flags: number,
  ) => {
    const count = Math.min(leftBytes, lengthBytes);
    leftBytes -= count;
    for (const byte of bytes.subarray(0, count)) taken.push(byte);
    if (count === lengthBytes) promises.push((flags & MSG_MORE) !== 0);
    return count > 0 ? count : -1;
  };
  const calls = { send, shutdown: () => 0 } as unknown as Libc["calls"];
  return { sender: new DescriptorSender(calls, 3), taken, promises };
}

const HEAD_BYTES = 300;

const PARTS: readonly [name: string, lengths: readonly number[]][] = [
  ["a head", [HEAD_BYTES]],
  ["a head and a short body", [HEAD_BYTES, 2_000]],
  ["a head and a long body", [HEAD_BYTES, 70_000]],
  ["a long body, and nothing behind", [HEAD_BYTES, 70_000, 0]],
  ["several bodies", [HEAD_BYTES, 40_000, 0, 40_000, 5]],
];

for (const [name, lengths] of PARTS) {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const rooms = [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, total - 1];
  for (const roomBytes of [...rooms, total, undefined]) {
    Deno.test(`SocketConnection.sendAll() keeps the order of ${name}, with room for ${roomBytes ?? "nobody knows how many"} bytes`, async () => {
      const source = scriptedSource();
      const { sender, taken, promises } = scriptedSender(roomBytes ?? 0);
      const connection = new SocketConnection(
        source,
        roomBytes === undefined ? undefined : sender,
      );
      let count = 0;
      const parts = lengths.map((length) =>
        Uint8Array.from({ length }, () => count++ * 7)
      );
      const expected = parts.flatMap((part) => [...part]);
      const hasLeft = connection.sendAll(parts);
      assertEquals(hasLeft, roomBytes !== undefined && roomBytes >= total);
      // Whoever sends may use the memory of all but the last part again.
      for (const part of parts.slice(0, -1)) {
        if (part.length === HEAD_BYTES) part.fill(0xee);
      }
      const behind = Uint8Array.of(1, 2, 3);
      if (!hasLeft) {
        assertEquals(connection.send(behind), false);
        for (let i = 0; i < source.writes.length; i++) {
          const { bytes, take } = source.writes[i]!;
          // The runtime's writes take a part, too.
          const some = i === 0 ? Math.ceil(bytes.length / 2) : bytes.length;
          taken.push(...bytes.slice(0, some));
          take(some);
          await Promise.resolve();
        }
        expected.push(...behind);
      } else assertEquals(promises.at(-1), false, "nothing is held back");
      assert(taken.every((byte, i) => byte === expected[i]), "the same bytes");
      assertEquals(taken.length, expected.length);
      assertEquals(connection.sentBytes, expected.length);
      assertEquals([connection.isIdle, connection.bufferedBytes], [true, 0]);
      connection.close();
    });
  }
}

Deno.test("SocketConnection.sendAll() promises more with all parts of a long message but the last", () => {
  const { sender, promises } = scriptedSender(1_000_000);
  const connection = new SocketConnection(scriptedSource(), sender);
  const long = new Uint8Array(70_000);
  connection.sendAll([new Uint8Array(10), long, long]);
  connection.sendAll([new Uint8Array(10), new Uint8Array(10)]);
  assertEquals(promises, [true, true, false, false]);
  connection.close();
});

Deno.test("SocketConnection.sendAll() goes behind a write in flight", async () => {
  const source = scriptedSource();
  const { sender, taken } = scriptedSender(0);
  const connection = new SocketConnection(source, sender);
  connection.send(Uint8Array.of(1));
  const head = Uint8Array.of(2);
  assertEquals(connection.sendAll([head, Uint8Array.of(3)]), false);
  head.fill(9);
  source.writes[0]!.take(1);
  await Promise.resolve();
  assertEquals(source.writes.map(({ bytes }) => bytes), [[1], [2, 3]]);
  assertEquals(taken, []);
  connection.close();
  assertEquals(connection.sendAll([head]), false);
});
