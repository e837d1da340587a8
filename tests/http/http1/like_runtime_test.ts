import type { Hono } from "hono";
import { parseIpNetwork } from "#base/ip.ts";
import { DirectHead, type DirectRequest } from "#http/direct.ts";
import { HttpError } from "#http/http_error.ts";
import type { HttpEnv } from "#http/http_service.ts";
import { jsonResponse, parseJson } from "#http/json.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { LOGIN, openTestService } from "../open_service.ts";
import { readAnswers } from "./answers.ts";

const HOST = "Host: 127.0.0.1\r\n";
const AUTH = `Authorization: ${LOGIN.Authorization}\r\n`;

/** What servers may say each in their own way. */
const OWN_FIELDS = [
  "date",
  "connection",
  "content-length",
  "transfer-encoding",
];

/** Request line and fields. */
const REQUESTS: readonly string[] = [
  `GET /v3/get/cam HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get/cam HTTP/1.0\r\n${AUTH}`,
  `HEAD /v3/get/cam HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get/a%2Fb/c%20d?e=f%20g HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get/%zz HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get?a=b HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET http://127.0.0.1/v3/get/x HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get/\xc3\xbc HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/get/x HTTP/1.1\r\n${HOST}${AUTH}X: \xc3\xbc\r\n`,
  `GET /v3/nothing HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/nothing HTTP/1.1\r\n${HOST}`,
  `GET /v3/lost HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /v3/bug HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /livez HTTP/1.1\r\n${HOST}`,
  `HEAD /livez HTTP/1.1\r\n${HOST}`,
  `GET /long HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /long HTTP/1.0\r\n${AUTH}`,
  `HEAD /long HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /same HTTP/1.1\r\n${HOST}${AUTH}`,
  `GET /cookies HTTP/1.1\r\n${HOST}${AUTH}Cookie: a=b\r\nCookie: c=d\r\n`,
  `GET /livez HTTP/1.1\r\n${HOST}Origin: http://a.example\r\n`,
  `OPTIONS /v3/who HTTP/1.1\r\n${HOST}Access-Control-Request-Method: POST\r\n`,
  `OPTIONS * HTTP/1.1\r\n${HOST}`,
  `DELETE /v3/who HTTP/1.1\r\n${HOST}${AUTH}`,
  `POST /v3/echo HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 0\r\n`,
  `GET /livez HTTP/1.1\r\n${HOST}A: b\r\n c\r\n`,
  `GET /livez HTTP/1.1\r\n${HOST}A : b\r\n`,
  `GET /livez HTTP/1.1\r\n${HOST}Content-Length: x\r\n`,
  `GET  /livez HTTP/1.1\r\n${HOST}`,
  `GET /livez HTTP/3.0\r\n${HOST}`,
  `/livez\r\n`,
];

function addRoutes(app: Hono<HttpEnv>): void {
  app.get("/v3/who", (c) => jsonResponse(c.var.user));
  app.get("/v3/get/:name{.*}", (c) =>
    jsonResponse({
      name: c.req.param("name"),
      url: new URL(c.req.url).search,
      field: c.req.header("X") ?? "",
    }));
  app.post(
    "/v3/echo",
    async (c) => jsonResponse(parseJson(await c.var.readBody())),
  );
  app.get("/v3/lost", () => {
    throw new HttpError(404, "nothing\nhere");
  });
  app.get("/v3/bug", () => {
    throw new TypeError("a bug");
  });
  app.get("/long", () => new Response(new Uint8Array(300_000).fill(0x61)));
  app.get("/same", () => new Response(null, { status: 304 }));
  app.get("/cookies", (c) => {
    const headers = new Headers([["Set-Cookie", "a=b"], ["ETag", '"1"']]);
    return new Response(c.req.header("Cookie"), { headers });
  });
}

