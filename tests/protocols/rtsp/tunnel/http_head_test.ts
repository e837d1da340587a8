import { ParseError } from "#base/errors.ts";
import {
  hasItem,
  type HttpHead,
  MAX_HTTP_HEAD_BYTES,
  MAX_HTTP_HEADERS,
  parseHttpHead,
  readHttpHead,
  requestMethod,
  responseStatus,
  serializeHttpHead,
  serializeHttpResponse,
} from "#protocols/rtsp/tunnel/http_head.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { chunkings, mutations, prefixes } from "#test/splits.ts";
import { bytesOf } from "../wire/messages.ts";

const HEADS = [{
  name: "GET [ffmpeg 5.1]",
  text: "GET /cam HTTP/1.1\r\n" +
    "User-Agent: Lavf/59.27.100\r\n" +
    "Range: bytes=0-\r\n" +
    "Connection: close\r\n" +
    "Host: 127.0.0.1:8554\r\n" +
    "x-sessioncookie: 8d7e5d6b1a2f3c4d\r\n" +
    "Accept: application/x-rtsp-tunnelled\r\n" +
    "Pragma: no-cache\r\n" +
    "Cache-Control: no-cache\r\n\r\n",
  startLine: "GET /cam HTTP/1.1",
  headers: [
    ["User-Agent", "Lavf/59.27.100"],
    ["Range", "bytes=0-"],
    ["Connection", "close"],
    ["Host", "127.0.0.1:8554"],
    ["x-sessioncookie", "8d7e5d6b1a2f3c4d"],
    ["Accept", "application/x-rtsp-tunnelled"],
    ["Pragma", "no-cache"],
    ["Cache-Control", "no-cache"],
  ],
}, {
  name: "POST [QuickTime dispatch 28]",
  text: "POST /live1.sdp HTTP/1.0\r\n" +
    "x-sessioncookie: tD9hKgAAfB8ABCftAAAAAw\r\n" +
    "Content-Type: application/x-rtsp-tunnelled\r\n" +
    "Content-Length: 32767\r\n" +
    "Expires: Sun, 9 Jan 1972 00:00:00 GMT\r\n\r\n",
  startLine: "POST /live1.sdp HTTP/1.0",
  headers: [
    ["x-sessioncookie", "tD9hKgAAfB8ABCftAAAAAw"],
    ["Content-Type", "application/x-rtsp-tunnelled"],
    ["Content-Length", "32767"],
    ["Expires", "Sun, 9 Jan 1972 00:00:00 GMT"],
  ],
}, {
  name: "an answer with lines that end with LF alone",
  text: "HTTP/1.0 200 OK\nServer: x\nEmpty:\n\n",
  startLine: "HTTP/1.0 200 OK",
  headers: [["Server", "x"], ["Empty", ""]],
}, {
  name: "an answer without headers",
  text: "HTTP/1.0 404\r\n\r\n",
  startLine: "HTTP/1.0 404",
  headers: [],
}];

function read(...chunks: readonly Uint8Array[]) {
  const connection = new FakeTcpConnection(new FakeClock());
  for (const chunk of chunks) connection.receive(chunk);
  connection.endInput();
  return { connection, head: readHttpHead(connection) };
}

async function rest(connection: FakeTcpConnection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(100);
    const count = await connection.read(chunk);
    if (count === undefined) return concatBytes(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}

function listOf(head: HttpHead): unknown {
  return { startLine: head.startLine, headers: [...head.headers] };
}

for (const { name, text, startLine, headers } of HEADS) {
  const bytes = bytesOf(text);

  Deno.test(`parseHttpHead() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(listOf(parseHttpHead(bytes)), { startLine, headers });
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`readHttpHead() reads ${name} in any chunks and no further`, async () => {
    const behind = Uint8Array.of(13, 10, 1, 2, 3, 13, 10, 13, 10, 4);
    for (const chunks of chunkings(concatBytes([bytes, behind]))) {
      const { connection, head } = read(...chunks);
      assertEquals(listOf((await head)!), { startLine, headers });
      assertEquals(await rest(connection), behind);
    }
  });

  Deno.test(`readHttpHead() finds no head in any prefix of ${name}`, async () => {
    for (const prefix of prefixes(bytes)) {
      assertEquals(await read(prefix).head, undefined);
    }
  });
}

const BAD_HEADS: readonly [name: string, text: string][] = [
  ["a header without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n"],
  ["a header without a name", "GET / HTTP/1.1\r\n: x\r\n\r\n"],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"],
  ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n"],
  ["a control character in a header", "GET / HTTP/1.1\r\nA: \x1b[1m\r\n\r\n"],
  ["a control character in the start line", "GET /\x00 HTTP/1.1\r\n\r\n"],
];

for (const [name, text] of BAD_HEADS) {
  Deno.test(`parseHttpHead() rejects ${name}`, () => {
    assertThrows(() => parseHttpHead(bytesOf(text)), ParseError);
  });
}

Deno.test("parseHttpHead() takes no more headers than its limit", () => {
  const headOf = (headers: number) =>
    bytesOf(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(headers)}\r\n`);
  const { headers } = parseHttpHead(headOf(MAX_HTTP_HEADERS));
  assertEquals(headers.getAll("a").length, MAX_HTTP_HEADERS);
  const error = assertThrows(
    () => parseHttpHead(headOf(MAX_HTTP_HEADERS + 1)),
    ParseError,
  );
  assert(error.message.includes("is one of over 64 headers"), error.message);
});

