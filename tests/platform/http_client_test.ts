import { systemClock } from "#base/clock.ts";
import { askHttp, type HttpQuestion } from "#platform/http_client.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { makeCertificate } from "#test/certificates.ts";
import { FakeClock } from "#test/fake_clock.ts";

const MAX_BODY_BYTES = 1_000;

/** Longer than any answer takes on a busy machine. */
const PATIENT_MS = 60_000;

interface Seen {
  readonly method: string;
  readonly body: string;
  readonly headers: Headers;
}

/** A server that answers `/<status>/<where>` with that status and that Location, and tells what it was asked. */
function openServer(
  tls: { readonly cert: string; readonly key: string } | undefined = undefined,
) {
  const seen: Seen[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const { method, headers } = request;
    seen.push({ method, headers, body: await request.text() });
    const [, status = "", where] = pathname.split("/");
    if (status === "huge") {
      return new Response(new Uint8Array(10 * MAX_BODY_BYTES).fill(120));
    }
    const isBare = status === "204";
    return new Response(isBare ? null : `body of ${status}`, {
      status: Number(status),
      headers: where === undefined ? {} : { Location: `/${where}` },
    });
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...tls },
    answer,
  );
  const { port } = server.addr;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function ask(
  url: string,
  more: Partial<HttpQuestion> = {},
  timeoutMs = PATIENT_MS,
) {
  const question = {
    method: "GET",
    url,
    fingerprint: "",
    maxBodyBytes: MAX_BODY_BYTES,
    ...more,
  } as const;
  return askHttp(question, {
    clock: systemClock,
    timeoutMs,
    message: "no answer in time",
    signal: new AbortController().signal,
  });
}

const POST = {
  method: "POST",
  body: '{"a":"é"}',
  headers: { "Content-Type": "application/json" },
} as const;

Deno.test("askHttp() sends what it is given and gives back what was answered", async () => {
  await using server = openServer();
  const answer = await ask(`${server.url}/403`, POST);
  assertEquals(
    [answer.status, new TextDecoder().decode(answer.body), answer.isCut],
    [403, "body of 403", false],
  );
  const [{ method, body, headers }] = server.seen as [Seen];
  assertEquals([method, body], ["POST", POST.body]);
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(headers.get("content-length"), "10");
});

Deno.test("askHttp() sends bytes as they are, and gives back the headers", async () => {
  await using server = openServer();
  const bytes = new TextEncoder().encode("é\0");
  await ask(`${server.url}/200`, { method: "PUT", body: bytes });
  const answer = await ask(`${server.url}/204/there`, {
    method: "HEAD",
    redirects: "answers",
  });
  assertEquals(
    server.seen.map(({ method, body }) => [method, body]),
    [["PUT", "é\0"], ["HEAD", ""]],
  );
  assertEquals(server.seen[0]!.headers.get("content-length"), "3");
  assertEquals([answer.status, answer.body.length], [204, 0]);
  assertEquals(answer.headers["location"], "/there");
});

Deno.test("askHttp() sends user and password of the URL as a header", async () => {
  await using server = openServer();
  await ask(`${server.url.replace("//", "//me:p%40ss@")}/200`);
  const header = server.seen[0]!.headers.get("authorization");
  assertEquals(header, `Basic ${btoa("me:p@ss")}`);
});

for (
  const { status, method } of [
    { status: 301, method: "GET" },
    { status: 302, method: "GET" },
    { status: 303, method: "GET" },
    { status: 307, method: "POST" },
    { status: 308, method: "POST" },
  ]
) {
  Deno.test(`askHttp() follows a redirect with ${status} as ${method}`, async () => {
    await using server = openServer();
    const answer = await ask(`${server.url}/${status}/200`, POST);
    assertEquals(answer.status, 200);
    const [, second] = server.seen as [Seen, Seen];
    const body = method === "GET" ? "" : POST.body;
    assertEquals([second.method, second.body], [method, body]);
  });
}

Deno.test("askHttp() gives up on redirects without end", async () => {
  await using server = openServer();
  const url = `${server.url}/302/302`;
  const loop = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => Response.redirect(request.url, 302),
  );
  const error = await assertRejects(
    ask(`http://127.0.0.1:${loop.addr.port}/`),
    Error,
  );
  assertIncludes(error.message, "redirects");
  await loop.shutdown();
  // A redirect without Location is an answer like any other.
  assertEquals((await ask(url)).status, 302);
});

