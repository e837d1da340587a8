import { parseIpNetwork } from "#base/ip.ts";
import { Incoming, type IncomingOptions } from "#platform/incoming.ts";
import { connectTcp, listenTcp, type TcpConnection } from "#platform/tcp.ts";
import { connectTls } from "#platform/tls.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { makeCertificate } from "#test/certificates.ts";

const HOSTNAME = "127.0.0.1";
const CERTIFICATE = makeCertificate();

/** What a server was told, and waits for it. */
function openServer(options: Partial<IncomingOptions> = {}) {
  const listener = listenTcp({ hostname: HOSTNAME, port: 0 });
  const served: TcpConnection[] = [];
  const refused: string[] = [];
  let wake = () => {};
  const incoming = new Incoming(listener, {
    certificate: () => CERTIFICATE,
    trustedProxies: [],
    async serve(connection) {
      served.push(connection);
      wake();
      await connection.read(new Uint8Array(10));
      connection.close();
    },
    onRefused(_peer, error) {
      refused.push((error as Error).message);
      wake();
    },
    ...options,
  });
  const target = { hostname: HOSTNAME, port: listener.port };
  return {
    incoming,
    target,
    served,
    refused,
    async until(count: number): Promise<void> {
      while (served.length + refused.length < count) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}

Deno.test("Incoming serves one peer while others are at their beginning", async () => {
  const { incoming, target, served, until } = openServer();
  const slow = await Promise.all(
    Array.from({ length: 20 }, () => connectTcp(target)),
  );
  for (const one of slow) one.send(Uint8Array.of(22));
  const { fingerprint } = CERTIFICATE;
  const peer = await connectTls({ ...target, fingerprint });
  await until(1);
  assertEquals(served[0]!.peer, peer.local);
  peer.close();
  for (const one of slow) one.close();
  incoming.stop();
  await incoming.closed;
});

Deno.test("Incoming.stop() drops who is at the beginning, and waits for who is served", async () => {
  const { incoming, target, served, refused, until } = openServer();
  const { fingerprint } = CERTIFICATE;
  const peer = await connectTls({ ...target, fingerprint });
  await until(1);
  const slow = await connectTcp(target);
  slow.send(Uint8Array.of(22, 3));
  let isClosed = false;
  const closed = incoming.closed.then(() => isClosed = true);
  incoming.stop();
  incoming.stop();
  // The listener may have had no time to accept it.
  assertEquals(
    await slow.read(new Uint8Array(1)).catch(() => undefined),
    undefined,
  );
  assert(refused.every((reason) => reason === "terminated"), refused[0]);
  assertEquals([served.length, isClosed], [1, false]);
  peer.send(Uint8Array.of(1));
  await closed;
  peer.close();
  slow.close();
});

Deno.test("Incoming tells why it refuses a peer, and goes on", async () => {
  const { incoming, target, served, refused, until } = openServer();
  const wrong = await connectTcp(target);
  wrong.send(new TextEncoder().encode("OPTIONS"));
  await until(1);
  assertEquals(refused, [
    "Cannot accept TLS from 127.0.0.1: the peer does not speak TLS",
  ]);
  const { fingerprint } = CERTIFICATE;
  const peer = await connectTls({ ...target, fingerprint });
  await until(2);
  assertEquals(served.length, 1);
  peer.close();
  wrong.close();
  incoming.stop();
  await incoming.closed;
});

Deno.test("Incoming believes a trusted proxy, in front of TLS too", async () => {
  for (const certificate of [undefined, () => CERTIFICATE]) {
    const { incoming, target, served, until } = openServer({
      certificate,
      trustedProxies: [parseIpNetwork(HOSTNAME)],
    });
    const tcp = await Deno.connect(target);
    const text = "PROXY TCP4 192.0.2.7 192.0.2.1 40000 8554\r\n";
    await tcp.write(new TextEncoder().encode(text));
    const caCerts = [CERTIFICATE.certificatePem];
    const peer = certificate
      ? await Deno.startTls(tcp, { hostname: HOSTNAME, caCerts })
      : tcp;
    await peer.write(Uint8Array.of(1));
    await until(1);
    assertEquals(served[0]!.peer, { ip: "192.0.2.7", port: 40_000 });
    await peer.read(new Uint8Array(1)).catch(() => {});
    peer.close();
    incoming.stop();
    await incoming.closed;
  }
});
