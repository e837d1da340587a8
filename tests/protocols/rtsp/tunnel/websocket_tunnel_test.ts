import {
  CloseCode,
  Opcode,
  serializeFrameHeader,
  serializeMaskedFrame,
  WebSocketError,
} from "#http/http1/websocket_frame.ts";
import { WebSocketTunnel } from "#protocols/rtsp/tunnel/websocket_tunnel.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { bytesOf, textOf } from "../wire/messages.ts";

const MASK = Uint8Array.of(1, 2, 3, 4);

interface End {
  readonly tcp: FakeTcpConnection;
  readonly tunnel: WebSocketTunnel;
}

function open(side: "server" | "client"): End {
  const tcp = new FakeTcpConnection(new FakeClock());
  return { tcp, tunnel: new WebSocketTunnel(tcp, side) };
}

async function readAll({ tunnel }: End): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const into = new Uint8Array(50_000);
  for (;;) {
    const count = await tunnel.read(into);
    if (count === undefined) return concatBytes(chunks);
    assert(count > 0, "a read answers bytes or the end");
    chunks.push(into.slice(0, count));
  }
}

const SIZES = [1, 125, 126, 5_000, 65_535, 65_536, 200_000];

for (
  const [from, to] of [["server", "client"], ["client", "server"]] as const
) {
  Deno.test(`WebSocketTunnel of a ${from} sends what that of a ${to} reads`, async () => {
    const near = open(from);
    const far = open(to);
    const payloads = SIZES.map((size) => new Uint8Array(size).fill(size));
    for (const payload of payloads) assert(near.tunnel.send(payload));
    assert(near.tunnel.sendAll([...payloads, new Uint8Array(0)]));
    assertEquals(near.tcp.sends, SIZES.length + 1, "one write a send");
    far.tcp.receive(near.tcp.takeSent());
    far.tcp.endInput();
    const read = await readAll(far);
    assertEquals(read, concatBytes([...payloads, ...payloads]));
  });
}

Deno.test("WebSocketTunnel of a server sends messages that are whole and not masked", () => {
  const { tcp, tunnel } = open("server");
  tunnel.send(bytesOf("Hello"));
  assertEquals(tcp.takeSent().toHex(), "820548656c6c6f");
  tunnel.send(new Uint8Array(65_536));
  const sent = tcp.takeSent();
  assertEquals(sent.subarray(0, 4).toHex(), "827effff");
  assertEquals(sent.subarray(-3).toHex(), "820100");
  assertEquals(tunnel.send(new Uint8Array(0)), true);
  assertEquals(tcp.takeSent().length, 0);
});

Deno.test("WebSocketTunnel of a client masks every frame anew", () => {
  const { tcp, tunnel } = open("client");
  const frames = [1, 2].map(() => {
    tunnel.send(bytesOf("Hello"));
    return tcp.takeSent();
  });
  for (const frame of frames) {
    assertEquals(frame.subarray(0, 2).toHex(), "8285");
    const mask = frame.slice(2, 6);
    const wanted = serializeMaskedFrame(Opcode.binary, bytesOf("Hello"), mask);
    assertEquals(frame, wanted);
  }
  assert(frames[0]!.toHex() !== frames[1]!.toHex());
});

Deno.test("WebSocketTunnel is in the state of its connection", () => {
  const { tcp, tunnel } = open("server");
  const calls: string[] = [];
  tunnel.onDrained = () => calls.push("drained");
  tcp.stall();
  assertEquals([tunnel.isIdle, tunnel.stalledSinceMs], [false, 5_000]);
  assertEquals(tunnel.send(new Uint8Array(10)), false);
  assertEquals(tunnel.bufferedBytes, 12);
  tcp.drain();
  assertEquals([tunnel.isIdle, tunnel.stalledSinceMs], [true, undefined]);
  assertEquals(calls, ["drained"]);
});

Deno.test("WebSocketTunnel answers pings and takes pongs", async () => {
  const end = open("server");
  const { tcp } = end;
  tcp.receive(serializeMaskedFrame(Opcode.ping, bytesOf("you?"), MASK));
  tcp.receive(serializeMaskedFrame(Opcode.pong, bytesOf("well"), MASK));
  tcp.receive(serializeMaskedFrame(Opcode.binary, bytesOf("hi"), MASK));
  tcp.endInput();
  assertEquals(textOf(await readAll(end)), "hi");
  const header = serializeFrameHeader(Opcode.pong, 4);
  assertEquals(tcp.takeSent(), concatBytes([header, bytesOf("you?")]));
});

Deno.test("WebSocketTunnel answers a goodbye, ends, and sends nothing more", async () => {
  const end = open("server");
  const { tcp, tunnel } = end;
  const payload = Uint8Array.of(0x03, 0xe8);
  tcp.receive(concatBytes([
    serializeMaskedFrame(Opcode.binary, bytesOf("hi"), MASK),
    serializeMaskedFrame(Opcode.close, payload, MASK),
  ]));
  // The peer waits for this side to close the connection: no end comes from it.
  assertEquals(textOf(await readAll(end)), "hi");
  assertEquals(tcp.takeSent().toHex(), "880203e8");
  assertEquals(tunnel.send(bytesOf("late")), false);
  assertEquals(tunnel.sendAll([bytesOf("late")]), false);
  assertEquals([tunnel.isIdle, tcp.takeSent().length], [false, 0]);
});

Deno.test("WebSocketTunnel says goodbye before it closes", async () => {
  const { tcp, tunnel } = open("server");
  tcp.stall();
  tunnel.send(bytesOf("last"));
  const closing = tunnel.closeAfterDrain(1_000);
  await settled();
  assert(!tcp.isClosed);
  tcp.drain();
  await closing;
  assert(tcp.isClosed);
  assertEquals(tcp.takeSent().toHex(), "82046c617374880203e8");
});

const BAD_FRAMES = [
  { name: "text", frame: "8185", closeCode: CloseCode.unsupportedData },
  { name: "no mask", frame: "8205", closeCode: CloseCode.protocolError },
  {
    name: "a frame over the limit",
    frame: "82ff00000000ffffffff00000000",
    closeCode: CloseCode.messageTooBig,
  },
];

for (const { name, frame, closeCode } of BAD_FRAMES) {
  Deno.test(`WebSocketTunnel of a server tells a client what was wrong: ${name}`, async () => {
    const end = open("server");
    end.tcp.receive(Uint8Array.fromHex(frame));
    await assertRejects(readAll(end), WebSocketError);
    const code = closeCode.toString(16).padStart(4, "0");
    assertEquals(end.tcp.takeSent().toHex(), `8802${code}`);
    assertEquals(end.tunnel.send(bytesOf("RTSP/1.0 400")), false);
  });
}