Deno.test("askHttp() follows no redirect to something else", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response(null, {
        status: 302,
        headers: { Location: "file:///etc/passwd" },
      }),
  );
  const error = await assertRejects(
    ask(`http://127.0.0.1:${server.addr.port}/`),
    Error,
  );
  assertEquals(error.message, "the server redirects to file:");
  await server.shutdown();
});

Deno.test("askHttp() reads no more than it may", async () => {
  await using server = openServer();
  const answer = await ask(`${server.url}/huge`);
  assertEquals([answer.body.length, answer.isCut], [MAX_BODY_BYTES, true]);
});

for (const path of ["hang", "drip"]) {
  Deno.test(`askHttp() waits no longer than it may for a server that does not answer [${path}]`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    const accepted = listener.accept().then(async (conn) => {
      if (path === "drip") await conn.write(new TextEncoder().encode(head));
      return conn;
    });
    const error = await assertRejects(
      ask(`http://127.0.0.1:${listener.addr.port}/`, {}, 50),
      Error,
    );
    assertEquals(error.message, "no answer in time");
    (await accepted).close();
    listener.close();
  });
}

Deno.test("askHttp() says why nothing can be asked", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const error = await assertRejects(ask(`http://127.0.0.1:${port}/`), Error);
  assert(error.message !== "", "it says nothing");
});

Deno.test("askHttp() trusts the certificate with the fingerprint, and nothing else", async () => {
  const { certificatePem, keyPem, fingerprint } = makeCertificate();
  await using server = openServer({ cert: certificatePem, key: keyPem });
  const url = `${server.url}/200`;
  for (const right of [fingerprint, fingerprint.toUpperCase()]) {
    assertEquals((await ask(url, { ...POST, fingerprint: right })).status, 200);
  }
  assertEquals(server.seen.map(({ body }) => body), [POST.body, POST.body]);
  const wrong = fingerprint.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  const mismatch = await assertRejects(
    ask(url, { ...POST, fingerprint: wrong }),
    Error,
  );
  assertIncludes(mismatch.message, "server fingerprint does not match");
  await assertRejects(ask(url, POST), Error);
  assertEquals(server.seen.length, 2, "a stranger was told the body");
});

/** A server that says a few words to each request, and hears no more than its head before it does. */
function openTerseServer(words: readonly string[]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard: string[] = [];
  const run = async () => {
    for await (const connection of listener) {
      using _connection = connection;
      const bytes = new Uint8Array(65_536);
      for (const word of words) {
        const count = await connection.read(bytes);
        heard.push(new TextDecoder().decode(bytes.subarray(0, count ?? 0)));
        await connection.write(new TextEncoder().encode(`${word}\r\n\r\n`));
      }
    }
  };
  const running = run();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/`,
    heard,
    async [Symbol.asyncDispose]() {
      listener.close();
      await running;
    },
  };
}

const REFUSED = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0";

Deno.test("askHttp() sends no body that is refused, if it asks first", async () => {
  await using server = openTerseServer([REFUSED]);
  const body = new Uint8Array(20_000_000);
  const question = { method: "PUT", body, asksFirst: true } as const;
  assertEquals((await ask(server.url, question)).status, 403);
  assertIncludes(server.heard[0]!.toLowerCase(), "expect: 100-continue");
  assert(server.heard[0]!.endsWith("\r\n\r\n"), "the head by itself");
});

Deno.test("askHttp() sends the body when the server wants it, if it asks first", async () => {
  await using server = openTerseServer(["HTTP/1.1 100 Continue", REFUSED]);
  const question = { method: "PUT", body: "12345", asksFirst: true } as const;
  assertEquals((await ask(server.url, question)).status, 403);
  assertEquals(server.heard[1], "12345");
});

Deno.test("askHttp() sends the body to a server that knows no such question", async () => {
  const clock = new FakeClock();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const answer = askHttp(
    {
      method: "PUT",
      url: `http://127.0.0.1:${port}/`,
      body: "12345",
      asksFirst: true,
      fingerprint: "",
      maxBodyBytes: 10,
    },
    {
      clock,
      timeoutMs: 10_000,
      message: "late",
      signal: new AbortController().signal,
    },
  );
  using connection = await listener.accept();
  listener.close();
  const bytes = new Uint8Array(65_536);
  await connection.read(bytes);
  clock.advance(1_000);
  assertEquals(await connection.read(bytes), 5);
  await connection.write(new TextEncoder().encode(`${REFUSED}\r\n\r\n`));
  assertEquals((await answer).status, 403);
});
