import { Duplex } from "node:stream";
import { TlsPipe } from "#platform/tls_pipe.ts";
import { TlsStream } from "#platform/tls_stream.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";

/** A stream around an engine that encrypts nothing, and says at once that it is done. */
function openStream() {
  const tcp = new FakeTcpConnection(new FakeClock());
  const pipe = new TlsPipe(tcp);
  const engine = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, callback) {
      pipe.write(Uint8Array.from(chunk));
      callback();
    },
  });
  pipe.on("data", (chunk: Uint8Array) => {
    if (chunk.length > 0) engine.push(Uint8Array.from(chunk));
  });
  pipe.on("end", () => engine.push(null));
  return { tcp, pipe, engine, stream: new TlsStream(tcp, pipe, engine) };
}

/** Lets everything run that waits for nothing. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve));

Deno.test("TlsStream.write() waits for the peer, whatever the engine says", async () => {
  const { tcp, stream } = openStream();
  assertEquals(await stream.write(Uint8Array.of(1, 2)), 2);
  assertEquals(tcp.takeSent(), Uint8Array.of(1, 2));
  tcp.stall();
  let taken = 0;
  const writing = stream.write(Uint8Array.of(3, 4, 5))
    .then((count) => taken = count);
  await settle();
  assertEquals([tcp.takeSent(), taken], [Uint8Array.of(3, 4, 5), 0]);
  tcp.drain();
  await writing;
  assertEquals(taken, 3);
  stream.close();
});

Deno.test("TlsStream.write() takes no more at once than the engine does", async () => {
  const { tcp, stream } = openStream();
  assertEquals(await stream.write(new Uint8Array(1_000_000)), 49_152);
  assertEquals(tcp.sentBytes, 49_152);
  stream.close();
});

Deno.test("TlsStream reads no more from the peer while nobody reads from it", async () => {
  const { tcp, stream } = openStream();
  const parts = 20;
  for (let i = 0; i < parts; i++) tcp.receive(new Uint8Array(1_000).fill(i));
  await settle();
  assertEquals(tcp.receivedBytes, 1_000);
  const into = new Uint8Array(600);
  const counts = [];
  for (let i = 0; i < parts; i++) {
    counts.push(await stream.read(into), await stream.read(into));
    assertEquals(into[0], i);
  }
  assertEquals(counts, Array(parts).fill([600, 400]).flat());
  tcp.endInput();
  assertEquals(await stream.read(into), null);
  stream.close();
});

Deno.test("TlsStream ends every read and write with its connection", async () => {
  const { tcp, stream } = openStream();
  tcp.stall();
  const reads = [1, 2].map(() => stream.read(new Uint8Array(1)));
  const write = assertRejects(stream.write(Uint8Array.of(1)), Error);
  stream.close();
  stream.close();
  assertEquals(await Promise.all(reads), [null, null]);
  await write;
  await assertRejects(stream.write(Uint8Array.of(1)), Error);
  await stream.closeWrite();
  assertEquals(tcp.isClosed, true);
});

Deno.test("TlsStream tells a failure of the engine to reader and writer", async () => {
  const { tcp, engine, stream } = openStream();
  tcp.stall();
  const read = assertRejects(stream.read(new Uint8Array(1)), RangeError);
  const write = assertRejects(stream.write(Uint8Array.of(1)), RangeError);
  engine.emit("_tlsError", new RangeError("bad record"));
  await Promise.all([read, write]);
  await assertRejects(stream.read(new Uint8Array(1)), RangeError);
  stream.close();
});
