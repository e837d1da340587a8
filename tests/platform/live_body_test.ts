import { openHttpServer } from "#platform/http_server.ts";
import { libc } from "#platform/libc.ts";
import { LiveBody } from "#platform/live_body.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const HEADERS = { "Content-Type": "video/x-flv" };

interface Scene extends AsyncDisposable {
  readonly port: number;
  readonly clock: FakeClock;
  readonly body: LiveBody;
}

/** A server that answers everything with one live body. */
async function openScene(body: LiveBody): Promise<Scene> {
  const clock = new FakeClock();
  const server = await openHttpServer({
    address: "127.0.0.1:0",
    pair: undefined,
    clock,
    limits: {
      firstRequestMs: 10_000,
      idleMs: 10_000,
      writeTimeoutMs: 10_000,
      maxConnections: 10,
    },
    serve: () => Promise.resolve(body.respond(HEADERS)),
  });
  return {
    port: server.port,
    clock,
    body,
    async [Symbol.asyncDispose]() {
      body.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

function drained(body: LiveBody): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  body.onDrained = resolve;
  return promise;
}

async function readAll(connection: Deno.TcpConn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection.readable) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** Lets time pass until something has happened. */
async function withTime(
  clock: FakeClock,
  stepMs: number,
  work: Promise<unknown>,
): Promise<void> {
  let isDone = false;
  work.then(() => isDone = true);
  while (!isDone) {
    clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

async function ask(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  return connection;
}

Deno.test("LiveBody sends its header, what it is given, and the end", async () => {
  const body = new LiveBody();
  const isDrained = drained(body);
  await using scene = await openScene(body);
  const response = await fetch(`http://127.0.0.1:${scene.port}/`);
  assertEquals(response.headers.get("Content-Type"), HEADERS["Content-Type"]);
  if (libc) assertEquals(response.headers.get("Connection"), "close");
  await isDrained;
  assert(body.send([Uint8Array.of(1, 2), Uint8Array.of(3)]), "there is room");
  assert(body.send([Uint8Array.of(4)]), "there is room");
  body.end();
  assertEquals(await response.bytes(), Uint8Array.of(1, 2, 3, 4));
  assertEquals(body.send([Uint8Array.of(5)]), false);
});

Deno.test("LiveBody says when its reader is busy, and goes on where it was", async () => {
  const body = new LiveBody();
  let isDrained = drained(body);
  await using scene = await openScene(body);
  const connection = await ask(scene.port);
  await isDrained;
  const sent = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7);
  let count = 0;
  isDrained = drained(body);
  do {
    assert(++count < 100, "it is busy by now");
  } while (body.send([sent]));
  const reading = readAll(connection);
  await withTime(scene.clock, 20, isDrained);
  body.end();
  await withTime(scene.clock, 20, reading);
  const received = await reading;
  const text = new TextDecoder("latin1").decode(received.subarray(0, 300));
  const headBytes = text.indexOf("\r\n\r\n") + 4;
  const mark = "f4240\r\n"; // 1,000,000
  assert(text.startsWith("HTTP/1.1 200 OK\r\n"), text);
  assertEquals(text.slice(headBytes, headBytes + mark.length), mark);
  const chunkBytes = mark.length + sent.length + 2;
  assertEquals(received.length, headBytes + count * chunkBytes + 5);
  const last = received.subarray(-5 - 2 - sent.length, -5 - 2);
  assert(last.every((byte, i) => byte === sent[i]), "the same bytes");
});

Deno.test("LiveBody hears that its reader has gone, even if it is sent nothing", async () => {
  const body = new LiveBody();
  const isDrained = drained(body);
  const gone = Promise.withResolvers<void>();
  body.onGone = gone.resolve;
  await using scene = await openScene(body);
  const connection = await ask(scene.port);
  await isDrained;
  connection.close();
  await withTime(scene.clock, 1_000, gone.promise);
  assertEquals(body.send([Uint8Array.of(1)]), false);
});

Deno.test("LiveBody is a stream where the server cannot send past the runtime", async () => {
  const body = new LiveBody();
  const response = body.respond(HEADERS);
  const reader = response.body!.getReader();
  const isDrained = drained(body);
  const reading = reader.read();
  await isDrained;
  assert(body.send([Uint8Array.of(1)]), "there is room");
  assertEquals((await reading).value, Uint8Array.of(1));
  const busy = drained(body);
  assertEquals(body.send([new Uint8Array(70_000)]), false);
  assertEquals((await reader.read()).value!.length, 70_000);
  const end = reader.read();
  await busy;
  body.end();
  assertEquals(await end, { done: true, value: undefined });
});

Deno.test("LiveBody hears that its stream is not read any more", async () => {
  const body = new LiveBody();
  let hasGone = false;
  body.onGone = () => hasGone = true;
  await body.respond(HEADERS).body!.cancel();
  assert(hasGone, "it has gone");
});