/** What comes back, without what servers say each in their own way; undefined if nothing does. */
async function ask(
  port: number,
  request: string,
  certificatePem?: string,
): Promise<unknown> {
  using raw = await openRawTcp(port, certificatePem);
  const bytes = Uint8Array.from(
    `${request}Connection: close\r\n\r\n`,
    (character) => character.charCodeAt(0),
  );
  await raw.send(bytes);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let one = await raw.read(); one; one = await raw.read()) {
    chunks.push(one.slice());
  }
  const sent = await new Blob(chunks).bytes();
  const [answer, ...more] = readAnswers(sent, () => request.startsWith("HEAD"));
  assertEquals(more, []);
  if (answer === undefined) return undefined;
  const fields = Object.entries(answer.fields)
    .filter(([name]) => !OWN_FIELDS.includes(name));
  const isRefused = answer.status === 400;
  return {
    status: answer.status,
    fields: isRefused ? [] : fields.sort(),
    body: isRefused ? "" : answer.body,
  };
}

Deno.test("Http1Server answers as the runtime's server does", async (t) => {
  const options = {
    routes: addRoutes,
    allowOrigins: ["http://a.example"],
  };
  await using runtime = await openTestService(options);
  await using own = await openTestService({ ...options, direct: () => false });
  for (const request of REQUESTS) {
    await t.step(JSON.stringify(request.split("\r\n", 1)[0]), async () => {
      const [expected, found] = await Promise.all([
        ask(runtime.port, request),
        ask(own.port, request),
      ]);
      assert(found !== undefined, "it is answered");
      assertEquals(found, expected);
    });
  }
});

const DIRECT_REQUESTS: readonly string[] = [
  `GET /file HTTP/1.1\r\n${HOST}`,
  `GET /file HTTP/1.1\r\n${HOST}Origin: http://a.example\r\n`,
  `GET /file HTTP/1.1\r\n${HOST}Origin: http://b.example\r\n`,
  `GET /file HTTP/1.1\r\n${HOST}X-Forwarded-For: 192.0.2.7\r\n`,
  `GET /a%2Fb%20c?d=%20 HTTP/1.1\r\n${HOST}Range: bytes=0-1\r\nCookie: a=b\r\nCookie: c=d\r\n`,
  `GET /none HTTP/1.1\r\n${HOST}`,
  `GET /later HTTP/1.1\r\n${HOST}`,
  `GET /throws HTTP/1.1\r\n${HOST}${AUTH}`,
  `HEAD /file HTTP/1.1\r\n${HOST}${AUTH}`,
];

const FILE = new DirectHead(200, {
  "Content-Type": "video/mp4",
  "Cache-Control": "private, no-cache",
});
const NONE = new DirectHead(404);

/** Answers with all that it is told. */
function answerDirectly(request: DirectRequest): boolean {
  const { path, query, ip } = request;
  if (path === "/throws") throw new TypeError("a bug");
  const asked = [request.header("range"), request.header("cookie")];
  const body = new TextEncoder().encode([path, query, ip, ...asked].join("|"));
  const isNone = path === "/none";
  const answer = () =>
    request.answer(isNone ? NONE : FILE, isNone ? new Uint8Array() : body);
  if (path === "/later") queueMicrotask(answer);
  else answer();
  return true;
}

Deno.test("Http1Server answers directly as the runtime's server does", async (t) => {
  await using files = await writeCertificate();
  const options = {
    direct: answerDirectly,
    allowOrigins: ["http://a.example"],
    trustedProxies: [parseIpNetwork("127.0.0.1")],
  };
  await using runtime = await openTestService({
    ...options,
    encryption: true,
    serverKey: files.keyFile,
    serverCert: files.certificateFile,
  });
  await using own = await openTestService(options);
  for (const request of DIRECT_REQUESTS) {
    await t.step(JSON.stringify(request.split(AUTH, 1)[0]), async () => {
      const [expected, found] = await Promise.all([
        ask(runtime.port, request, files.certificatePem),
        ask(own.port, request),
      ]);
      assert(found !== undefined, "it is answered");
      assertEquals(found, expected);
    });
  }
});
