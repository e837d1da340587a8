import {
  DatagramSocket,
  type DatagramSource,
  MAX_QUEUED_BYTES,
  type SegmentSender,
  type Transfer,
} from "#platform/udp/udp_deno.ts";
import { assertEquals } from "#test/assert.ts";

interface FakeSource extends DatagramSource {
  /** Datagrams the runtime was asked to send, and how to say that they left. */
  sends: { bytes: number[]; done: PromiseWithResolvers<number> }[];
  /** Answers of `receive`, in order. */
  receives: (() => Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]>)[];
  closed: PromiseWithResolvers<[Uint8Array<ArrayBuffer>, Deno.Addr]>;
}

function fakeSource(): FakeSource {
  const source: FakeSource = {
    addr: { transport: "udp", hostname: "0.0.0.0", port: 7 },
    sends: [],
    receives: [],
    closed: Promise.withResolvers(),
    receive: () => source.receives.shift()?.() ?? source.closed.promise,
    send(bytes) {
      const done = Promise.withResolvers<number>();
      source.sends.push({ bytes: [...bytes], done });
      return done.promise;
    },
    close: () => source.closed.reject(new Deno.errors.BadResource("closed")),
  };
  source.closed.promise.catch(() => {}); // not every test receives
  return source;
}

/** Takes as many datagrams as it has room for. */
class FakeSender implements SegmentSender {
  droppedDatagrams = 0;
  roomDatagrams = 0;
  sent: number[][] = [];
  yields = 0;

  send(transfer: Transfer): boolean {
    const { bytes, segmentBytes } = transfer;
    while (transfer.offsetBytes < bytes.length) {
      if (this.roomDatagrams === 0) return false;
      this.roomDatagrams--;
      const { offsetBytes } = transfer;
      const part = bytes.slice(offsetBytes, offsetBytes + segmentBytes);
      this.sent.push([...part]);
      transfer.offsetBytes += part.length;
    }
    return true;
  }

  yieldSocket(): void {
    this.yields++;
  }

  forget(): void {}
}

/** Lets everything that is ready go on. */
function settle(): Promise<void> {
  return new Promise((resolve) =>
    queueMicrotask(() => queueMicrotask(resolve))
  );
}

Deno.test("DatagramSocket sends at once what the system takes", async () => {
  const source = fakeSource();
  const sender = new FakeSender();
  await using socket = new DatagramSocket(source, sender);
  const peer = socket.resolvePeer("192.0.2.1", 5);
  sender.roomDatagrams = 10;
  socket.sendSegments(Uint8Array.of(1, 2, 3), 2, peer);
  assertEquals(sender.sent, [[1, 2], [3]]);
  assertEquals([socket.queuedBytes, source.sends.length], [0, 0]);
});

Deno.test("DatagramSocket keeps what the system refuses and sends it in order", async () => {
  const source = fakeSource();
  const sender = new FakeSender();
  await using socket = new DatagramSocket(source, sender);
  const peer = socket.resolvePeer("192.0.2.1", 5);
  sender.roomDatagrams = 1;
  socket.sendSegments(Uint8Array.of(1, 1, 2, 2, 3, 3, 4), 2, peer);
  assertEquals(sender.sent, [[1, 1]]);
  assertEquals(source.sends.map(({ bytes }) => bytes), [[2, 2]]);
  sender.roomDatagrams = 2;
  socket.sendSegments(Uint8Array.of(5, 6), 1, peer);
  assertEquals([sender.sent.length, socket.queuedBytes], [1, 7]);
  source.sends[0]!.done.resolve(2);
  await settle();
  assertEquals(sender.sent, [[1, 1], [3, 3], [4]]);
  assertEquals(source.sends.map(({ bytes }) => bytes), [[2, 2], [5]]);
  assertEquals(socket.queuedBytes, 2);
  sender.roomDatagrams = 1;
  source.sends[1]!.done.resolve(1);
  await settle();
  assertEquals(sender.sent.at(-1), [6]);
  assertEquals([socket.queuedBytes, socket.droppedDatagrams], [0, 0]);
  assertEquals(sender.yields, 2);
  sender.roomDatagrams = 1;
  socket.sendSegments(Uint8Array.of(7), 1, peer);
  assertEquals(sender.sent.at(-1), [7]);
});

Deno.test("DatagramSocket without a sender sends one datagram after the other", async () => {
  const source = fakeSource();
  await using socket = new DatagramSocket(source, undefined);
  const peer = socket.resolvePeer("192.0.2.1", 5);
  socket.sendSegments(Uint8Array.of(1, 2), 1, peer);
  socket.sendSegments(Uint8Array.of(3), 1, peer);
  for (let i = 0; i < 3; i++) {
    assertEquals(source.sends.length, i + 1);
    source.sends[i]!.done.resolve(1);
    await settle();
  }
  assertEquals(source.sends.map(({ bytes }) => bytes), [[1], [2], [3]]);
});

Deno.test("DatagramSocket counts what is refused for good", async () => {
  const source = fakeSource();
  await using socket = new DatagramSocket(source, undefined);
  const peer = socket.resolvePeer("192.0.2.1", 5);
  socket.sendSegments(Uint8Array.of(1, 2), 1, peer);
  source.sends[0]!.done.reject(new Error("no route"));
  await settle();
  assertEquals([socket.droppedDatagrams, socket.queuedBytes], [1, 1]);
  source.sends[1]!.done.resolve(1);
  await settle();
  assertEquals([socket.droppedDatagrams, socket.queuedBytes], [1, 0]);
});

Deno.test("DatagramSocket drops and counts beyond its queue", async () => {
  const source = fakeSource();
  await using socket = new DatagramSocket(source, undefined);
  const peer = socket.resolvePeer("192.0.2.1", 5);
  const bytes = new Uint8Array(MAX_QUEUED_BYTES / 8);
  for (let i = 0; i < 8; i++) socket.sendSegments(bytes, 1_000, peer);
  assertEquals(socket.queuedBytes, MAX_QUEUED_BYTES);
  socket.sendSegments(new Uint8Array(2_500), 1_000, peer);
  assertEquals(socket.droppedDatagrams, 3);
  source.sends[0]!.done.resolve(1_000);
  const closing = socket[Symbol.asyncDispose]();
  await closing;
  assertEquals(socket.queuedBytes, 0);
});

Deno.test("DatagramSocket.receive() survives refusals and ends when closed", async () => {
  const source = fakeSource();
  const socket = new DatagramSocket(source, undefined);
  const address = {
    transport: "udp",
    hostname: "::ffff:192.0.2.9",
    port: 8,
  } as const;
  source.receives.push(
    () => Promise.reject(new Deno.errors.ConnectionRefused("port closed")),
    () => Promise.reject(new Deno.errors.ConnectionReset("port closed")),
    () => Promise.reject(new Error("no buffer")),
    () => Promise.resolve([Uint8Array.of(1, 2), address]),
  );
  const received = Promise.withResolvers<unknown[]>();
  const receiving = socket.receive((datagram, ip, port) =>
    received.resolve([datagram.slice(), ip, port])
  );
  assertEquals(await received.promise, [Uint8Array.of(1, 2), "192.0.2.9", 8]);
  await socket[Symbol.asyncDispose]();
  await receiving;
});
