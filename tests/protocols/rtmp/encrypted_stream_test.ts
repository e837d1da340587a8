import { EncryptedStream } from "#protocols/rtmp/encrypted_stream.ts";
import { Rc4, type RtmpeKeys } from "#protocols/rtmp/wire/rtmpe.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";

const UP = Uint8Array.of(1, 2, 3);
const DOWN = Uint8Array.of(4, 5, 6);

function open(): {
  tcp: FakeTcpConnection;
  stream: EncryptedStream;
  peer: RtmpeKeys;
} {
  const tcp = new FakeTcpConnection(new FakeClock());
  const keys = { incoming: new Rc4(UP), outgoing: new Rc4(DOWN) };
  const peer = { incoming: new Rc4(DOWN), outgoing: new Rc4(UP) };
  return { tcp, stream: new EncryptedStream(tcp, keys), peer };
}

Deno.test("EncryptedStream.send() leaves what it is given as it is: other readers have it, too", () => {
  const { tcp, stream, peer } = open();
  const first = Uint8Array.of(1, 2, 3, 4);
  const second = Uint8Array.of(5);
  assert(stream.send(first));
  assert(stream.sendAll([second, first]));
  assertEquals([first, second], [
    Uint8Array.of(1, 2, 3, 4),
    Uint8Array.of(5),
  ]);
  assertEquals(tcp.sends, 2);
  const sent = tcp.takeSent();
  peer.incoming.apply(sent, sent);
  assertEquals(sent, Uint8Array.of(1, 2, 3, 4, 5, 1, 2, 3, 4));
});

Deno.test("EncryptedStream reads what the peer encrypts, behind what it decrypted before", async () => {
  const { tcp, stream, peer } = open();
  const encrypted = new Uint8Array(6);
  peer.outgoing.apply(Uint8Array.of(1, 2, 3, 4, 5, 6), encrypted);
  const early = encrypted.subarray(0, 2);
  assertEquals(stream.decrypt(early), Uint8Array.of(1, 2));
  tcp.receive(encrypted.subarray(2));
  const buffer = new Uint8Array(10);
  assertEquals(await stream.read(buffer), 4);
  assertEquals(buffer.slice(0, 5), Uint8Array.of(3, 4, 5, 6, 0));
  tcp.endInput();
  assertEquals(await stream.read(buffer), undefined);
});

Deno.test("EncryptedStream is idle and drained when its connection is", () => {
  const { tcp, stream } = open();
  let drained = 0;
  stream.onDrained = () => drained++;
  assert(stream.isIdle);
  tcp.stall();
  assert(!stream.isIdle);
  assert(!stream.send(Uint8Array.of(1)));
  tcp.drain();
  assertEquals([drained, stream.isIdle], [1, true]);
  stream.onDrained = undefined;
  assertEquals(tcp.onDrained, undefined);
});
