import { PlatformError } from "#platform/errors.ts";
import { connectTcp, listenTcp, type TcpConnection } from "#platform/tcp.ts";
import { MAX_QUEUED_BYTES } from "#platform/tcp_connection.ts";
import { acceptTls, connectTls } from "#platform/tls.ts";
import {
  broken,
  drained,
  randomBytes,
  readExactly,
  readToEnd,
} from "#test/tcp_peer.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { makeCertificate } from "#test/certificates.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { mutations } from "#test/splits.ts";

const HOSTNAME = "127.0.0.1";

/** More than the socket buffers of both ends take. */
const LARGE_BYTES = 24 * 1_048_576;

const CERTIFICATE = makeCertificate();

interface Pair<P> extends Disposable {
  /** The side under test. */
  connection: TcpConnection;
  peer: P;
}

/** A connection that was accepted, and the runtime's own client at its other end. */
async function openPair(): Promise<Pair<Deno.TlsConn>> {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const [connection, peer] = await Promise.all([
    listener.accept().then((one) => acceptTls(one!, () => CERTIFICATE)),
    connectPeer(port, CERTIFICATE.certificatePem),
  ]);
  return pairOf(connection, peer);
}

async function connectPeer(
  port: number,
  certificatePem: string,
): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: HOSTNAME, port });
  tcp.setNoDelay(true);
  const options = { hostname: HOSTNAME, caCerts: [certificatePem] };
  const peer = await Deno.startTls(tcp, options);
  await peer.handshake();
  return peer;
}

/** A connection before its handshake, and whatever the other end may be. */
async function openPlainPair(): Promise<Pair<TcpConnection>> {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const [connection, peer] = await Promise.all([
    listener.accept(),
    connectTcp({ hostname: HOSTNAME, port }),
  ]);
  return pairOf(connection!, peer);
}

function pairOf<P extends { close(): void }>(
  connection: TcpConnection,
  peer: P,
): Pair<P> {
  return {
    connection,
    peer,
    [Symbol.dispose](): void {
      connection.close();
      try {
        peer.close();
      } catch {
        // closed by the test
      }
    },
  };
}

async function refusalOf(connecting: Promise<unknown>): Promise<string[]> {
  const { code, message } = await assertRejects(connecting, PlatformError);
  return [code, message];
}

Deno.test("acceptTls() gives a connection that sends and reads", async () => {
  using pair = await openPair();
  const { connection, peer } = pair;
  const into = new Uint8Array(2);
  await peer.write(Uint8Array.of(1, 2, 3));
  assertEquals(await connection.read(into), 2);
  assertEquals(into, Uint8Array.of(1, 2));
  assertEquals(await connection.read(into), 1);
  assertEquals(into[0], 3);
  const done = drained(connection);
  const bytes = randomBytes(30_000);
  assertEquals(connection.send(bytes), false);
  assertEquals([connection.isIdle, connection.bufferedBytes], [false, 30_000]);
  assert(connection.stalledSinceMs !== undefined);
  assertEquals(await readExactly(peer, 30_000), bytes);
  await done;
  assertEquals([connection.isIdle, connection.bufferedBytes], [true, 0]);
  assertEquals([connection.sentBytes, connection.receivedBytes], [30_000, 3]);
  assertEquals(connection.stalledSinceMs, undefined);
  assertEquals(connection.peer, { ip: HOSTNAME, port: portOf(peer.localAddr) });
  assertEquals(connection.local, {
    ip: HOSTNAME,
    port: portOf(peer.remoteAddr),
  });
  peer.close();
  assertEquals(await connection.read(into), undefined);
});

function portOf(address: Deno.Addr): number {
  return (address as Deno.NetAddr).port;
}

Deno.test("acceptTls() reads what comes in many records", async () => {
  using pair = await openPair();
  const { connection, peer } = pair;
  const sent = randomBytes(1_000_000);
  const writing = (async () => {
    for (let at = 0; at < sent.length;) {
      at += await peer.write(sent.subarray(at, at + 30_011));
    }
  })();
  const received = new Uint8Array(sent.length);
  for (let at = 0; at < sent.length;) {
    at += (await connection.read(received.subarray(at, at + 7_001)))!;
  }
  await writing;
  assert(received.every((byte, at) => byte === sent[at]));
});

