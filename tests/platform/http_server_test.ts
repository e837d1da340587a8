import { systemClock } from "#base/clock.ts";
import { PlatformError } from "#platform/errors.ts";
import {
  type HttpServer,
  type HttpServerOptions,
  openHttpServer,
} from "#platform/http_server.ts";
import { settled } from "#test/fake_clock.ts";
import { makeCertificate } from "#test/certificates.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { openRawTcp, type RawTcp } from "#test/raw_tcp.ts";

const LIMITS = {
  firstRequestMs: 10_000,
  idleMs: 10_000,
  writeTimeoutMs: 10_000,
  maxConnections: 100,
};

function open(changes: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  return openHttpServer({
    address: "127.0.0.1:0",
    pair: undefined,
    limits: LIMITS,
    clock: systemClock,
    serve: () => Promise.resolve(new Response("ok")),
    ...changes,
  });
}

/** Connects once the certificate is shown: those who come while one listener takes the place of another may be turned away. */
async function connectAnew(port: number, certificate: string): Promise<RawTcp> {
  for (let attempt = 1;; attempt++) {
    try {
      return await openRawTcp(port, certificate);
    } catch (error) {
      if (attempt === 100) throw error;
      await settled();
    }
  }
}

Deno.test("openHttpServer() tells who asks", async () => {
  await using server = await open({
    serve: (_request, { peer }) => Promise.resolve(Response.json(peer)),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  const { ip, port } = await response.json();
  assertEquals(ip, "127.0.0.1");
  assert(port > 0);
});

Deno.test("openHttpServer() gives IPv4 its own form on all interfaces", async () => {
  await using server = await open({
    address: ":0",
    serve: (_request, { peer }) => Promise.resolve(new Response(peer?.ip)),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assertEquals(await response.text(), "127.0.0.1");
});

Deno.test("openHttpServer() refuses an encrypted socket file", async () => {
  const error = await assertRejects(
    open({ address: "unix:///tmp/x", pair: makeCertificate() }),
    PlatformError,
  );
  assertEquals(error.code, "invalid_address");
});

Deno.test("HttpServer lets a request go on when it ends", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answer, resolve: give } = Promise.withResolvers<Response>();
  const server = await open({
    serve: () => {
      ask();
      return answer;
    },
  });
  const asking = fetch(`http://127.0.0.1:${server.port}/`);
  await asked;
  const ended = server[Symbol.asyncDispose]();
  give(new Response("late"));
  assertEquals(await (await asking).text(), "late");
  await ended;
  await server.closed;
  await server[Symbol.asyncDispose]();
});

Deno.test("HttpServer tells a request that takes too long, and cuts it off", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const server = await open({
    serve: async (_request, { signal }) => {
      ask();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return new Response();
    },
  });
  using raw = await openRawTcp(server.port);
  await raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked;
  await server[Symbol.asyncDispose]();
  assertEquals(await raw.readToEnd(), 0);
});

Deno.test("HttpServer shows another pair to new peers, and requests go on", async () => {
  const [first, second] = [makeCertificate(), makeCertificate()];
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answer, resolve: give } = Promise.withResolvers<Response>();
  await using server = await open({
    pair: first,
    serve: (request) => {
      if (!request.url.endsWith("/slow")) {
        return Promise.resolve(new Response());
      }
      ask();
      return answer;
    },
  });
  using old = await openRawTcp(server.port, first.certificatePem);
  await old.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked;
  server.replacePair(second);
  using fresh = await connectAnew(server.port, second.certificatePem);
  await fresh.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  give(new Response());
  for (const raw of [fresh, old]) {
    const text = new TextDecoder().decode(await raw.read());
    assert(text.startsWith("HTTP/1.1 200"), text);
  }
});
