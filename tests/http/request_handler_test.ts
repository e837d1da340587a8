import { parseIpNetwork } from "#base/ip.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { openAuthenticator, passwordAuthenticator } from "#test/test_ports.ts";
import { LOGIN, openTestService } from "./open_service.ts";

const WRONG = { Authorization: `Basic ${btoa("ann:wrong")}` };

/** Sends what no client would, and answers all that comes back. */
async function exchange(port: number, head: string): Promise<string> {
  using raw = await openRawTcp(port);
  await raw.send(head);
  const decoder = new TextDecoder();
  let text = "";
  for (
    let chunk = await raw.read();
    chunk !== undefined;
    chunk = await raw.read()
  ) text += decoder.decode(chunk);
  return text;
}

const ANSWERS: readonly {
  readonly name: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | null>>;
}[] = [
  {
    name: "a route",
    path: "/v3/get/cam",
    status: 200,
    body: '"cam"',
    headers: {
      Server: "mediamtx",
      "Access-Control-Allow-Origin": "*",
      "Content-Type": "application/json; charset=utf-8",
    },
  },
  {
    name: "a name with slashes, encoded or not",
    path: "/v3/get/a%2Fb/c%20d",
    status: 200,
    body: '"a/b/c d"',
  },
  { name: "no name", path: "/v3/get/", status: 200, body: '""' },
  {
    name: "a route without its slash",
    path: "/v3/get?a=b",
    status: 301,
    body: "",
    headers: { Location: "/v3/get/?a=b" },
  },
  {
    name: "a route with a slash too many",
    path: "/v3/echo/",
    init: { method: "POST" },
    status: 307,
    body: "",
    headers: { Location: "/v3/echo" },
  },
  {
    name: "no route",
    path: "/v3/nothing",
    status: 404,
    body: "404 page not found",
    headers: { "Content-Type": "text/plain" },
  },
  {
    name: "another method",
    path: "/v3/who",
    init: { method: "DELETE" },
    status: 404,
    body: "404 page not found",
  },
  {
    name: "no route and no password",
    path: "/v3/nothing",
    init: { headers: { Authorization: "" } },
    status: 401,
    body: '{"status":"error","error":"authentication error"}',
    headers: { "WWW-Authenticate": 'Basic realm="mediamtx"' },
  },
  {
    name: "a wrong password",
    path: "/v3/who",
    init: { headers: WRONG },
    status: 401,
    body: '{"status":"error","error":"authentication error"}',
    headers: { "WWW-Authenticate": null },
  },
  {
    name: "what is open to everybody",
    path: "/livez",
    init: { headers: { Authorization: "" } },
    status: 204,
    body: "",
  },
  {
    name: "a failing route",
    path: "/v3/lost",
    status: 404,
    body: '{"status":"error","error":"nothing\\nhere"}',
  },
  {
    name: "a bug",
    path: "/v3/bug",
    status: 500,
    body: '{"status":"error","error":"internal error"}',
  },
  {
    name: "a percent sign that escapes nothing",
    path: "/v3/get/%zz",
    status: 400,
    body: "",
  },
  {
    name: "a browser that asks first, without its password",
    path: "/v3/anything",
    init: {
      method: "OPTIONS",
      headers: { Authorization: "", "Access-Control-Request-Method": "POST" },
    },
    status: 204,
    body: "",
    headers: {
      "Access-Control-Allow-Methods": "OPTIONS, GET, POST",
      "Access-Control-Allow-Headers": "Authorization",
      "Access-Control-Allow-Credentials": null,
    },
  },
];

for (const { name, path, init, status, body, headers = {} } of ANSWERS) {
  Deno.test(`RequestHandler answers ${status} to ${name}`, async () => {
    await using service = await openTestService();
    const response = await service.call(path, init ?? {});
    assertEquals([response.status, await response.text()], [status, body]);
    for (const [header, value] of Object.entries(headers)) {
      assertEquals(response.headers.get(header), value, header);
    }
  });
}

Deno.test("RequestHandler logs failures in one line each, and a challenge not at all", async () => {
  await using service = await openTestService();
  for (const headers of [{ Authorization: "" }, WRONG]) {
    await (await service.call("/v3/who", { headers })).body?.cancel();
  }
  await (await service.call("/v3/lost")).body?.cancel();
  const loud = service.lines.filter((line) => !/^(debug|info)/.test(line));
  assertEquals(loud.length, 2);
  assert(
    /^warn: \[conn 127\.0\.0\.1:\d+\] failed to authenticate: authentication failed$/
      .test(loud[0]!),
    loud[0],
  );
  assertEquals(loud[1], "error: nothing\\u000ahere");
});