Deno.test("acceptTls() keeps the order of what is sent, and its limit, while the peer does not read", async () => {
  using pair = await openPair();
  const { connection, peer } = pair;
  const large = randomBytes(LARGE_BYTES);
  assertEquals(connection.send(large), false);
  const control = [randomBytes(50, 2), randomBytes(7, 3), randomBytes(9, 4)];
  for (const bytes of control) assertEquals(connection.send(bytes), false);
  const totalBytes = LARGE_BYTES + 66;
  // What the peer sends meanwhile must not pass for what it has read.
  const into = new Uint8Array(10);
  for (let i = 0; i < 20; i++) {
    await peer.write(Uint8Array.of(i));
    await connection.read(into);
    const knownBytes = connection.bufferedBytes + connection.sentBytes;
    assertEquals(knownBytes, totalBytes);
  }
  assert(connection.bufferedBytes > 0);
  const done = drained(connection);
  const received = await readExactly(peer, totalBytes);
  await done;
  let at = LARGE_BYTES;
  assert(large.every((byte, i) => byte === received[i]));
  for (const bytes of control) {
    assertEquals(received.slice(at, at += bytes.length), bytes);
  }
  assertEquals(connection.sentBytes, totalBytes);
});

Deno.test("acceptTls() breaks a connection beyond its queue", async () => {
  using pair = await openPair();
  const { connection } = pair;
  connection.send(new Uint8Array(LARGE_BYTES));
  const error = broken(connection);
  connection.send(new Uint8Array(MAX_QUEUED_BYTES));
  connection.send(Uint8Array.of(1));
  assertEquals((await error as PlatformError).code, "queue_full");
});

Deno.test("acceptTls() reports a dead peer once", async () => {
  using pair = await openPair();
  const { connection, peer } = pair;
  let calls = 0;
  const error = new Promise<Error>((resolve) => {
    connection.onBroken = (error) => {
      calls++;
      resolve(error);
    };
  });
  connection.send(new Uint8Array(LARGE_BYTES));
  peer.close(); // over unread bytes: a reset
  await error;
  assertEquals(connection.send(Uint8Array.of(1)), false);
  assertEquals([connection.isIdle, calls], [false, 1]);
});

Deno.test("acceptTls() lets close() end a read and a write under way", async () => {
  using pair = await openPair();
  const { connection } = pair;
  connection.onBroken = () => assert(false, "closing is no failure");
  connection.onDrained = () => assert(false, "it did not drain");
  connection.send(new Uint8Array(LARGE_BYTES));
  const reading = connection.read(new Uint8Array(10));
  connection.close();
  connection.close();
  assertEquals(await reading, undefined);
  assertEquals(connection.send(Uint8Array.of(1)), false);
});

Deno.test("acceptTls() lets closeAfterDrain() deliver what is in flight and say goodbye", async () => {
  using pair = await openPair();
  const { connection, peer } = pair;
  const reading = connection.read(new Uint8Array(10));
  connection.send(new Uint8Array(LARGE_BYTES));
  connection.send(new Uint8Array(10));
  const closing = connection.closeAfterDrain(10_000);
  assertEquals(connection.send(Uint8Array.of(1)), false);
  assertEquals(await readToEnd(peer), LARGE_BYTES + 10);
  peer.close();
  await closing;
  assertEquals(await reading, undefined);
});

Deno.test("acceptTls() lets closeAfterDrain() give up on a stalled peer", async () => {
  using pair = await openPair();
  const { connection } = pair;
  connection.send(new Uint8Array(LARGE_BYTES));
  await connection.closeAfterDrain(1);
  assertEquals(connection.isIdle, false);
});

Deno.test("acceptTls() asks for the pair at each handshake", async () => {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  for (const certificate of [CERTIFICATE, makeCertificate()]) {
    const [connection, peer] = await Promise.all([
      listener.accept().then((one) => acceptTls(one!, () => certificate)),
      connectPeer(listener.port, certificate.certificatePem),
    ]);
    peer.close();
    connection.close();
  }
});

