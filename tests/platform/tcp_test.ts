import { PlatformError } from "#platform/errors.ts";
import { ReadPoller } from "#platform/read_poller.ts";
import {
  connectTcp,
  listenTcp,
  sendEngine,
  type TcpConnection,
} from "#platform/tcp.ts";
import { MAX_QUEUED_BYTES } from "#platform/tcp_connection.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "#test/assert.ts";
import {
  broken,
  drained,
  randomBytes,
  readExactly,
  readToEnd,
} from "#test/tcp_peer.ts";

const HOSTNAME = "127.0.0.1";

/** More than the socket buffers of both ends take. */
const LARGE_BYTES = 24 * 1_048_576;

interface Pair extends AsyncDisposable {
  /** The side under test. */
  connection: TcpConnection;
  peer: Deno.TcpConn;
}

/** Who sends, and who waits for what comes. */
type Kind = "ffi and poller" | "ffi" | "deno";

const KINDS: readonly Kind[] = ["ffi and poller", "ffi", "deno"];

async function openPair(kind: Kind): Promise<Pair> {
  const poller = kind === "ffi and poller" ? ReadPoller.open() : undefined;
  const useFfi = kind !== "deno";
  using listener = listenTcp({ hostname: HOSTNAME, port: 0, useFfi, poller });
  const [connection, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: HOSTNAME, port: listener.port }),
  ]);
  assert(connection);
  return {
    connection,
    peer,
    async [Symbol.asyncDispose](): Promise<void> {
      connection.close();
      try {
        peer.close();
      } catch {
        // closed by the test
      }
      await poller?.[Symbol.asyncDispose]();
    },
  };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

