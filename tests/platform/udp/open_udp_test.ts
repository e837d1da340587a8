import { PlatformError } from "#platform/errors.ts";
import { libc } from "#platform/libc.ts";
import { hasIpv6 } from "#platform/peer_address.ts";
import { openUdp } from "#platform/udp/open_udp.ts";
import { openFfiSocketCount } from "#platform/udp/udp_ffi.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

const HOSTNAME = "127.0.0.1";

/** Bytes whose position can be told from any four of them. */
function countingBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at + 3 < length; at += 4) {
    bytes[at] = at >>> 24;
    bytes[at + 1] = at >>> 16;
    bytes[at + 2] = at >>> 8;
    bytes[at + 3] = at;
  }
  return bytes;
}

interface Received {
  datagrams: Uint8Array[];
  from: { ip: string; port: number }[];
}

/** Receives until `totalBytes` have come, then closes. */
async function receiveBytes(
  socket: UdpSocket,
  totalBytes: number,
): Promise<Received> {
  const datagrams: Uint8Array[] = [];
  const from: { ip: string; port: number }[] = [];
  let left = totalBytes;
  let closing: PromiseLike<void> | undefined;
  await socket.receive((datagram, ip, port) => {
    datagrams.push(datagram.slice());
    from.push({ ip, port });
    left -= datagram.length;
    if (left <= 0) closing ??= socket[Symbol.asyncDispose]();
  });
  await closing;
  return { datagrams, from };
}

function joined(datagrams: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(datagrams.reduce((sum, d) => sum + d.length, 0));
  let at = 0;
  for (const datagram of datagrams) {
    bytes.set(datagram, at);
    at += datagram.length;
  }
  return bytes;
}

const ADDRESSES = [
  { name: "IPv4", sender: HOSTNAME, receiver: HOSTNAME },
  { name: "IPv6", sender: "::1", receiver: "::1" },
  { name: "IPv4 from all interfaces", sender: "", receiver: HOSTNAME },
].filter(({ sender }) => !sender.includes(":") || hasIpv6());

const TRANSFERS = [
  { name: "40 segments", segmentBytes: 1_200, totalBytes: 40 * 1_200 - 500 },
  { name: "150 segments", segmentBytes: 100, totalBytes: 150 * 100 },
  { name: "more than one call holds", segmentBytes: 1_400, totalBytes: 90_000 },
  { name: "one datagram", segmentBytes: 1_400, totalBytes: 1_300 },
  { name: "two of the largest", segmentBytes: 65_000, totalBytes: 130_000 },
];