const REFUSED = "Cannot accept TLS from 127.0.0.1: ";

Deno.test("acceptTls() refuses a peer that speaks no TLS", async () => {
  using pair = await openPlainPair();
  const { connection, peer } = pair;
  peer.send(new TextEncoder().encode("OPTIONS * RTSP/1.0\r\n\r\n"));
  assertEquals(await refusalOf(acceptTls(connection, () => CERTIFICATE)), [
    "tls",
    `${REFUSED}the peer does not speak TLS`,
  ]);
  assertEquals(connection.send(Uint8Array.of(1)), false);
});

Deno.test("acceptTls() refuses a handshake that is none", async () => {
  using pair = await openPlainPair();
  const { connection, peer } = pair;
  peer.send(new Uint8Array(500).fill(22));
  const [code, message] = await refusalOf(
    acceptTls(connection, () => CERTIFICATE),
  );
  assertEquals(code, "tls");
  assert(message!.startsWith(`${REFUSED}received corrupt message`), message);
});

for (const [name, bytes] of [["nothing", ""], ["half a hello", "160301"]]) {
  Deno.test(`acceptTls() refuses a peer that sends ${name} and goes`, async () => {
    using pair = await openPlainPair();
    const { connection, peer } = pair;
    peer.send(Uint8Array.fromHex(bytes!));
    const refusal = refusalOf(acceptTls(connection, () => CERTIFICATE));
    await peer.closeAfterDrain(1_000);
    assertEquals(await refusal, [
      "tls",
      `${REFUSED}the peer closed the connection`,
    ]);
  });

  Deno.test(`acceptTls() refuses a peer that sends ${name} and waits`, async () => {
    using pair = await openPlainPair();
    const { connection, peer } = pair;
    peer.send(Uint8Array.fromHex(bytes!));
    const accepting = acceptTls(connection, () => CERTIFICATE, {
      timeoutMs: 10,
    });
    assertEquals(await refusalOf(accepting), [
      "timeout",
      `${REFUSED}it takes over 0.01 s`,
    ]);
    assertEquals(await peer.read(new Uint8Array(1)), undefined);
  });

  Deno.test(`acceptTls() ends with its signal while a peer has sent ${name}`, async () => {
    using pair = await openPlainPair();
    const { connection, peer } = pair;
    peer.send(Uint8Array.fromHex(bytes!));
    const abort = new AbortController();
    const accepting = acceptTls(connection, () => CERTIFICATE, {
      signal: abort.signal,
    });
    queueMicrotask(() => abort.abort(new RangeError("enough")));
    await assertRejects(accepting, RangeError);
    assertEquals(await peer.read(new Uint8Array(1)), undefined);
  });
}

/** What a client says first. */
async function clientHello(): Promise<Uint8Array> {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const connecting = connectTls({ hostname: HOSTNAME, port }).catch(() => {});
  const connection = (await listener.accept())!;
  const bytes = new Uint8Array(10_000);
  const count = (await connection.read(bytes))!;
  connection.close();
  await connecting;
  return bytes.slice(0, count);
}

Deno.test("acceptTls() refuses 500 mutations of a hello, each with one error", async () => {
  for (const hello of mutations([await clientHello()], 500)) {
    const tcp = new FakeTcpConnection(new FakeClock());
    tcp.receive(hello);
    tcp.endInput();
    const [code] = await refusalOf(acceptTls(tcp, () => CERTIFICATE));
    assertEquals([code, tcp.isClosed], ["tls", true]);
  }
});