for (const kind of KINDS) {
  const engine = kind === "deno" ? "deno" : sendEngine();

  Deno.test(`TcpConnection sends and reads [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    const into = new Uint8Array(100);
    await peer.write(Uint8Array.of(1, 2, 3));
    assertEquals(await connection.read(into), 3);
    assertEquals(into.subarray(0, 3), Uint8Array.of(1, 2, 3));
    // A view into larger memory: only its own bytes may leave.
    const hasLeft = connection.send(randomBytes(40_000).subarray(77, 30_000));
    if (!hasLeft) await drained(connection);
    assertEquals(hasLeft, engine === "ffi");
    assertEquals(
      await readExactly(peer, 29_923),
      randomBytes(40_000).slice(77, 30_000),
    );
    assertEquals(
      [connection.sentBytes, connection.receivedBytes],
      [29_923, 3],
    );
    assertEquals([connection.isIdle, connection.bufferedBytes], [true, 0]);
    peer.close();
    assertEquals(await connection.read(into), undefined);
  });

  Deno.test(`TcpConnection knows both ends [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    assertEquals(connection.peer, {
      ip: HOSTNAME,
      port: peer.localAddr.port,
    });
    assertEquals(connection.local, {
      ip: HOSTNAME,
      port: peer.remoteAddr.port,
    });
  });

  Deno.test(`TcpConnection.send() finishes short writes in order [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    const large = randomBytes(LARGE_BYTES);
    assertEquals(connection.send(large), false);
    assertEquals(connection.isIdle, false);
    assert(connection.stalledSinceMs !== undefined);
    const control = [randomBytes(50, 2), randomBytes(7, 3), randomBytes(9, 4)];
    for (const bytes of control) assertEquals(connection.send(bytes), false);
    const totalBytes = LARGE_BYTES + 66;
    assertEquals(connection.bufferedBytes + connection.sentBytes, totalBytes);
    const done = drained(connection);
    const received = await readExactly(peer, totalBytes);
    await done;
    const wanted = new Uint8Array(totalBytes);
    let at = 0;
    for (const bytes of [large, ...control]) {
      wanted.set(bytes, at);
      at += bytes.length;
    }
    assertEquals(await sha256(received), await sha256(wanted));
    assertEquals(connection.sentBytes, totalBytes);
    assertEquals([connection.isIdle, connection.bufferedBytes], [true, 0]);
    assertEquals(connection.stalledSinceMs, undefined);
  });

  Deno.test(`TcpConnection.sendAll() sends parts as one [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    assertEquals([connection.sendAll([]), connection.isIdle], [true, true]);
    let sentBytes = 0;
    // Small ones, then more than the buffers take, then what is too much to share.
    for (const lengths of [[3, 0, 5], [40_000, 20_000, 7], [90_000, 1]]) {
      const whole = randomBytes(lengths.reduce((sum, length) => sum + length));
      let at = 0;
      const parts = lengths.map((length) => whole.subarray(at, at += length));
      for (let i = 0; i < 10; i++) {
        connection.sendAll(parts);
        sentBytes += whole.length;
        assertEquals(await readExactly(peer, whole.length), whole);
      }
    }
    connection.isIdle || await drained(connection);
    assertEquals(connection.sentBytes, sentBytes);
  });

  Deno.test(`TcpConnection.sendAll() finishes short writes in order [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    const whole = randomBytes(60_000);
    const parts = [whole.subarray(0, 100), whole.subarray(100)];
    let count = 0;
    do {
      connection.sendAll(parts);
      count++;
    } while (connection.isIdle);
    const done = drained(connection);
    for (let i = 0; i < count; i++) {
      const received = await readExactly(peer, whole.length);
      assert(received.every((byte, at) => byte === whole[at]));
    }
    await done;
    assertEquals(connection.sentBytes, count * whole.length);
  });

  Deno.test(`TcpConnection.send() breaks beyond its queue [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection } = pair;
    connection.send(new Uint8Array(LARGE_BYTES));
    const error = broken(connection);
    connection.send(new Uint8Array(MAX_QUEUED_BYTES));
    connection.send(Uint8Array.of(1));
    assertEquals((await error as PlatformError).code, "queue_full");
    assertEquals(connection.send(Uint8Array.of(1)), false);
    assertEquals([connection.isIdle, connection.bufferedBytes], [false, 0]);
  });

  Deno.test(`TcpConnection.send() reports a dead peer once [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    connection.send(new Uint8Array(LARGE_BYTES));
    let calls = 0;
    const error = new Promise<Error>((resolve) => {
      connection.onBroken = (error) => {
        calls++;
        resolve(error);
      };
    });
    peer.close(); // over unread bytes: a reset
    assertEquals((await error as PlatformError).code, "reset");
    assertEquals(connection.send(Uint8Array.of(1)), false);
    assertEquals([connection.isIdle, calls], [false, 1]);
    assertEquals(connection.stalledSinceMs, undefined);
  });

  Deno.test(`TcpConnection.close() ends a read and a write under way [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    connection.onBroken = () => assert(false, "closing is no failure");
    connection.onDrained = () => assert(false, "it did not drain");
    connection.send(new Uint8Array(LARGE_BYTES));
    const reading = connection.read(new Uint8Array(10));
    connection.close();
    connection.close();
    assertEquals(await reading, undefined);
    assertEquals(await connection.read(new Uint8Array(10)), undefined);
    assertEquals(connection.send(Uint8Array.of(1)), false);
    assertEquals([connection.isIdle, connection.bufferedBytes], [false, 0]);
    assert(await readToEnd(peer) <= LARGE_BYTES);
  });

  Deno.test(`TcpConnection.send() after close leaves a reused descriptor alone [${kind}]`, async () => {
    await using first = await openPair(kind);
    first.connection.close();
    first.peer.close();
    await using second = await openPair(kind);
    assertEquals(first.connection.send(Uint8Array.of(9, 9)), false);
    second.connection.send(Uint8Array.of(1));
    second.connection.isIdle || await drained(second.connection);
    second.connection.close();
    assertEquals(await readToEnd(second.peer), 1);
  });

  Deno.test(`TcpConnection.closeAfterDrain() delivers what is in flight [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    // Unread bytes at close would turn the end of the stream into a reset.
    await peer.write(Uint8Array.of(1));
    connection.send(new Uint8Array(LARGE_BYTES));
    connection.send(new Uint8Array(10));
    const closing = connection.closeAfterDrain(10_000);
    assertEquals(connection.send(Uint8Array.of(1)), false);
    assertEquals(await readToEnd(peer), LARGE_BYTES + 10);
    peer.close();
    await closing;
  });

  Deno.test(`TcpConnection.closeAfterDrain() gives up on a stalled peer [${kind}]`, async () => {
    await using pair = await openPair(kind);
    const { connection, peer } = pair;
    connection.send(new Uint8Array(LARGE_BYTES));
    await connection.closeAfterDrain(1);
    assert(await readToEnd(peer) < LARGE_BYTES);
  });
}

Deno.test("listenTcp() on all interfaces gives IPv4 peers in their own form", async () => {
  using listener = listenTcp({ hostname: "", port: 0 });
  const [accepted, connection] = await Promise.all([
    listener.accept(),
    connectTcp({ hostname: HOSTNAME, port: listener.port }),
  ]);
  await using _ = connection;
  assert(accepted);
  await using _accepted = accepted;
  assertEquals(accepted.peer, connection.local);
  assertEquals(accepted.local, connection.peer);
  assertEquals(accepted.peer.ip, HOSTNAME);
});

Deno.test("listenTcp() says why it cannot", () => {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const taken = assertThrows(
    () => listenTcp({ hostname: HOSTNAME, port }),
    PlatformError,
  );
  assertEquals([taken.code, taken.port], ["address_in_use", port]);
  const foreign = assertThrows(
    () => listenTcp({ hostname: "192.0.2.1", port: 0 }),
    PlatformError,
  );
  assertEquals(foreign.code, "address_unavailable");
});

Deno.test("connectTcp() says why it cannot", async () => {
  const closed = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = closed;
  closed[Symbol.dispose]();
  const refused = await assertRejects(
    connectTcp({ hostname: HOSTNAME, port }),
    PlatformError,
  );
  assertEquals([refused.code, refused.port], ["refused", port]);
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(
    connectTcp({ hostname: HOSTNAME, port, signal }),
    RangeError,
  );
});
