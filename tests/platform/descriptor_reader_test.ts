import { libc } from "#platform/libc.ts";
import { ReadPoller } from "#platform/read_poller.ts";
import { listenTcp, type TcpConnection } from "#platform/tcp.ts";
import { assert, assertEquals } from "#test/assert.ts";

const HOSTNAME = "127.0.0.1";

interface Pair extends AsyncDisposable {
  readonly poller: ReadPoller;
  readonly connection: TcpConnection;
  readonly peer: Deno.TcpConn;
}

async function openPair(): Promise<Pair> {
  const poller = ReadPoller.open()!;
  using listener = listenTcp({ hostname: HOSTNAME, port: 0, poller });
  const [connection, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: HOSTNAME, port: listener.port }),
  ]);
  assert(connection);
  return {
    poller,
    connection,
    peer,
    async [Symbol.asyncDispose](): Promise<void> {
      connection.close();
      peer.close();
      await poller[Symbol.asyncDispose]();
    },
  };
}

/** Reads to the end, so many bytes at a time. */
async function readAll(
  connection: TcpConnection,
  sizeBytes: number,
): Promise<string> {
  const into = new Uint8Array(sizeBytes);
  let text = "";
  for (;;) {
    const count = await connection.read(into);
    if (count === undefined) return text;
    text += new TextDecoder().decode(into.subarray(0, count));
  }
}

const ignore = libc === undefined;

for (const sizeBytes of [1, 5, 10, 11, 64]) {
  Deno.test({
    name:
      `DescriptorReader reads what came with the end before anybody read, ${sizeBytes} bytes at a time`,
    ignore,
    fn: async () => {
      await using pair = await openPair();
      const { connection, peer } = pair;
      await peer.write(new TextEncoder().encode("0123456789"));
      await peer.closeWrite();
      // The other connection's turn comes after the event of this one.
      await using other = await openPair();
      await other.peer.write(Uint8Array.of(1));
      await other.connection.read(new Uint8Array(1));
      assertEquals(await readAll(connection, sizeBytes), "0123456789");
    },
  });

  Deno.test({
    name:
      `DescriptorReader reads what comes piece by piece, ${sizeBytes} bytes at a time`,
    ignore,
    fn: async () => {
      await using pair = await openPair();
      const { connection, peer } = pair;
      const all = readAll(connection, sizeBytes);
      for (const character of "0123456789") {
        await peer.write(new TextEncoder().encode(character.repeat(7)));
      }
      await peer.closeWrite();
      const wanted = Array.from("0123456789", (one) => one.repeat(7)).join("");
      assertEquals(await all, wanted);
    },
  });
}

Deno.test({
  name: "ReadPoller watches many connections, and nobody once it has ended",
  ignore,
  fn: async () => {
    const poller = ReadPoller.open()!;
    using listener = listenTcp({ hostname: HOSTNAME, port: 0, poller });
    const { port } = listener;
    const pairs = await Promise.all(Array.from({ length: 300 }, async () => {
      const peer = await Deno.connect({ hostname: HOSTNAME, port });
      return peer;
    }));
    const connections: TcpConnection[] = [];
    for (const _ of pairs) connections.push((await listener.accept())!);
    const reads = connections.map(async (connection) => {
      const into = new Uint8Array(2);
      await connection.read(into);
      return into[0]! * 256 + into[1]!;
    });
    for (const [i, peer] of pairs.entries()) {
      await peer.write(Uint8Array.of(i >> 8, i & 0xff));
    }
    const heard = (await Promise.all(reads)).sort((a, b) => a - b);
    assertEquals(heard, Array.from(pairs, (_, i) => i));
    for (const peer of pairs) peer.close();
    for (const connection of connections) connection.close();
    await poller[Symbol.asyncDispose]();
    await poller[Symbol.asyncDispose]();
    assertEquals(poller.add(0, { handleReadable: () => {} }), false);
  },
});