Deno.test("acceptTls() ends a connection whose records are forged on their way", async () => {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  using relay = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { fingerprint } = CERTIFICATE;
  const target = { hostname: HOSTNAME, port: relay.port, fingerprint };
  const connecting = connectTls(target);
  const [near, far, accepted] = await Promise.all([
    relay.accept(),
    connectTcp({ hostname: HOSTNAME, port: listener.port }),
    listener.accept(),
  ]);
  let isForged = false;
  const pass = async (from: TcpConnection, to: TcpConnection) => {
    const bytes = new Uint8Array(10_000);
    for (
      let count = await from.read(bytes);
      count !== undefined;
      count = await from.read(bytes)
    ) {
      const passed = bytes.slice(0, count);
      if (isForged) passed[count - 1]! ^= 1;
      to.send(passed);
    }
    to.close();
  };
  const passing = Promise.allSettled([pass(near!, far), pass(far, near!)]);
  const [connection, peer] = await Promise.all([
    acceptTls(accepted!, () => CERTIFICATE),
    connecting,
  ]);
  isForged = true;
  peer.send(new Uint8Array(100));
  await assertRejects(connection.read(new Uint8Array(10)), PlatformError);
  for (const one of [connection, peer, near!, far]) one.close();
  await passing;
});

async function connectToOwn(
  options: { hostname?: string; fingerprint?: string },
): Promise<Pair<TcpConnection>> {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const [accepted, connected] = await Promise.allSettled([
    listener.accept().then((one) => acceptTls(one!, () => CERTIFICATE)),
    connectTls({ hostname: HOSTNAME, port, ...options }),
  ]);
  if (connected.status === "rejected" || accepted.status === "rejected") {
    if (accepted.status === "fulfilled") accepted.value.close();
    throw connected.status === "rejected" ? connected.reason : "accepted";
  }
  return pairOf(connected.value, accepted.value);
}

for (const hostname of [HOSTNAME, "localhost"]) {
  Deno.test(`connectTls() trusts a fingerprint [${hostname}]`, async () => {
    const fingerprint = CERTIFICATE.fingerprint.toUpperCase();
    using pair = await connectToOwn({ hostname, fingerprint });
    const { connection, peer } = pair;
    const into = new Uint8Array(10);
    connection.send(Uint8Array.of(1, 2, 3));
    assertEquals(await peer.read(into), 3);
    peer.send(Uint8Array.of(4, 5));
    assertEquals(await connection.read(into), 2);
    await Promise.all([
      connection.closeAfterDrain(1_000),
      peer.read(into).then((count) => {
        assertEquals(count, undefined);
        peer.close();
      }),
    ]);
  });

  Deno.test(`connectTls() refuses another fingerprint [${hostname}]`, async () => {
    const fingerprint = "ab".repeat(32);
    const [code, message] = await refusalOf(
      connectToOwn({ hostname, fingerprint }),
    );
    assertEquals(code, "tls");
    const reason =
      `source fingerprint does not match: expected ${fingerprint}, got ${CERTIFICATE.fingerprint}`;
    assert(message!.endsWith(`with TLS: ${reason}`), message);
  });

  // Behind one that was trusted by its fingerprint: nothing of it may be taken up again.
  Deno.test(`connectTls() refuses a certificate that nobody trusts [${hostname}]`, async () => {
    const { fingerprint } = CERTIFICATE;
    (await connectToOwn({ hostname, fingerprint }))[Symbol.dispose]();
    const [code] = await refusalOf(connectToOwn({ hostname }));
    assertEquals(code, "tls");
  });
}

Deno.test("connectTls() says why it cannot", async () => {
  using listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const { port } = listener;
  const action = `Cannot connect to ${HOSTNAME}:${port} with TLS: `;
  const target = { hostname: HOSTNAME, port };
  const silent = refusalOf(connectTls({ ...target, timeoutMs: 10 }));
  await using _first = (await listener.accept())!;
  assertEquals(await silent, ["timeout", `${action}it takes over 0.01 s`]);
  const gone = refusalOf(connectTls(target));
  (await listener.accept())!.close();
  assertEquals((await gone)[0], "tls");
  const abort = new AbortController();
  const { signal } = abort;
  const aborted = assertRejects(connectTls({ ...target, signal }), RangeError);
  await using _third = (await listener.accept())!;
  abort.abort(new RangeError("enough"));
  await aborted;
  listener[Symbol.dispose]();
  assertEquals((await refusalOf(connectTls(target)))[0], "refused");
});
