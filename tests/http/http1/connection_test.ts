import { acceptedKey } from "#http/http1/websocket_handshake.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { chunkings } from "#test/splits.ts";
import { ConnectionScene, get, HEAD } from "./connection_scene.ts";

const encoder = new TextEncoder();

Deno.test("Http1Connection answers requests that come at once in their order", async () => {
  const scene = new ConnectionScene();
  const more = get("/now?3") + get("/b") + get("/later?5") + get("/now?6");
  await scene.send(get("/now?1") + get("/later?2") + more);
  assertEquals(scene.answers().map(({ body }) => body), ["/now 1"]);
  assertEquals(scene.connection.isWaiting, false);
  scene.waiting.shift()!.answer(HEAD, encoder.encode("two"));
  await settled();
  const bodies = scene.answers().map(({ body }) => body);
  assertEquals(bodies, ["two", "/now 3", "GET http://a/b"]);
  const [fifth] = scene.waiting;
  assertEquals(fifth?.query, "5");
  fifth!.answer(HEAD, encoder.encode("five"));
  await settled();
  const last = scene.answers();
  assertEquals(last.map(({ body }) => body), ["five", "/now 6"]);
  const { date, ...fields } = last[0]!.fields;
  assert(Math.abs(Date.parse(date!) - Date.now()) < 60_000, date);
  assertEquals(fields, {
    "content-type": "text/plain",
    server: "mediamtx",
    "content-length": "4",
  });
  assert(scene.connection.isWaiting && !scene.hasEnded, "it waits for more");
  const direct = ["/now", "/later", "/now", "/later", "/now"];
  assertEquals(scene.answered.map((one) => one.split(" ")[0]), direct);
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection answers the same however requests are split", async () => {
  const text = get("/now?1") + get("/b") + "\r\n" + get("/now?2", "A: b\r\n") +
    `HEAD /c HTTP/1.1\r\nHost: a\r\n\r\n` +
    get("/now", "Connection: close\r\n");
  let expected: unknown;
  for (const chunks of chunkings(encoder.encode(text), 3)) {
    const scene = new ConnectionScene();
    for (const chunk of chunks) scene.tcp.receive(chunk);
    await scene.ended;
    const answers = scene.answers((i) => i === 3)
      .map(({ status, body, fields: { date: _, ...fields } }) => {
        return { status, body, fields };
      });
    assertEquals(answers.length, 5);
    assertEquals(answers, expected ??= answers);
  }
});

