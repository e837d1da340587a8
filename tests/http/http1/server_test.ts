import { DirectHead, type DirectRequest } from "#http/direct.ts";
import { Http1Server, type Http1ServerOptions } from "#http/http1/server.ts";
import { PlatformError } from "#platform/errors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { openRawTcp, RawTcp } from "#test/raw_tcp.ts";
import { get } from "./connection_scene.ts";

const OK = new DirectHead(200);

const LIMITS: Http1ServerOptions["limits"] = {
  firstRequestMs: 10_000,
  idleMs: 10_000,
  writeTimeoutMs: 10_000,
  maxConnections: 100,
};

interface Scene extends AsyncDisposable {
  readonly server: Http1Server;
  readonly clock: FakeClock;
  /** Requests for `/later`, which nobody has answered yet. */
  readonly waiting: DirectRequest[];
  readonly failures: unknown[];
}

/** A server on a port of its own; `/now` is answered with the client's address, all but `/later` with the method. */
function openScene(
  limits: Partial<Http1ServerOptions["limits"]> = {},
  service: Partial<Http1ServerOptions["service"]> = {},
  address = "127.0.0.1:0",
): Scene {
  const clock = new FakeClock();
  const waiting: DirectRequest[] = [];
  const failures: unknown[] = [];
  const server = new Http1Server({
    address,
    clock,
    limits: { ...LIMITS, ...limits },
    service: {
      clientIp: (ip) => ip,
      commonLines: () => "",
      direct: (request) => {
        if (request.path === "/later") waiting.push(request);
        const isNow = request.path === "/now";
        if (isNow) request.answer(OK, new TextEncoder().encode(request.ip));
        return isNow || request.path === "/later";
      },
      handleAnswered: () => {},
      fail: (error) => failures.push(error),
      serve: ({ method }) => Promise.resolve(new Response(method)),
      ...service,
    },
  });
  return {
    server,
    clock,
    waiting,
    failures,
    async [Symbol.asyncDispose](): Promise<void> {
      const ended = server[Symbol.asyncDispose]();
      clock.advance(3_000);
      await ended;
      assertEquals([failures, clock.pendingTimers], [[], 0]);
    },
  };
}

/** Connects over IPv6: another address than that of the others. */
async function openOther(port: number): Promise<RawTcp> {
  return new RawTcp(await Deno.connect({ hostname: "::1", port }));
}

/** What comes next, as text; empty at the end. */
async function readText(raw: RawTcp): Promise<string> {
  return new TextDecoder("latin1").decode(await raw.read());
}

/** Sends a request that is answered at once, and checks that it is. */
async function checkServed(raw: RawTcp): Promise<void> {
  await raw.send(get("/now"));
  const text = await readText(raw);
  assert(text.startsWith("HTTP/1.1 200 OK\r\n"), text);
}

