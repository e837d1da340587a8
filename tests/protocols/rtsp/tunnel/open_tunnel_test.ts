import { ClientAuthorization } from "#protocols/rtsp/client/client_authorization.ts";
import { parseOrigin } from "#protocols/rtsp/client/origin.ts";
import {
  parseHttpHead,
  serializeHttpResponse,
} from "#protocols/rtsp/tunnel/http_head.ts";
import { openTunnel } from "#protocols/rtsp/tunnel/open_tunnel.ts";
import type { TunnelKind } from "#protocols/rtsp/tunnel/tunnel_connection.ts";
import { acceptUpgrade } from "#protocols/rtsp/tunnel/websocket_handshake.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { bytesOf, textOf } from "../wire/messages.ts";

const TUNNELLED = { "Content-Type": "application/x-rtsp-tunnelled" };

interface Opening {
  readonly tunnel: Promise<TcpConnection>;
  /** Connections to the origin so far. */
  readonly dialled: readonly FakeTcpConnection[];
  readonly abort: AbortController;
}

function open(
  kind: TunnelKind,
  url = "rtsp://ann:secret@[2001:db8::1]:8554/cam/1?a=b",
): Opening {
  const origin = parseOrigin(url);
  const abort = new AbortController();
  const clock = new FakeClock();
  const dialled: FakeTcpConnection[] = [];
  const tunnel = openTunnel(kind, {
    url: origin.url,
    authorization: new ClientAuthorization(origin.credentials),
    dial: () => {
      const tcp = new FakeTcpConnection(clock);
      dialled.push(tcp);
      return Promise.resolve(tcp);
    },
    signal: abort.signal,
  });
  tunnel.catch(() => {}); // it may come before the test waits for it
  return { tunnel, dialled, abort };
}

/** What was asked over a connection, without what nobody can guess. */
async function asked(
  { dialled }: Opening,
  index: number,
): Promise<{ startLine: string; headers: Record<string, string> }> {
  await settled();
  const { startLine, headers } = parseHttpHead(dialled[index]!.takeSent());
  return { startLine, headers: Object.fromEntries(headers) };
}

Deno.test("openTunnel() asks with GET, then sends with POST and waits for no answer to it", async () => {
  const opening = open("http");
  const get = await asked(opening, 0);
  const cookie = get.headers["X-Sessioncookie"]!;
  assert(/^[0-9a-f]{32}$/.test(cookie), cookie);
  assertEquals(get, {
    startLine: "GET /cam/1?a=b HTTP/1.0",
    headers: {
      Host: "[2001:db8::1]:8554",
      "User-Agent": "weir",
      "X-Sessioncookie": cookie,
      Accept: "application/x-rtsp-tunnelled",
      Pragma: "no-cache",
      "Cache-Control": "no-cache",
    },
  });
  assertEquals(opening.dialled.length, 1);
  const answer = serializeHttpResponse("HTTP/1.0", 200, TUNNELLED);
  opening.dialled[0]!.receive(answer);
  opening.dialled[0]!.receive(bytesOf("RTSP"));
  const tunnel = await opening.tunnel;
  assertEquals(await asked(opening, 1), {
    startLine: "POST /cam/1?a=b HTTP/1.0",
    headers: {
      Host: "[2001:db8::1]:8554",
      "User-Agent": "weir",
      "X-Sessioncookie": cookie,
      "Content-Type": "application/x-rtsp-tunnelled",
      "Content-Length": "32767",
      Pragma: "no-cache",
      "Cache-Control": "no-cache",
    },
  });
  const into = new Uint8Array(10);
  assertEquals(await tunnel.read(into), 4);
  tunnel.send(bytesOf("foo"));
  assertEquals(textOf(opening.dialled[1]!.takeSent()), "Zm9v");
  tunnel.close();
});

Deno.test("openTunnel() goes on in WebSocket", async () => {
  const opening = open("websocket", "rtsp://origin");
  await settled();
  const head = parseHttpHead(opening.dialled[0]!.takeSent());
  assertEquals(head.startLine, "GET / HTTP/1.1");
  assertEquals(head.headers.get("Host"), "origin:554");
  const headers = acceptUpgrade(head);
  const answer = serializeHttpResponse("HTTP/1.1", 101, headers);
  opening.dialled[0]!.receive(answer);
  opening.dialled[0]!.receive(Uint8Array.of(0x82, 1, 7));
  const tunnel = await opening.tunnel;
  const into = new Uint8Array(10);
  assertEquals([await tunnel.read(into), into[0]], [1, 7]);
  assertEquals(opening.dialled.length, 1);
  tunnel.close();
});

Deno.test("openTunnel() answers a challenge over the next connection, for both requests", async () => {
  const opening = open("http");
  await settled();
  opening.dialled[0]!.receive(bytesOf(
    "HTTP/1.0 401 Unauthorized\r\n" +
      'WWW-Authenticate: Digest realm="cam", nonce="n"\r\n\r\n',
  ));
  const get = await asked(opening, 1);
  assert(opening.dialled[0]!.isClosed);
  assert(get.headers["Authorization"]!.startsWith('Digest username="ann"'));
  const answer = serializeHttpResponse("HTTP/1.0", 200, TUNNELLED);
  opening.dialled[1]!.receive(answer);
  const tunnel = await opening.tunnel;
  const post = await asked(opening, 2);
  assert(post.headers["Authorization"]!.includes('uri="/cam/1?a=b"'));
  tunnel.close();
});

const FAILURES: readonly [
  kind: TunnelKind,
  answer: string | undefined,
  message: string,
][] = [
  [
    "http",
    "HTTP/1.0 404 Not Found\r\n\r\n",
    'Cannot open a tunnel over HTTP to [2001:db8::1]:8554: it was answered "404 Not Found"',
  ],
  [
    "websocket",
    "HTTP/1.1 200 OK\r\n\r\n",
    'Cannot open a tunnel over WebSocket to [2001:db8::1]:8554: it was answered "200 OK"',
  ],
  [
    "http",
    "RTSP/1.0 400 Bad Request\r\n\r\n",
    "Cannot open a tunnel over HTTP to [2001:db8::1]:8554: Cannot parse HTTP head: start line at byte 0: is not that of an HTTP/1 response",
  ],
  [
    "websocket",
    undefined,
    "Cannot open a tunnel over WebSocket to [2001:db8::1]:8554: the origin has closed the connection",
  ],
];

for (const [kind, answer, wanted] of FAILURES) {
  Deno.test(`openTunnel() says why there is none over ${kind} after ${JSON.stringify(answer)}`, async () => {
    const opening = open(kind);
    await settled();
    const tcp = opening.dialled[0]!;
    if (answer !== undefined) tcp.receive(bytesOf(answer));
    tcp.endInput();
    const { message } = await assertRejects(opening.tunnel, Error);
    assertEquals(message, wanted);
    assert(opening.dialled.every(({ isClosed }) => isClosed));
  });
}

for (const kind of ["http", "websocket"] as const) {
  Deno.test(`openTunnel() over ${kind} ends with its signal`, async () => {
    const opening = open(kind);
    await settled();
    opening.abort.abort(new RangeError("enough"));
    await assertRejects(opening.tunnel, RangeError);
    assert(opening.dialled[0]!.isClosed);
  });
}
