import { RtspConnection } from "#protocols/rtsp/connection.ts";
import {
  MAX_WAITING_REQUESTS,
  TunnelEntrance,
} from "#protocols/rtsp/tunnel/tunnel_entrance.ts";
import { Opcode, serializeMaskedFrame } from "#http/http1/websocket_frame.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  URL_OF_CAM,
} from "../fake_peer.ts";
import { bytesOf, textOf } from "../wire/messages.ts";

const IP = "198.51.100.7";
const MASK = Uint8Array.of(9, 8, 7, 6);

const OPENED = "HTTP/1.0 200 OK\r\nServer: weir\r\n" +
  "Content-Type: application/x-rtsp-tunnelled\r\n" +
  "Cache-Control: no-cache\r\nPragma: no-cache\r\nConnection: close\r\n\r\n";

const UPGRADE = "GET /any HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Protocol: rtsp.onvif.org\r\n\r\n";

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nServer: weir\r\n" +
  "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
  "Sec-WebSocket-Protocol: rtsp.onvif.org\r\n\r\n";

function getText(cookie: string): string {
  return "GET /cam HTTP/1.0\r\nAccept: application/x-rtsp-tunnelled\r\n" +
    `x-sessioncookie: ${cookie}\r\n\r\n`;
}

function postText(cookie: string): string {
  return "POST /cam HTTP/1.0\r\nContent-Type: application/x-rtsp-tunnelled\r\n" +
    `Content-Length: 32767\r\nx-sessioncookie: ${cookie}\r\n\r\n`;
}

function requestText(method: string, url: string, more = ""): string {
  return `${method} ${url} RTSP/1.0\r\nCSeq: 1\r\n${more}\r\n`;
}

/** An RTSP server that takes tunnels. */
class Entered {
  readonly server: FakeRtspServer = fakeRtspServer();
  #entrance = new TunnelEntrance(this.server.clock);
  #tcps: FakeTcpConnection[] = [];
  #running: Promise<void>[] = [];

  /** A peer connects and says something. */
  async connect(text: string, ip = IP): Promise<FakeTcpConnection> {
    const { clock, context } = this.server;
    const port = 40_000 + this.#tcps.length;
    const tcp = new FakeTcpConnection(clock, { ip, port });
    const connection = new RtspConnection(tcp, context, {
      entrance: this.#entrance,
    });
    this.#tcps.push(tcp);
    this.#running.push(connection.run());
    tcp.receive(bytesOf(text));
    await settled();
    return tcp;
  }

  /** Both halves of a tunnel. */
  async connectBoth(cookie = "a") {
    const get = await this.connect(getText(cookie));
    const post = await this.connect(postText(cookie));
    get.takeSent();
    post.takeSent();
    return { get, post };
  }

