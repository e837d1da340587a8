import { PlatformError } from "#platform/errors.ts";
import { type ByteSource, SocketConnection } from "#platform/tcp_connection.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

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