Deno.test("readHttpHead() takes no more bytes than its limit", async () => {
  const start = "GET / HTTP/1.1\r\nA: ";
  const fill = "b".repeat(MAX_HTTP_HEAD_BYTES - start.length - 4);
  assert(await read(bytesOf(`${start}${fill}\r\n\r\n`)).head);
  let error: unknown;
  await read(bytesOf(`${start}b${fill}\r\n\r\n`)).head
    .catch((reason) => error = reason);
  assert(error instanceof ParseError);
  assertEquals(
    error.message,
    "Cannot parse HTTP head: head at byte 8192: has over 8192 bytes",
  );
});

Deno.test("parseHttpHead() throws nothing but ParseError, whatever comes", () => {
  for (const bytes of mutations(HEADS.map(({ text }) => bytesOf(text)))) {
    try {
      const head = parseHttpHead(bytes);
      requestMethod(head);
      responseStatus(head);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

const METHODS: readonly [startLine: string, method: string | undefined][] = [
  ["GET / HTTP/1.0", "GET"],
  ["POST /a?b=c HTTP/1.1", "POST"],
  ["GET / HTTP/2.0", undefined],
  ["GET /", undefined],
  ["GET / RTSP/1.0", undefined],
  ["GET  / HTTP/1.0", undefined],
  ["", undefined],
];

for (const [startLine, method] of METHODS) {
  Deno.test(`requestMethod() reads ${JSON.stringify(startLine)}`, () => {
    const head = parseHttpHead(bytesOf(`${startLine}\r\n\r\n`));
    if (method === undefined) {
      assertThrows(() => requestMethod(head), ParseError);
    } else assertEquals(requestMethod(head), method);
  });
}

const STATUSES: readonly [startLine: string, status: unknown][] = [
  ["HTTP/1.1 200 OK", { status: 200, text: "200 OK" }],
  ["HTTP/1.0 404 Not Found", { status: 404, text: "404 Not Found" }],
  ["HTTP/1.0 401", { status: 401, text: "401" }],
  ["HTTP/1.0 401 ", { status: 401, text: "401" }],
  ["HTTP/1.0 600 X", undefined],
  ["RTSP/1.0 200 OK", undefined],
  ["GET / HTTP/1.1", undefined],
];

for (const [startLine, status] of STATUSES) {
  Deno.test(`responseStatus() reads ${JSON.stringify(startLine)}`, () => {
    const head = parseHttpHead(bytesOf(`${startLine}\r\n\r\n`));
    if (status) assertEquals(responseStatus(head), status);
    else assertThrows(() => responseStatus(head), ParseError);
  });
}

const ITEMS: readonly [value: string, isThere: boolean][] = [
  ["upgrade", true],
  ["keep-alive, Upgrade", true],
  ["UPGRADE;q=1,x", true],
  ["upgrades", false],
  ["", false],
];

for (const [value, isThere] of ITEMS) {
  Deno.test(`hasItem() answers ${isThere} for ${JSON.stringify(value)}`, () => {
    const text = `GET / HTTP/1.1\r\nConnection: ${value}\r\n\r\n`;
    const head = parseHttpHead(bytesOf(text));
    assertEquals(hasItem(head, "Connection", "Upgrade"), isThere);
  });
}

Deno.test("serializeHttpHead() and serializeHttpResponse() write heads", () => {
  assertEquals(
    serializeHttpHead("GET / HTTP/1.0", { Host: "a:1", Left: undefined }),
    bytesOf("GET / HTTP/1.0\r\nHost: a:1\r\n\r\n"),
  );
  assertEquals(
    serializeHttpResponse("HTTP/1.1", 404, { Connection: "close" }),
    bytesOf(
      "HTTP/1.1 404 Not Found\r\nServer: weir\r\nConnection: close\r\n\r\n",
    ),
  );
});
