import { systemClock } from "#base/clock.ts";
import { type PeerSocket, upgradeToWebSocket } from "#platform/websocket.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

interface Pair extends AsyncDisposable {
  readonly socket: PeerSocket;
  readonly peer: WebSocket;
}

/** A socket and its peer. */
async function openPair(): Promise<Pair> {
  const upgraded = Promise.withResolvers<PeerSocket>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { response, socket } = upgradeToWebSocket(request, systemClock);
      upgraded.resolve(socket);
      return response;
    },
  );
  const peer = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  peer.binaryType = "arraybuffer";
  const opened = Promise.withResolvers<Event>();
  peer.onopen = opened.resolve;
  const socket = await upgraded.promise;
  await opened.promise;
  return {
    socket,
    peer,
    async [Symbol.asyncDispose]() {
      socket.close("end of the test");
      await socket.closed;
      await server.shutdown();
    },
  };
}

function messagesOf(peer: WebSocket, count: number): Promise<unknown[]> {
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  const messages: unknown[] = [];
  peer.onmessage = ({ data }) => {
    messages.push(data);
    if (messages.length === count) resolve(messages);
  };
  return promise;
}

Deno.test("PeerSocket sends text and bytes in order", async () => {
  await using pair = await openPair();
  await pair.socket.opened;
  const messages = messagesOf(pair.peer, 2);
  assert(pair.socket.send("first"), "little waits");
  assert(pair.socket.send(Uint8Array.of(1, 2)), "little waits");
  const [text, bytes] = await messages;
  assertEquals(text, "first");
  assertEquals(new Uint8Array(bytes as ArrayBuffer), Uint8Array.of(1, 2));
});

Deno.test("PeerSocket says when too much waits, and when it has left", async () => {
  await using pair = await openPair();
  await pair.socket.opened;
  const drained = Promise.withResolvers<void>();
  pair.socket.onDrained = () => drained.resolve();
  const messages = messagesOf(pair.peer, 1);
  assertEquals(pair.socket.send(new Uint8Array(2_000_000)), false);
  await drained.promise;
  const [bytes] = await messages;
  assertEquals((bytes as ArrayBuffer).byteLength, 2_000_000);
});

Deno.test("PeerSocket closes with a reason, cut where a frame has no room for more", async () => {
  await using pair = await openPair();
  await pair.socket.opened;
  const closed = Promise.withResolvers<CloseEvent>();
  pair.peer.onclose = (event) => closed.resolve(event);
  pair.socket.close("é".repeat(100));
  const { code, reason } = await closed.promise;
  assertEquals([code, reason], [1_000, "é".repeat(61)]);
  assertEquals(pair.socket.send("nothing"), false);
});

Deno.test("PeerSocket hears that its peer has closed", async () => {
  await using pair = await openPair();
  await pair.socket.opened;
  pair.peer.close();
  assertEquals(await pair.socket.closed, "the peer closed it");
});

Deno.test("upgradeToWebSocket() refuses a request for something else", () => {
  const request = new Request("http://127.0.0.1/");
  assertThrows(() => upgradeToWebSocket(request, systemClock), TypeError);
});
