import { ParseError } from "#base/errors.ts";
import {
  HttpClientTunnel,
  HttpServerTunnel,
  type HttpTunnelParts,
} from "#protocols/rtsp/tunnel/http_tunnel.ts";
import {
  dropIncoming,
  type TunnelConnection,
} from "#protocols/rtsp/tunnel/tunnel_connection.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { chunkings } from "#test/splits.ts";
import { bytesOf, textOf } from "../wire/messages.ts";

const GET_PEER = { ip: "198.51.100.7", port: 40_000 };
const POST_PEER = { ip: "198.51.100.7", port: 40_001 };

interface Parts extends HttpTunnelParts {
  readonly get: FakeTcpConnection;
  readonly post: FakeTcpConnection;
}

/** Both connections of a tunnel; the one that `sends` is watched for its end. */
function parts(sends: "get" | "post"): Parts {
  const clock = new FakeClock();
  const get = new FakeTcpConnection(clock, GET_PEER);
  const post = new FakeTcpConnection(clock, POST_PEER);
  return { get, post, ended: dropIncoming(sends === "get" ? get : post) };
}

async function readAll(tunnel: TunnelConnection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const into = new Uint8Array(7);
  for (;;) {
    const count = await tunnel.read(into);
    if (count === undefined) return concatBytes(chunks);
    assert(count > 0, "a read answers bytes or the end");
    chunks.push(into.slice(0, count));
  }
}

Deno.test("HttpServerTunnel reads what stands in the POST request, in any chunks", async () => {
  const wanted = bytesOf("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  const half = wanted.subarray(0, 13).toBase64();
  const body = bytesOf(`${half}\r\n${wanted.subarray(13).toBase64()}`);
  for (const chunks of chunkings(body)) {
    const { get, post, ended } = parts("get");
    const tunnel = new HttpServerTunnel({ get, post, ended });
    for (const chunk of chunks) post.receive(chunk);
    post.endInput();
    assertEquals(await readAll(tunnel), wanted);
    tunnel.close();
  }
});

Deno.test("HttpServerTunnel sends as it is, in the answer to the GET request", () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  assertEquals(tunnel.peer, GET_PEER);
  assert(tunnel.send(Uint8Array.of(1, 2)));
  assert(tunnel.sendAll([Uint8Array.of(3), Uint8Array.of(4)]));
  assertEquals([get.sends, post.sends], [2, 0]);
  assertEquals(get.takeSent(), Uint8Array.of(1, 2, 3, 4));
  assertEquals(tunnel.sentBytes, 4);
  tunnel.close();
  assert(get.isClosed && post.isClosed);
});

Deno.test("HttpServerTunnel is in the state of the connection that it sends on", () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  const calls: string[] = [];
  tunnel.onDrained = () => calls.push("drained");
  tunnel.onBroken = ({ message }) => calls.push(message);
  post.stall();
  assert(tunnel.isIdle);
  get.stall();
  assertEquals([tunnel.isIdle, tunnel.stalledSinceMs], [false, 5_000]);
  assertEquals(tunnel.send(new Uint8Array(10)), false);
  assertEquals(tunnel.bufferedBytes, 10);
  get.drain();
  assertEquals([tunnel.isIdle, tunnel.stalledSinceMs], [true, undefined]);
  get.onBroken?.(new Error("gone"));
  assertEquals(calls, ["drained", "gone"]);
  tunnel.close();
});

Deno.test("HttpServerTunnel ends with the connection of the GET request, whatever came on it", async () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  const reading = readAll(tunnel);
  get.receive(new Uint8Array(10_000));
  post.receive(bytesOf("AQID"));
  await settled();
  get.endInput();
  assertEquals(await reading, Uint8Array.of(1, 2, 3));
  assert(post.isClosed);
  tunnel.close();
});

Deno.test("HttpServerTunnel lets closeAfterDrain() deliver, and ends the reading", async () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  const reading = readAll(tunnel);
  get.stall();
  tunnel.send(bytesOf("last"));
  const closing = tunnel.closeAfterDrain(1_000);
  await settled();
  assert(!get.isClosed);
  get.drain();
  await closing;
  assert(get.isClosed && post.isClosed);
  assertEquals(textOf(get.takeSent()), "last");
  assertEquals(await reading, new Uint8Array(0));
});

Deno.test("HttpServerTunnel throws at what is no base64", async () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  post.receive(bytesOf("OPTIONS * RTSP/1.0\r\n"));
  await assertRejects(readAll(tunnel), ParseError);
  tunnel.close();
});

Deno.test("HttpServerTunnel reads again what was read too far", async () => {
  const { get, post, ended } = parts("get");
  const tunnel = new HttpServerTunnel({ get, post, ended });
  tunnel.unread(bytesOf("behind"));
  tunnel.unread(bytesOf(""));
  tunnel.unread(bytesOf("what comes before "));
  post.receive(bytesOf("Zm9v"));
  post.endInput();
  assertEquals(textOf(await readAll(tunnel)), "what comes before behindfoo");
  tunnel.close();
});

Deno.test("HttpClientTunnel talks with HttpServerTunnel", async () => {
  const near = parts("post");
  const far = parts("get");
  const client = new HttpClientTunnel(near);
  const server = new HttpServerTunnel(far);
  client.send(bytesOf("a"));
  client.sendAll([bytesOf("bc"), bytesOf("def")]);
  assertEquals([near.post.sends, near.get.sends], [2, 0]);
  const sent = near.post.takeSent();
  assertEquals(textOf(sent), "YQ==YmM=ZGVm");
  far.post.receive(sent);
  far.post.endInput();
  assertEquals(textOf(await readAll(server)), "abcdef");
  server.send(bytesOf("$\x01 as it is"));
  near.get.receive(far.get.takeSent());
  near.get.endInput();
  assertEquals(textOf(await readAll(client)), "$\x01 as it is");
  client.close();
  server.close();
});

Deno.test("HttpClientTunnel drops the answer to its POST request and ends with it [MediaMTX 1.20]", async () => {
  const { get, post, ended } = parts("post");
  const tunnel = new HttpClientTunnel({ get, post, ended });
  const reading = readAll(tunnel);
  post.receive(bytesOf("HTTP/1.0 200 OK\r\n\r\n"));
  get.receive(bytesOf("x"));
  await settled();
  assert(!get.isClosed);
  post.endInput();
  assertEquals(textOf(await reading), "x");
  tunnel.close();
});

Deno.test("HttpClientTunnel lets closeAfterDrain() close both connections", async () => {
  const { get, post, ended } = parts("post");
  const tunnel = new HttpClientTunnel({ get, post, ended });
  await tunnel.closeAfterDrain(1_000);
  assert(get.isClosed && post.isClosed);
});
