import { ConnectionSocket } from "#http/http1/websocket.ts";
import {
  MAX_WEBSOCKET_PAYLOAD_BYTES,
  Opcode,
  serializeFrameHeader,
  serializeMaskedFrame,
} from "#http/http1/websocket_frame.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { chunkings, seededRandom } from "#test/splits.ts";

const MASK = Uint8Array.of(1, 2, 3, 4);

/** An open socket whose peer is the test. */
class SocketScene {
  readonly clock = new FakeClock();
  readonly tcp = new FakeTcpConnection(this.clock);
  readonly socket = new ConnectionSocket(this.tcp);
  readonly ended: Promise<void>;

  constructor() {
    this.socket.start();
    this.ended = this.socket.run();
  }

  /** The peer sends a frame. */
  async send(opcode: Opcode, payload = new Uint8Array()): Promise<void> {
    this.tcp.receive(serializeMaskedFrame(opcode, payload, MASK));
    await settled();
  }

  /** What was sent since the last call. */
  sent(): string {
    return this.tcp.takeSent().toHex();
  }

  /** Lets time pass, second by second. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.clock.advance(1_000);
      this.socket.tick(this.clock.monotonicMs());
    }
  }
}

Deno.test("ConnectionSocket sends text and bytes as frames, the same for all readers", async () => {
  const one = new SocketScene();
  const other = new SocketScene();
  const message = Uint8Array.of(1, 2, 3);
  for (const { socket } of [one, other]) {
    assert(socket.send("ü") && socket.send(message), "there is room");
  }
  assertEquals(one.sent(), "8102c3bc8203010203");
  assertEquals(other.sent(), "8102c3bc8203010203");
  const long = new Uint8Array(70_000).fill(7);
  one.socket.send(long);
  assertEquals(one.sent(), `827f0000000000011170${"07".repeat(70_000)}`);
  for (const { tcp, ended } of [one, other]) {
    tcp.endInput();
    await ended;
  }
});

Deno.test("ConnectionSocket says when messages should wait", async () => {
  const scene = new SocketScene();
  let drains = 0;
  scene.socket.onDrained = () => drains++;
  scene.tcp.stall();
  assertEquals(scene.socket.send("a"), false);
  scene.tcp.drain();
  scene.socket.handleDrained();
  assertEquals([drains, scene.socket.send("b")], [1, true]);
  scene.tcp.endInput();
  await scene.ended;
});

Deno.test("ConnectionSocket answers pings, but none that the peer does not take the answers of", async () => {
  const scene = new SocketScene();
  await scene.send(Opcode.ping, Uint8Array.of(5, 6));
  assertEquals(scene.sent(), "8a020506");
  await scene.send(Opcode.pong);
  await scene.send(Opcode.text, Uint8Array.of(0x61));
  assertEquals(scene.sent(), "");
  scene.tcp.stall();
  for (let i = 0; i < 5_000; i++) {
    scene.tcp.receive(
      serializeMaskedFrame(Opcode.ping, new Uint8Array(125), MASK),
    );
  }
  await settled();
  assert(scene.tcp.bufferedBytes < 70_000, `${scene.tcp.bufferedBytes} wait`);
  scene.tcp.endInput();
  await scene.ended;
});

Deno.test("ConnectionSocket answers the peer's goodbye, and sends nothing more", async () => {
  const scene = new SocketScene();
  await scene.send(Opcode.close, Uint8Array.of(3, 0xe9));
  assertEquals(scene.sent(), "880203e8");
  await scene.ended;
  assertEquals(await scene.socket.closed, "the peer closed it");
  assertEquals(scene.socket.send("a"), false);
  assertEquals(scene.sent(), "");
});

Deno.test("ConnectionSocket.close() says why, once, and in no more bytes than fit", async () => {
  const scene = new SocketScene();
  scene.socket.close("ü".repeat(100));
  scene.socket.close("again");
  const sent = scene.tcp.takeSent();
  assertEquals([...sent.subarray(0, 4)], [0x88, 2 + 122, 0x03, 0xe8]);
  const reason = new TextDecoder("utf-8", { fatal: true })
    .decode(sent.subarray(4));
  assertEquals(reason, "ü".repeat(61));
  assertEquals(await scene.socket.closed, "ü".repeat(100));
  await scene.ended;
  assertEquals(scene.tcp.isClosed, true);
});

Deno.test("ConnectionSocket.close() before the handshake sends no frame", async () => {
  const tcp = new FakeTcpConnection(new FakeClock());
  const socket = new ConnectionSocket(tcp);
  socket.close("no stream");
  await socket.opened;
  assertEquals([await socket.closed, tcp.sends], ["no stream", 0]);
  assertEquals([socket.send("a"), tcp.isClosed], [false, true]);
});

const frame = (...bytes: number[]) => Uint8Array.from(bytes);

const FAULTS: readonly [
  name: string,
  bytes: Uint8Array,
  closeCode: number,
][] = [
  ["without a mask", frame(0x82, 1, 0), 1002],
  ["with an extension", frame(0xc2, 0x80), 1002],
  ["of an unknown kind", frame(0x83, 0x80), 1002],
  ["that goes on with nothing", frame(0x80, 0x80), 1002],
  [
    "that begins within a message",
    frame(0x02, 0x80, 1, 2, 3, 4, 0x82, 0x80),
    1002,
  ],
  ["of a long ping", frame(0x89, 0xfe), 1002],
  ["of half a ping", frame(0x09, 0x80), 1002],
  [
    "that is too long",
    Uint8Array.from([
      ...serializeMaskedFrame(Opcode.binary, new Uint8Array(0), MASK)
        .subarray(0, 1),
      0xff,
      ...serializeFrameHeader(Opcode.binary, MAX_WEBSOCKET_PAYLOAD_BYTES + 1)
        .subarray(2),
      ...MASK,
    ]),
    1009,
  ],
];

for (const [name, bytes, closeCode] of FAULTS) {
  Deno.test(`ConnectionSocket ends with ${closeCode} after a frame ${name}`, async () => {
    for (const chunks of chunkings(bytes, 3)) {
      const scene = new SocketScene();
      for (const chunk of chunks) scene.tcp.receive(chunk);
      await scene.ended;
      const code = closeCode.toString(16).padStart(4, "0");
      assertEquals(scene.sent(), `8802${code}`);
      assert((await scene.socket.closed).startsWith("Cannot "), "says why");
    }
  });
}

Deno.test("ConnectionSocket takes messages in parts, with pings between them", async () => {
  const scene = new SocketScene();
  const random = seededRandom(1);
  const parts = [0x01, 0x00, 0x80].map((first) => {
    const bytes = serializeMaskedFrame(
      Opcode.text,
      new Uint8Array(Math.floor(random() * 70_000)),
      MASK,
    );
    bytes[0] = first;
    return bytes;
  });
  const ping = serializeMaskedFrame(Opcode.ping, Uint8Array.of(9), MASK);
  scene.tcp.receive(concatBytes(parts.flatMap((part) => [part, ping])));
  await settled();
  assertEquals(scene.sent(), "8a0109".repeat(3));
  scene.tcp.endInput();
  await scene.ended;
});

Deno.test("ConnectionSocket.tick() asks a silent peer once, and closes it if it stays silent", async () => {
  const scene = new SocketScene();
  scene.pass(15);
  assertEquals(scene.sent(), "");
  scene.pass(30);
  assertEquals(scene.sent(), "8900");
  await scene.send(Opcode.pong);
  scene.pass(15);
  assertEquals([scene.sent(), scene.tcp.isClosed], ["", false]);
  scene.pass(30);
  assertEquals([scene.sent(), scene.tcp.isClosed], ["8900", false]);
  scene.pass(1);
  assertEquals(scene.tcp.isClosed, true);
  await scene.ended;
  assertEquals(await scene.socket.closed, "the peer closed it");
});

Deno.test("ConnectionSocket.tick() leaves a peer alone that takes what it is sent, if slowly", async () => {
  const scene = new SocketScene();
  for (let i = 0; i < 20; i++) {
    scene.tcp.stall();
    scene.pass(9);
    scene.tcp.drain();
    scene.tcp.stall();
  }
  assertEquals([scene.tcp.isClosed, scene.sent()], [false, ""]);
  scene.tcp.endInput();
  await scene.ended;
});