for (const useFfi of [true, false]) {
  const engine = useFfi && libc ? "ffi" : "deno";

  for (const { name, sender: hostname, receiver } of ADDRESSES) {
    Deno.test(`UdpSocket sends segments over ${name} [${engine}]`, async () => {
      for (const { name, segmentBytes, totalBytes } of TRANSFERS) {
        await using sender = openUdp({ hostname, port: 0, useFfi });
        assertEquals(openFfiSocketCount(), engine === "ffi" ? 1 : 0);
        await using target = openUdp({
          hostname: receiver,
          port: 0,
          useFfi: false,
        });
        const receiving = receiveBytes(target, totalBytes);
        const bytes = countingBytes(totalBytes);
        const peer = sender.resolvePeer(receiver, target.port);
        sender.sendSegments(bytes, segmentBytes, peer);
        const { datagrams, from } = await receiving;
        const lengths = datagrams.map((datagram) => datagram.length);
        const wanted = Array.from(
          { length: Math.ceil(totalBytes / segmentBytes) },
          (_, i) => Math.min(segmentBytes, totalBytes - i * segmentBytes),
        );
        assertEquals(lengths, wanted, name);
        assertEquals(joined(datagrams), bytes, name);
        assertEquals(from[0], { ip: receiver, port: sender.port });
        assertEquals([sender.droppedDatagrams, sender.queuedBytes], [0, 0]);
      }
      assertEquals(openFfiSocketCount(), 0);
    });
  }

  Deno.test(`UdpSocket answers from its own port [${engine}]`, async () => {
    await using server = openUdp({ hostname: "", port: 0, useFfi });
    await using client = openUdp({ hostname: HOSTNAME, port: 0, useFfi });
    const serving = server.receive((datagram, ip, port) => {
      const peer = server.resolvePeer(ip, port);
      server.sendSegments(datagram.slice(), datagram.length, peer);
    });
    const answer = receiveBytes(client, 5);
    client.sendSegments(
      Uint8Array.of(1, 2, 3, 4, 5),
      5,
      client.resolvePeer(HOSTNAME, server.port),
    );
    const { datagrams, from } = await answer;
    assertEquals(datagrams, [Uint8Array.of(1, 2, 3, 4, 5)]);
    assertEquals(from, [{ ip: HOSTNAME, port: server.port }]);
    await server[Symbol.asyncDispose]();
    await serving;
  });

  Deno.test(`UdpSocket.receive() goes on after a closed port [${engine}]`, async () => {
    await using socket = openUdp({ hostname: HOSTNAME, port: 0, useFfi });
    const closed = openUdp({ hostname: HOSTNAME, port: 0, useFfi });
    await closed[Symbol.asyncDispose]();
    const receiving = receiveBytes(socket, 1);
    const nobody = socket.resolvePeer(HOSTNAME, closed.port);
    socket.sendSegments(Uint8Array.of(1), 1, nobody);
    socket.sendSegments(Uint8Array.of(2), 1, nobody);
    const self = socket.resolvePeer(HOSTNAME, socket.port);
    socket.sendSegments(Uint8Array.of(3), 1, self);
    const { datagrams } = await receiving;
    assertEquals(datagrams, [Uint8Array.of(3)]);
  });

  Deno.test(`UdpSocket closes with datagrams under way [${engine}]`, async () => {
    await using sender = openUdp({ hostname: HOSTNAME, port: 0, useFfi });
    await using target = openUdp({ hostname: HOSTNAME, port: 0, useFfi });
    const peer = sender.resolvePeer(HOSTNAME, target.port);
    const bytes = countingBytes(64_000);
    for (let i = 0; i < 50; i++) sender.sendSegments(bytes, 1_000, peer);
    await sender[Symbol.asyncDispose]();
    await sender[Symbol.asyncDispose]();
    sender.sendSegments(bytes, 1_000, peer);
    assertEquals(sender.queuedBytes, 0);
  });
}

Deno.test("UdpSocket.resolvePeer() refuses what is no address", async () => {
  await using socket = openUdp({ hostname: HOSTNAME, port: 0 });
  for (const ip of ["", "camera", "1.2.3", "::1"]) {
    const error = assertThrows(() => socket.resolvePeer(ip, 1), PlatformError);
    assertEquals(error.code, "invalid_address");
  }
});

Deno.test("openUdp() finds its socket beside TCP on the same port", async () => {
  using listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  const { port } = listener.addr;
  await using socket = openUdp({ hostname: HOSTNAME, port });
  assertEquals(openFfiSocketCount(), libc ? 1 : 0);
  const receiving = receiveBytes(socket, 2);
  const self = socket.resolvePeer(HOSTNAME, port);
  socket.sendSegments(Uint8Array.of(1, 2), 2, self);
  assertEquals((await receiving).datagrams, [Uint8Array.of(1, 2)]);
});

Deno.test("openUdp() says why it cannot", async () => {
  await using socket = openUdp({ hostname: HOSTNAME, port: 0 });
  const { port } = socket;
  const taken = assertThrows(
    () => openUdp({ hostname: HOSTNAME, port }),
    PlatformError,
  );
  assertEquals([taken.code, taken.port], ["address_in_use", port]);
});

Deno.test("openUdp() sets the receive buffer or says that it cannot", async () => {
  const options = { hostname: HOSTNAME, port: 0, receiveBufferBytes: 100_000 };
  const refused = assertThrows(
    () => openUdp({ ...options, useFfi: false }),
    PlatformError,
  );
  assertEquals(refused.code, "buffer_size");
  if (!libc) return;
  await using socket = openUdp(options);
  assert(socket.port > 0);
  const tooLarge = assertThrows(
    () => openUdp({ ...options, receiveBufferBytes: 2 ** 31 - 1 }),
    PlatformError,
  );
  assertEquals(tooLarge.code, "buffer_size");
});