  /** Lines about one connection. */
  linesOf(port: number): string[] {
    const prefix = `info: [conn ${IP}:${port}] `;
    return this.server.lines.filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length));
  }

  async close(): Promise<void> {
    for (const tcp of this.#tcps) tcp.close();
    await Promise.all(this.#running);
    assertEquals(this.server.context.connections.size, 0);
    assertEquals(this.server.sessions.list(), []);
    await this.server.close();
  }
}

async function said(tcp: FakeTcpConnection): Promise<string> {
  await settled();
  return textOf(tcp.takeSent());
}

const STARTS: readonly [text: string, isHttp: boolean][] = [
  ["GET", false],
  ["GET ", true],
  ["GET / HTTP/1.0", true],
  ["GET_PARAMETER", false],
  ["POST", false],
  ["POST /", true],
  ["PLAY", false],
  ["OPTIONS", false],
  ["$", false],
];

for (const [text, isHttp] of STARTS) {
  Deno.test(`TunnelEntrance.isWanted() answers ${isHttp} to ${JSON.stringify(text)}`, async () => {
    const clock = new FakeClock();
    const tcp = new FakeTcpConnection(clock);
    for (const byte of bytesOf(text)) tcp.receive(Uint8Array.of(byte));
    tcp.endInput();
    assertEquals(await new TunnelEntrance(clock).isWanted(tcp), isHttp);
  });
}

Deno.test("TunnelEntrance makes one connection of a GET and a POST request", async () => {
  const entered = new Entered();
  const get = await entered.connect(getText("a"));
  assertEquals(await said(get), OPENED);
  const body = bytesOf(requestText("OPTIONS", "*")).toBase64();
  const post = await entered.connect(postText("a") + body);
  assertEquals(await said(post), OPENED);
  assert((await said(get)).startsWith("RTSP/1.0 200 OK\r\nCSeq: 1\r\n"));
  assertEquals(entered.linesOf(40_000), [
    "opened",
    "closed: goes on in tunnel http",
    "opened, tunnel http",
  ]);
  assertEquals(entered.linesOf(40_001), [
    "opened",
    "closed: goes on in tunnel http",
  ]);
  const listed = entered.server.sessions.list();
  assertEquals(
    listed.map(({ remoteAddress }) => remoteAddress),
    [`${IP}:40000`],
  );
  post.endInput();
  await settled();
  assert(get.isClosed && post.isClosed);
  assertEquals(entered.linesOf(40_000).at(-1), "closed: EOF");
  await entered.close();
});

Deno.test("TunnelEntrance makes a connection of a WebSocket", async () => {
  const entered = new Entered();
  const tcp = await entered.connect(UPGRADE);
  assertEquals(await said(tcp), UPGRADED);
  const request = bytesOf(requestText("OPTIONS", "*"));
  tcp.receive(serializeMaskedFrame(Opcode.binary, request, MASK));
  await settled();
  const answer = tcp.takeSent();
  assertEquals(answer.subarray(0, 2).toHex(), "827e");
  assert(textOf(answer.subarray(4)).startsWith("RTSP/1.0 200 OK\r\n"));
  assertEquals(entered.linesOf(40_000), [
    "opened",
    "closed: goes on in tunnel websocket",
    "opened, tunnel websocket",
  ]);
  tcp.receive(serializeMaskedFrame(Opcode.close, new Uint8Array(0), MASK));
  await settled();
  assert(tcp.isClosed);
  assertEquals(entered.linesOf(40_000).at(-1), "closed: EOF");
  await entered.close();
});

Deno.test("TunnelEntrance lets RTSP pass", async () => {
  const entered = new Entered();
  const tcp = await entered.connect("GET");
  tcp.receive(bytesOf("_PARAMETER * RTSP/1.0\r\nCSeq: 7\r\n\r\n"));
  assert((await said(tcp)).includes("\r\nCSeq: 7\r\n"));
  assertEquals(entered.linesOf(40_000), ["opened"]);
  await entered.close();
});

for (const kind of ["http", "websocket"] as const) {
  Deno.test(`RtspConnection refuses UDP within tunnel ${kind} with 461`, async () => {
    const entered = new Entered();
    const publishing = entered.server.connect();
    await publishing.publish();
    const setup = bytesOf(
      requestText(
        "SETUP",
        `${URL_OF_CAM}/trackID=0`,
        "Transport: RTP/AVP;unicast;client_port=6000-6001\r\n",
      ),
    );
    let answers: FakeTcpConnection;
    if (kind === "http") {
      const { get, post } = await entered.connectBoth();
      post.receive(bytesOf(setup.toBase64()));
      answers = get;
    } else {
      answers = await entered.connect(UPGRADE);
      await said(answers);
      answers.receive(serializeMaskedFrame(Opcode.binary, setup, MASK));
    }
    const text = await said(answers);
    assert(text.includes("RTSP/1.0 461 Unsupported Transport\r\n"), text);
    publishing.tcp.close();
    await publishing.done;
    await entered.close();
  });
}

const REFUSALS: readonly [
  name: string,
  text: string,
  answer: string,
  reason: string,
][] = [
  [
    "any other request",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "400 Bad Request",
    "an HTTP request that opens no tunnel",
  ],
  [
    "a GET request without a cookie",
    "GET / HTTP/1.0\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n",
    "400 Bad Request",
    "an HTTP request that opens no tunnel",
  ],
  [
    "a POST request of another type",
    "POST / HTTP/1.0\r\nX-Sessioncookie: a\r\n\r\n",
    "400 Bad Request",
    "an HTTP request that opens no tunnel",
  ],
  [
    "a POST request without a GET request",
    postText("a"),
    "404 Not Found",
    "a POST request to which no GET request belongs",
  ],
  [
    "a WebSocket of another version",
    UPGRADE.replace("Version: 13", "Version: 8"),
    "426 Upgrade Required",
    "WebSocket is not of version 13",
  ],
  [
    "what is no HTTP request",
    "GET / RTSP/1.0\r\n\r\n",
    "400 Bad Request",
    "Cannot parse HTTP head: start line at byte 0: is not that of an HTTP/1 request",
  ],
  [
    "a head without an end",
    `GET / HTTP/1.0\r\n${"A: b\r\n".repeat(2_000)}`,
    "400 Bad Request",
    "Cannot parse HTTP head: head at byte 8192: has over 8192 bytes",
  ],
];

for (const [name, text, answer, reason] of REFUSALS) {
  Deno.test(`TunnelEntrance answers ${name} with ${answer}`, async () => {
    const entered = new Entered();
    const tcp = await entered.connect(text);
    const [first, ...rest] = (await said(tcp)).split("\r\n");
    assertEquals(first, `HTTP/1.1 ${answer}`);
    assertEquals(rest.slice(-4), [
      "Connection: close",
      "Content-Length: 0",
      "",
      "",
    ]);
    assert(tcp.isClosed);
    assertEquals(entered.linesOf(40_000), ["opened", `closed: ${reason}`]);
    await entered.close();
  });
}

Deno.test("TunnelEntrance refuses a cookie while a GET request waits with it", async () => {
  const entered = new Entered();
  const first = await entered.connect(getText("a"));
  const second = await entered.connect(getText("a"));
  assert((await said(second)).startsWith("HTTP/1.1 400 Bad Request\r\n"));
  const elsewhere = await entered.connect(getText("a"), "192.0.2.5");
  assertEquals(await said(elsewhere), OPENED);
  await entered.connect(postText("a"));
  assertEquals(entered.linesOf(40_000).at(-1), "opened, tunnel http");
  assertEquals(entered.linesOf(40_001), [
    "opened",
    "closed: another GET request waits with the same X-Sessioncookie",
  ]);
  const again = await entered.connect(getText("a"));
  assertEquals(await said(again), OPENED, "the first one does not wait now");
  first.close();
  await entered.close();
});

Deno.test("TunnelEntrance takes no POST request from another address", async () => {
  const entered = new Entered();
  await entered.connect(getText("a"));
  const post = await entered.connect(postText("a"), "192.0.2.5");
  assert((await said(post)).startsWith("HTTP/1.1 404 Not Found\r\n"));
  await entered.close();
});

Deno.test("TunnelEntrance waits 5 s for a POST request", async () => {
  const entered = new Entered();
  const get = await entered.connect(getText("a"));
  entered.server.pass(4_500);
  await settled();
  assert(!get.isClosed);
  entered.server.pass(500);
  await settled();
  assert(get.isClosed);
  assertEquals(await said(get), OPENED, "no second answer");
  assertEquals(
    entered.linesOf(40_000).at(-1),
    "closed: no POST request of the tunnel within 5 s",
  );
  const post = await entered.connect(postText("a"));
  assert((await said(post)).startsWith("HTTP/1.1 404 Not Found\r\n"));
  await entered.close();
});

Deno.test("TunnelEntrance forgets a GET request whose peer leaves", async () => {
  const entered = new Entered();
  const get = await entered.connect(getText("a"));
  get.endInput();
  await settled();
  assert(get.isClosed);
  assertEquals(
    entered.linesOf(40_000).at(-1),
    "closed: the peer ended before its POST request",
  );
  const again = await entered.connect(getText("a"));
  assertEquals(await said(again), OPENED);
  await entered.close();
  assertEquals(entered.server.clock.pendingTimers, 0);
});

Deno.test("TunnelEntrance lets a limited number of GET requests wait", async () => {
  const entered = new Entered();
  for (let i = 0; i < MAX_WAITING_REQUESTS; i++) {
    await entered.connect(getText(`${i}`));
  }
  const refused = await entered.connect(getText("more"));
  const text = await said(refused);
  assert(text.startsWith("HTTP/1.1 503 Service Unavailable\r\n"), text);
  assert(refused.isClosed);
  await entered.connect(postText("0"));
  const taken = await entered.connect(getText("more"));
  assertEquals(await said(taken), OPENED);
  await entered.close();
});

Deno.test("TunnelEntrance gives a head 10 s, however it trickles", async () => {
  const entered = new Entered();
  const tcp = await entered.connect("GET /");
  for (let seconds = 1; seconds < 10; seconds++) {
    entered.server.pass(1_000);
    tcp.receive(bytesOf("x"));
    await settled();
  }
  assert(!tcp.isClosed);
  entered.server.pass(1_000);
  assert((await said(tcp)).startsWith("HTTP/1.1 408 Request Timeout\r\n"));
  assert(tcp.isClosed);
  assertEquals(
    entered.linesOf(40_000).at(-1),
    "closed: no whole HTTP request within 10 s",
  );
  await entered.close();
});

Deno.test("TunnelEntrance says when a peer ends within its request", async () => {
  const entered = new Entered();
  const tcp = await entered.connect("POST / HTTP/1.0\r\n");
  tcp.endInput();
  await settled();
  assertEquals(
    entered.linesOf(40_000).at(-1),
    "closed: the peer ended within its HTTP request",
  );
  await entered.close();
});

Deno.test("RtspConnection ends a tunnel with one line when its base64 is none", async () => {
  const entered = new Entered();
  const { get, post } = await entered.connectBoth();
  post.receive(bytesOf("OPTIONS * RTSP/1.0\r\n\r\n"));
  const text = await said(get);
  assert(text.startsWith("RTSP/1.0 400 Bad Request\r\n"), text);
  assert(get.isClosed && post.isClosed);
  assertEquals(entered.linesOf(40_000).slice(2), [
    "opened, tunnel http",
    "closed: Cannot parse body of the HTTP tunnel: character at byte 8: must be base64, found a byte 42",
  ]);
  await entered.close();
});

Deno.test("RtspConnection ends a WebSocket with one line and a close frame when text comes", async () => {
  const entered = new Entered();
  const tcp = await entered.connect(UPGRADE);
  await said(tcp);
  tcp.receive(serializeMaskedFrame(Opcode.text, bytesOf("hi"), MASK));
  await settled();
  assertEquals(tcp.takeSent().toHex(), "880203eb");
  assert(tcp.isClosed);
  assertEquals(entered.linesOf(40_000).slice(2), [
    "opened, tunnel websocket",
    "closed: Cannot parse WebSocket frame: opcode at byte 0: must be binary, found text",
  ]);
  await entered.close();
});

Deno.test("RtspConnection ends a tunnel when the connection of its GET request ends", async () => {
  const entered = new Entered();
  const { get, post } = await entered.connectBoth();
  get.endInput();
  await settled();
  assert(post.isClosed);
  assertEquals(entered.linesOf(40_000).at(-1), "closed: EOF");
  await entered.close();
});

Deno.test("RtspConnection within a tunnel takes HTTP for no tunnel", async () => {
  const entered = new Entered();
  const { get, post } = await entered.connectBoth();
  post.receive(bytesOf(bytesOf(getText("b")).toBase64()));
  assert((await said(get)).startsWith("RTSP/1.0 400 Bad Request\r\n"));
  await entered.close();
});

Deno.test("RtspConnection that waits for its POST request ends with the server", async () => {
  const entered = new Entered();
  const get = await entered.connect(getText("a"));
  for (const connection of entered.server.context.connections) {
    connection.closeAfterDrain("terminated");
  }
  await settled();
  assert(get.isClosed);
  assertEquals(entered.linesOf(40_000), ["opened", "closed: terminated"]);
  await entered.close();
});