/** Lets the event loop turn until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settled();
}

Deno.test("Http1Server serves many requests over a connection, and tells who asks", async () => {
  await using scene = openScene();
  using raw = await openRawTcp(scene.server.port);
  for (let i = 0; i < 3; i++) {
    await raw.send(get("/now"));
    assert((await readText(raw)).endsWith("\r\n\r\n127.0.0.1"));
    await raw.send(get("/b"));
    assert((await readText(raw)).endsWith("\r\n\r\nGET"));
  }
});

Deno.test("Http1Server answers with long bodies over real sockets", async () => {
  const body = Uint8Array.from({ length: 5_000_000 }, (_, i) => i * 7);
  await using scene = openScene({}, {
    direct: (request) => {
      request.answer(OK, body);
      return true;
    },
  });
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`http://127.0.0.1:${scene.server.port}/`);
    const received = await response.bytes();
    assertEquals(received.length, body.length);
    assert(received.every((byte, at) => byte === body[at]), "the same bytes");
  }
});

Deno.test("Http1Server says that its address is in use", async () => {
  await using scene = openScene();
  const error = assertThrows(
    () => openScene({}, {}, `127.0.0.1:${scene.server.port}`),
    PlatformError,
  );
  assertEquals(error.code, "address_in_use");
});

Deno.test("Http1Server closes whoever sends no request, or half of one", async () => {
  await using scene = openScene();
  using silent = await openRawTcp(scene.server.port);
  using slow = await openRawTcp(scene.server.port);
  using busy = await openRawTcp(scene.server.port);
  await slow.send("GET / HTTP/1.1\r\n");
  await checkServed(busy);
  scene.clock.advance(LIMITS.firstRequestMs - 1_000);
  await checkServed(busy);
  scene.clock.advance(1_000);
  assertEquals(await silent.readToEnd(), 0);
  assertEquals(await slow.readToEnd(), 0);
  await checkServed(busy);
});

Deno.test("Http1Server makes a body no faster than its reader takes it, and ends it if that is not at all", async () => {
  const maxBytes = 64 * 1_048_576;
  let madeBytes = 0;
  let isCancelled = false;
  await using scene = openScene({ writeTimeoutMs: 100 }, {
    serve: () => {
      const stream = new ReadableStream({
        pull(controller): void {
          madeBytes += 65_536;
          if (madeBytes < maxBytes) controller.enqueue(new Uint8Array(65_536));
          else controller.close();
        },
        cancel: () => void (isCancelled = true),
      });
      return Promise.resolve(new Response(stream));
    },
  });
  using raw = await openRawTcp(scene.server.port);
  await raw.send(get("/b"));
  while (!isCancelled && madeBytes < maxBytes) {
    scene.clock.advance(1_000);
    await settled();
  }
  assert(isCancelled, `${madeBytes} bytes were made for nobody`);
});

Deno.test("Http1Server closes the connection that waits longest when there are too many", async () => {
  await using scene = openScene({ maxConnections: 3 });
  const { port } = scene.server;
  using busy = await openRawTcp(port);
  await busy.send(get("/later"));
  await until(() => scene.waiting.length === 1);
  using longest = await openRawTcp(port);
  await checkServed(longest);
  using other = await openRawTcp(port);
  await checkServed(other);
  scene.clock.advance(2_000);
  await checkServed(other);
  scene.clock.advance(1_000);
  using newest = await openRawTcp(port);
  await checkServed(newest);
  assertEquals(await longest.readToEnd(), 0);
  await checkServed(other);
  scene.waiting[0]!.answer(OK, Uint8Array.of(0x61));
  assert((await readText(busy)).endsWith("\r\n\r\na"));
});

Deno.test("Http1Server turns away whoever comes while all connections are in use", async () => {
  await using scene = openScene({ maxConnections: 3 });
  const { port } = scene.server;
  await using opened = new AsyncDisposableStack();
  const busy: RawTcp[] = [];
  for (let i = 0; i < 3; i++) {
    busy.push(opened.use(await openRawTcp(port)));
    await busy[i]!.send(get("/later"));
  }
  await until(() => scene.waiting.length === 3);
  using turnedAway = await openRawTcp(port);
  assertEquals(await turnedAway.readToEnd(), 0);
  scene.waiting[1]!.answer(OK, Uint8Array.of(0x61));
  await readText(busy[1]!);
  using next = await openRawTcp(port);
  await checkServed(next);
  assertEquals(await busy[1]!.readToEnd(), 0);
});

Deno.test("Http1Server lets no address take the connections of others", async () => {
  await using scene = openScene({ maxConnections: 10 }, {}, ":0");
  const { port } = scene.server;
  using other = await openOther(port);
  await checkServed(other);
  await using opened = new AsyncDisposableStack();
  const flood: RawTcp[] = [];
  for (let i = 0; i < 50; i++) {
    scene.clock.advance(100);
    const raw = opened.use(await openRawTcp(port));
    await checkServed(raw);
    flood.push(raw);
  }
  await checkServed(other);
  assertEquals(await flood[0]!.readToEnd(), 0);
  // All of the flood are in use: it has more than its share, and none of its own to give up.
  for (const raw of flood.slice(-9)) await raw.send(get("/later"));
  await until(() => scene.waiting.length === 9);
  using oneMore = await openRawTcp(port);
  assertEquals(await oneMore.readToEnd(), 0);
  await checkServed(other);
});

Deno.test("Http1Server lets others in, even if all connections of one address are in use", async () => {
  await using scene = openScene({ maxConnections: 10 }, {}, ":0");
  const { port } = scene.server;
  await using opened = new AsyncDisposableStack();
  const flood: RawTcp[] = [];
  for (let i = 0; i < 10; i++) {
    const raw = opened.use(await openRawTcp(port));
    await raw.send(get("/later"));
    await until(() => scene.waiting.length === i + 1);
    flood.push(raw);
  }
  for (let i = 0; i < 2; i++) {
    const other = opened.use(await openOther(port));
    await checkServed(other);
    await other.send(get("/later"));
    await until(() => scene.waiting.length === 11 + i);
    assertEquals(await flood[i]!.readToEnd(), 0);
  }
});

Deno.test("Http1Server lets requests go on when it ends, and takes no more", async () => {
  const scene = openScene();
  const { server } = scene;
  using idle = await openRawTcp(server.port);
  await checkServed(idle);
  using raw = await openRawTcp(server.port);
  await raw.send(get("/later"));
  await until(() => scene.waiting.length === 1);
  const ended = server[Symbol.asyncDispose]();
  assertEquals(await idle.readToEnd(), 0);
  scene.waiting[0]!.answer(OK, new TextEncoder().encode("late"));
  const text = await readText(raw);
  assert(text.endsWith("\r\n\r\nlate"), text);
  assert(text.includes("Connection: close\r\n"), text);
  await ended;
  await server.closed;
  await server[Symbol.asyncDispose]();
  assertEquals(scene.clock.pendingTimers, 0);
});

Deno.test("Http1Server cuts off requests that take too long, even those that do not listen", async () => {
  const asked: AbortSignal[] = [];
  const scene = openScene({}, {
    serve: (_request, { signal }) => {
      asked.push(signal);
      return new Promise(() => {});
    },
  });
  using waiting = await openRawTcp(scene.server.port);
  await waiting.send(get("/later"));
  using routed = await openRawTcp(scene.server.port);
  await routed.send(get("/b"));
  await until(() => scene.waiting.length === 1 && asked.length === 1);
  const ended = scene.server[Symbol.asyncDispose]();
  scene.clock.advance(1_999);
  assertEquals(asked[0]!.aborted, false);
  scene.clock.advance(1);
  assertEquals(asked[0]!.aborted, true);
  assertEquals(await waiting.readToEnd(), 0);
  assertEquals(await routed.readToEnd(), 0);
  scene.clock.advance(500);
  await ended;
  await scene.server.closed;
  assertEquals(scene.clock.pendingTimers, 0);
});

Deno.test("Http1Server forgets a peer that left while its answer was awaited", async () => {
  const scene = openScene();
  using raw = await openRawTcp(scene.server.port);
  await raw.send(get("/later"));
  await until(() => scene.waiting.length === 1);
  raw[Symbol.dispose]();
  scene.waiting[0]!.answer(OK, new Uint8Array(1_000_000));
  // Ends by itself: the clock stands still.
  await scene.server[Symbol.asyncDispose]();
  assertEquals(scene.failures, []);
});