const KEPT: readonly [
  name: string,
  request: string,
  isKept: boolean,
  option: string | undefined,
][] = [
  ["HTTP/1.1", get("/now"), true, undefined],
  ["HTTP/1.1 to a route", get("/b"), true, undefined],
  [
    "HTTP/1.1 with close",
    get("/now", "Connection: close\r\n"),
    false,
    "close",
  ],
  ["close to a route", get("/b", "Connection: close\r\n"), false, "close"],
  ["HTTP/1.0", get("/now", "", "1.0"), false, "close"],
  ["HTTP/1.0 to a route", get("/b", "", "1.0"), false, "close"],
  [
    "HTTP/1.0 with keep-alive",
    get("/now", "Connection: keep-alive\r\n", "1.0"),
    true,
    "keep-alive",
  ],
  [
    "a body",
    get("/now", "Content-Length: 39\r\n") + get("/smuggled"),
    false,
    "close",
  ],
  [
    "a body in chunks",
    get("/now", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n" + get("/now"),
    false,
    "close",
  ],
  [
    "a body of two lengths",
    get("/now", "Transfer-Encoding: identity\r\nContent-Length: 0\r\n"),
    false,
    "close",
  ],
  [
    "a body that is held back",
    get("/b", "Expect: 100-continue\r\nContent-Length: 9\r\n"),
    false,
    "close",
  ],
  [
    "HTTP/2 offered",
    get("/now", "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    true,
    undefined,
  ],
];

for (const [name, request, isKept, option] of KEPT) {
  Deno.test(`Http1Connection ${isKept ? "goes on" : "ends"} after ${name}`, async () => {
    const scene = new ConnectionScene();
    await scene.send(request);
    const [answer, ...more] = scene.answers();
    assertEquals([answer?.status, more.length], [200, 0]);
    assertEquals(answer!.fields["connection"], option);
    assertEquals(scene.tcp.isClosed, !isKept);
    if (isKept) {
      await scene.send(get("/now?again"));
      assertEquals(scene.answers()[0]?.body, "/now again");
      scene.tcp.endInput();
    }
    await scene.ended;
    assertEquals([scene.tcp.isClosed, scene.failures.length], [true, 0]);
  });
}

const REFUSED: readonly [name: string, request: string, reason: string][] = [
  ["what is no HTTP", "\x16\x03\x01\r\n\r\n", "request line"],
  ["a line that is no field", get("/now", "a b\r\n"), "no field"],
  ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "not of this server"],
  ["TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "Cannot understand"],
  ["another scheme", get("https://a/now"), "not of this server"],
  ["a file", get("file:///etc/passwd"), "not of this server"],
  ...[
    "/..",
    "/../now",
    "/b/../now",
    "/b/./c",
    "/b/%2E%2e?",
    "/.%2e/c",
    "/b\\c",
    "/b/.",
  ]
    .map((target): [string, string, string] => [
      `the path ${target}`,
      get(target),
      "the path has dots",
    ]),
  ...["a/b?", "a@b", "a#", "a b", "a\\b", "a:x", "[a", "a:1:2", "é", "a,b?"]
    .map((
      host,
    ): [string, string, string] => [
      `the host ${host}`,
      `GET /b HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      "the field Host is no host",
    ]),
];

for (const [name, request, reason] of REFUSED) {
  Deno.test(`Http1Connection refuses ${name}, and what follows`, async () => {
    const scene = new ConnectionScene();
    await scene.send(get("/now") + request + get("/now"));
    const [first, refusal, ...more] = scene.answers();
    assertEquals([first?.status, refusal?.status, more.length], [200, 400, 0]);
    assertIncludes(refusal!.body, reason);
    assertEquals(refusal!.fields["connection"], "close");
    await scene.ended;
    assertEquals([scene.routed, scene.failures], [[], []]);
  });
}

Deno.test("Http1Connection gives the routes a URL with the host, or as it was sent", async () => {
  const scene = new ConnectionScene();
  const ipv6 = "GET /a%2Fb?c#d HTTP/1.1\r\nHost: [::1]:8888\r\n\r\n";
  const none = "GET /e..f/.g/...?/../ HTTP/1.1\r\nHost:\r\n\r\n";
  await scene.send(ipv6 + none + get("HTTP://b:1/c?d"));
  assertEquals(scene.routed.map(({ url }) => url), [
    "http://[::1]:8888/a%2Fb?c#d",
    "http://localhost/e..f/.g/...?/../",
    "http://b:1/c?d",
  ]);
  assertEquals(scene.answers().length, 3);
  scene.tcp.endInput();
  await scene.ended;
});

Deno.test("Http1Connection asks directly with escapes resolved, by the address that the service finds", async () => {
  const seen: string[] = [];
  const scene = new ConnectionScene({
    direct: ({ path, query, ip }) => {
      seen.push([path, query, ip].join("|"));
      return false;
    },
  });
  await scene.send(
    get("/a%2Fb%20c?d%20e?f") + get("/x", "X-Forwarded-For: 192.0.2.9\r\n") +
      get("/%zz") + get("/%ff"),
  );
  assertEquals(seen, ["/a/b c|d%20e?f|198.51.100.7", "/x||192.0.2.9"]);
  assertEquals(scene.routed.length, 4);
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection keeps a note of a client that sends the same fields, and of no other", async () => {
  const notes: unknown[] = [];
  const scene = new ConnectionScene({
    direct: (request) => {
      notes.push(request.note);
      request.note = { path: request.path };
      request.answer(HEAD, new Uint8Array());
      return true;
    },
  });
  for (
    const text of [
      get("/1", "Cookie: a=b\r\n"),
      get("/2", "Cookie: a=b\r\n"),
      get("/3", "Cookie: a=c\r\n"),
      get("/4", "Cookie: a=c\r\nX-Forwarded-For: 192.0.2.9\r\n"),
      get("/5") + get("/6", "Cookie: a=b\r\n"),
    ]
  ) await scene.send(text);
  const none = undefined;
  assertEquals(notes, [none, { path: "/1" }, none, none, none, none]);
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection forgets a peer that has gone when it answers, and sends nothing", async () => {
  const scene = new ConnectionScene();
  await scene.send(get("/later"));
  scene.tcp.endInput();
  scene.waiting[0]!.answer(HEAD, encoder.encode("late"));
  await scene.ended;
  const broken = new ConnectionScene();
  await broken.send(get("/later"));
  broken.tcp.onBroken!(new Error("reset"));
  await broken.ended;
  const [asked] = broken.waiting;
  for (const text of ["late", "twice"]) {
    asked!.answer(HEAD, encoder.encode(text));
  }
  assertEquals([broken.answers(), broken.answered, broken.failures], [
    [],
    [],
    [],
  ]);
});

Deno.test("Http1Connection takes one answer for a request", async () => {
  const scene = new ConnectionScene({
    direct: (request) => {
      request.answer(HEAD, encoder.encode("first"));
      request.answer(HEAD, encoder.encode("second"));
      return false;
    },
  });
  await scene.send(get("/") + get("/"));
  assertEquals(scene.answers().map(({ body }) => body), ["first", "first"]);
  assertEquals(scene.routed, []);
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection tells of an error that is the program's, and ends", async () => {
  for (
    const changes of [
      { serve: () => Promise.reject(new TypeError("a bug")) },
      { clientIp: () => raise(new TypeError("a bug")) },
    ]
  ) {
    const scene = new ConnectionScene(changes);
    await scene.send(get("/b") + get("/now"));
    await scene.ended;
    assertEquals(scene.failures.map(String), ["TypeError: a bug"]);
    assertEquals([scene.answers(), scene.tcp.isClosed], [[], true]);
  }
});

Deno.test("Http1Connection ends when the routes' answer breaks off, which the peer sees", async () => {
  const scene = new ConnectionScene({
    serve: () => {
      let count = 0;
      const stream = new ReadableStream({
        pull: (controller) => {
          if (count++ < 3) controller.enqueue(new Uint8Array(40_000));
          else controller.error(new Error("the file has gone"));
        },
      });
      return Promise.resolve(new Response(stream));
    },
  });
  await scene.send(get("/b") + get("/now"));
  await scene.ended;
  const text = new TextDecoder().decode(scene.tcp.takeSent());
  assertIncludes(text, "Transfer-Encoding: chunked");
  assertEquals(text.endsWith("0\r\n\r\n"), false);
  assertEquals([text.split("HTTP/1.1").length, scene.failures], [2, []]);
});

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const UPGRADE =
  `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n`;

Deno.test("Http1Connection becomes a WebSocket, until the peer leaves", async () => {
  let closed: Promise<string> | undefined;
  const scene = new ConnectionScene({
    serve: (_request, { upgradeToWebSocket }) => {
      const { response, socket } = upgradeToWebSocket();
      closed = socket.closed;
      socket.opened.then(() => socket.send("hello"));
      return Promise.resolve(response);
    },
  });
  await scene.send(get("/b", UPGRADE));
  const text = new TextDecoder("latin1").decode(scene.tcp.takeSent());
  const [head = "", frame] = text.split("\r\n\r\n");
  assert(head.startsWith("HTTP/1.1 101 Switching Protocols\r\n"), head);
  assertIncludes(head, `sec-websocket-accept: ${acceptedKey(KEY)}`);
  assertEquals(frame, "\x81\x05hello");
  await scene.pass(5_000);
  assertEquals(scene.hasEnded, false);
  scene.tcp.endInput();
  assertEquals(await closed, "the peer closed it");
  await scene.ended;
  assertEquals(scene.failures, []);
});

Deno.test("Http1Connection ends a WebSocket that a route did not answer with", async () => {
  let closed: Promise<string> | undefined;
  const scene = new ConnectionScene({
    serve: (_request, { upgradeToWebSocket }) => {
      closed = upgradeToWebSocket().socket.closed;
      return Promise.resolve(new Response(null, { status: 500 }));
    },
  });
  await scene.send(get("/b", UPGRADE) + get("/now"));
  assertEquals(scene.answers().map(({ status }) => status), [500, 200]);
  assertEquals(await closed, "the peer closed it");
  scene.connection.close();
  await scene.ended;
});

Deno.test("Http1Connection says that no WebSocket was asked for", async () => {
  const errors: unknown[] = [];
  const scene = new ConnectionScene({
    serve: (_request, { upgradeToWebSocket }) => {
      try {
        return Promise.resolve(upgradeToWebSocket().response);
      } catch (error) {
        errors.push(error);
        return Promise.resolve(new Response(null, { status: 400 }));
      }
    },
  });
  await scene.send(
    get("/") + get("/", UPGRADE.replace("13", "8")) +
      get("/", UPGRADE.replace("==", "=")) +
      get("/", UPGRADE.replace("websocket", "h2c")) +
      get("/", `${UPGRADE}Sec-WebSocket-Key: ${KEY}\r\n`) +
      get("/", `${UPGRADE}Connection: keep-alive\r\n`, "1.0"),
  );
  const statuses = scene.answers().map(({ status }) => status);
  assertEquals(statuses, [400, 400, 400, 400, 400, 400]);
  assert(errors.every((error) => error instanceof TypeError));
  scene.connection.close();
  await scene.ended;
});

function raise(error: Error): never {
  throw error;
}