Deno.test("RequestHandler shows no credentials at any level", async () => {
  await using service = await openTestService();
  const path = "/v3/get/cam?pass=topsecret";
  await (await service.call(path)).body?.cancel();
  const log = service.lines.join("\n");
  assertIncludes(log, "[c->s] GET /v3/get/cam ");
  assertEquals(log.includes("topsecret"), false);
  assertEquals(log.includes(btoa("ann:secret")), false);
});

Deno.test("RequestHandler believes trusted proxies only", async () => {
  const headers = { "X-Forwarded-For": "198.51.100.7" };
  for (
    const [trustedProxies, ip] of [
      [[], "127.0.0.1"],
      [[parseIpNetwork("127.0.0.1")], "198.51.100.7"],
    ] as const
  ) {
    await using service = await openTestService({ trustedProxies });
    const answer = await (await service.call("/v3/who", { headers })).json();
    assertEquals([answer.ip, answer.user], [ip, "ann"]);
    assertEquals(answer.remoteAddress.split(":")[0], ip);
  }
});

const FORBIDDEN: readonly [string, string][] = [
  ["a host that points here", "GET /livez2 HTTP/1.1\r\nHost: evil.example\r\n"],
  [
    "a stranger's page",
    "POST /v3/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n",
  ],
];

for (const [name, head] of FORBIDDEN) {
  Deno.test(`RequestHandler refuses ${name} where an address is enough`, async () => {
    await using service = await openTestService();
    const answer = await exchange(
      service.port,
      `${head}Connection: close\r\n\r\n`,
    );
    assertIncludes(answer, "HTTP/1.1 403");
    assertIncludes(answer, '"status":"error"');
    assertIncludes(answer, "apiAllowOrigins");
  });
}

const EVIL = { Origin: "http://evil.example" };

for (
  const [name, authenticator, status] of [
    ["whose password is needed", passwordAuthenticator, 200],
    ["whose password proves nothing", openAuthenticator, 403],
  ] as const
) {
  Deno.test(`RequestHandler answers ${status} to a page ${name}`, async () => {
    await using service = await openTestService({}, authenticator);
    const init = { method: "POST", body: "1", headers: EVIL };
    const response = await service.call("/v3/echo", init);
    await response.body?.cancel();
    assertEquals(response.status, status);
    const read = await service.call("/v3/who", { headers: EVIL });
    await read.body?.cancel();
    assertEquals(read.status, 200);
  });
}

Deno.test("RequestHandler answers 400 to what is for no path", async () => {
  await using service = await openTestService();
  const answer = await exchange(
    service.port,
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assertIncludes(answer, "HTTP/1.1 400");
  assertIncludes(answer, "content-length: 0");
});

const BAD_BODIES: readonly [string, BodyInit, string][] = [
  ["no JSON", "a", "Cannot read JSON"],
  ["nothing", "", "unexpected end of JSON input"],
  ["more than it takes", "x".repeat(65_537), "size exceeds maximum allowed"],
  ["100 MB", new Uint8Array(100_000_000), "size exceeds maximum allowed"],
  ["deep JSON", "[".repeat(50_000), "more than 64 levels"],
];

for (const [name, body, reason] of BAD_BODIES) {
  Deno.test(`RequestHandler refuses a body of ${name}`, async () => {
    await using service = await openTestService();
    const text = await service.call("/v3/echo", { method: "POST", body })
      // Who sends 100 MB may see the end of the connection before the answer.
      .then((response) => response.text(), (error: Error) => error.message);
    assert(text.includes(reason) || name === "100 MB", text);
    const answer = await service.call("/v3/echo", {
      method: "POST",
      body: "1",
    });
    assertEquals(await answer.json(), 1);
  });
}

Deno.test("RequestHandler answers 408 to a body that does not come", async () => {
  await using service = await openTestService({ readTimeoutMs: 100 });
  using raw = await openRawTcp(service.port);
  await raw.send(
    `POST /v3/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${LOGIN.Authorization}\r\nContent-Length: 10\r\n\r\n{`,
  );
  const answer = new TextDecoder().decode(await raw.read());
  assertIncludes(answer, "HTTP/1.1 408");
  await raw.readToEnd();
});
