import { PlatformError } from "#platform/errors.ts";
import { libc } from "#platform/libc.ts";
import {
  openMulticastReceiver,
  openMulticastSender,
} from "#platform/udp/multicast.ts";
import { openFfiSocketCount } from "#platform/udp/udp_ffi.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { freeUdpPort } from "#test/ports.ts";

const INTERFACE_IP = "127.0.0.1";

/** For documentation. Spec: RFC 6676 §2. */
const GROUP = "233.252.0.1";
const OTHER_GROUP = "233.252.0.2";

const DATAGRAMS = 40;
const SEGMENT_BYTES = 1_200;

/** Counts what comes until `count` datagrams have, then closes. */
async function receive(
  socket: UdpSocket,
  count: number,
): Promise<{ lengths: number[]; from: string[] }> {
  const lengths: number[] = [];
  const from = new Set<string>();
  let closing: PromiseLike<void> | undefined;
  await socket.receive((datagram, ip, port) => {
    lengths.push(datagram.length);
    from.add(`${ip}:${port}`);
    if (lengths.length === count) closing ??= socket[Symbol.asyncDispose]();
  });
  await closing;
  return { lengths, from: [...from] };
}

for (const useFfi of [true, false]) {
  const engine = useFfi && libc ? "ffi" : "deno";

  Deno.test(`multicast reaches every receiver of the group, once [${engine}]`, async () => {
    const port = freeUdpPort();
    const common = { interfaceIp: INTERFACE_IP, port, useFfi };
    await using sender = await openMulticastSender({ ...common, ttl: 1 });
    const receivers = [
      await openMulticastReceiver({ ...common, group: GROUP }),
      await openMulticastReceiver({ ...common, group: GROUP }),
    ];
    await using other = await openMulticastReceiver({
      ...common,
      group: OTHER_GROUP,
    });
    assertEquals(openFfiSocketCount(), engine === "ffi" ? 4 : 0);
    const received = receivers.map((one) => receive(one, DATAGRAMS));
    const ofOther = receive(other, 1);
    const bytes = new Uint8Array(DATAGRAMS * SEGMENT_BYTES - 500);
    const peer = sender.resolvePeer(GROUP, port);
    sender.sendSegments(bytes, SEGMENT_BYTES, peer);
    sender.sendSegments(
      new Uint8Array(7),
      7,
      sender.resolvePeer(OTHER_GROUP, port),
    );
    for (const { lengths, from } of await Promise.all(received)) {
      assertEquals(lengths.length, DATAGRAMS);
      assertEquals(lengths.reduce((sum, one) => sum + one), bytes.length);
      assertEquals(from, [`${INTERFACE_IP}:${port}`]);
    }
    assertEquals((await ofOther).lengths, [7]);
    assertEquals([sender.droppedDatagrams, sender.queuedBytes], [0, 0]);
  });

  Deno.test(`a multicast sender receives what is sent to its address [${engine}]`, async () => {
    const port = freeUdpPort();
    const common = { interfaceIp: INTERFACE_IP, useFfi };
    await using sender = await openMulticastSender({
      ...common,
      port,
      ttl: 127,
    });
    await using member = await openMulticastSender({
      ...common,
      port: freeUdpPort(),
      ttl: 0,
    });
    const receiving = receive(sender, 1);
    const peer = member.resolvePeer(INTERFACE_IP, port);
    member.sendSegments(Uint8Array.of(1, 2, 3), 3, peer);
    assertEquals((await receiving).lengths, [3]);
  });
}

Deno.test("multicast sockets leave nothing open, also when they cannot be opened", async () => {
  const port = freeUdpPort();
  const common = { interfaceIp: INTERFACE_IP, port };
  const failures = [
    () => openMulticastReceiver({ ...common, group: "127.0.0.1" }),
    () =>
      openMulticastReceiver({
        ...common,
        group: GROUP,
        interfaceIp: "192.0.2.200",
      }),
    () =>
      openMulticastReceiver({
        ...common,
        group: GROUP,
        receiveBufferBytes: 2 ** 31 - 1,
      }),
    () =>
      openMulticastSender({ ...common, interfaceIp: "192.0.2.200", ttl: 1 }),
  ];
  for (const open of failures) {
    const error = await assertRejects(open(), PlatformError);
    assertEquals(error.port, port);
    assert(error.message.startsWith("Cannot "), error.message);
  }
  assertEquals(openFfiSocketCount(), 0);
});
