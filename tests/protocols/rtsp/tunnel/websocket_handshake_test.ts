import {
  type HttpHead,
  HttpRefusal,
  parseHttpHead,
  serializeHttpHead,
  serializeHttpResponse,
} from "#protocols/rtsp/tunnel/http_head.ts";
import {
  acceptUpgrade,
  checkUpgrade,
  isUpgrade,
  requestUpgrade,
} from "#protocols/rtsp/tunnel/websocket_handshake.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

type Fields = Readonly<Record<string, string | undefined>>;

/** ONVIF Streaming Specification §7. */
const REQUEST: Fields = {
  Host: "192.168.0.1",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  Origin: "http://example.com",
  "Sec-WebSocket-Protocol": "rtsp.onvif.org",
  "Sec-WebSocket-Version": "13",
};

const ANSWER: Fields = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  "Sec-WebSocket-Protocol": "rtsp.onvif.org",
};

function request(changes: Fields, version = "HTTP/1.1"): HttpHead {
  const startLine = `GET /webSocketServer ${version}`;
  return parseHttpHead(
    serializeHttpHead(startLine, { ...REQUEST, ...changes }),
  );
}

function answer(changes: Fields, status = "101 X"): HttpHead {
  const startLine = `HTTP/1.1 ${status}`;
  return parseHttpHead(serializeHttpHead(startLine, { ...ANSWER, ...changes }));
}

const TAKEN: readonly [name: string, changes: Fields][] = [
  ["the example of the specification", {}],
  ["lists and other letters [Firefox]", {
    Connection: "keep-alive, Upgrade",
    Upgrade: "WebSocket",
    "Sec-WebSocket-Protocol": "other, rtsp.onvif.org",
  }],
  ["extensions, which are not agreed on [Chromium]", {
    "Sec-WebSocket-Extensions": "permessage-deflate",
  }],
];

for (const [name, changes] of TAKEN) {
  Deno.test(`acceptUpgrade() takes ${name}`, () => {
    const head = request(changes);
    assert(isUpgrade(head));
    assertEquals(acceptUpgrade(head), { ...ANSWER });
  });
}

const REFUSED: readonly [name: string, changes: Fields, status: number][] = [
  ["no Connection: Upgrade", { Connection: "close" }, 400],
  ["another version", { "Sec-WebSocket-Version": "8" }, 426],
  ["no version", { "Sec-WebSocket-Version": undefined }, 426],
  ["another protocol", { "Sec-WebSocket-Protocol": "mqtt" }, 400],
  ["no protocol", { "Sec-WebSocket-Protocol": undefined }, 400],
  ["no key", { "Sec-WebSocket-Key": undefined }, 400],
  ["a short key", { "Sec-WebSocket-Key": "AAAA" }, 400],
  ["a key that is no base64", {
    "Sec-WebSocket-Key": "!GhlIHNhbXBsZSBub25jZQ==",
  }, 400],
  ["two keys", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" }, 400],
];

for (const [name, changes, status] of REFUSED) {
  Deno.test(`acceptUpgrade() refuses ${name} with ${status}`, () => {
    const error = assertThrows(
      () => acceptUpgrade(request(changes)),
      HttpRefusal,
    );
    assertEquals(error.status, status);
    assertEquals(
      error.headers,
      status === 426
        ? { Upgrade: "websocket", "Sec-WebSocket-Version": "13" }
        : {},
    );
  });
}

Deno.test("acceptUpgrade() refuses HTTP/1.0", () => {
  assertThrows(() => acceptUpgrade(request({}, "HTTP/1.0")), HttpRefusal);
});

Deno.test("checkUpgrade() takes what acceptUpgrade() answers to requestUpgrade()", () => {
  const { key, headers } = requestUpgrade();
  assert(requestUpgrade().key !== key);
  const asked = serializeHttpHead("GET / HTTP/1.1", headers);
  const accepted = acceptUpgrade(parseHttpHead(asked));
  const head = serializeHttpResponse("HTTP/1.1", 101, accepted);
  checkUpgrade(parseHttpHead(head), key);
});

Deno.test("checkUpgrade() takes an answer without a protocol [MediaMTX 1.20]", () => {
  const head = answer({ "Sec-WebSocket-Protocol": undefined });
  checkUpgrade(head, REQUEST["Sec-WebSocket-Key"]!);
});

const BAD_ANSWERS: readonly [name: string, head: HttpHead, message: string][] =
  [
    [
      "a refusal",
      answer({}, "404 Not Found"),
      'it was answered "404 Not Found"',
    ],
    [
      "another key's answer",
      answer({ "Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }),
      "the answer does not belong to the WebSocket handshake",
    ],
    [
      "no Upgrade",
      answer({ Upgrade: undefined }),
      "the answer does not belong to the WebSocket handshake",
    ],
    [
      "another protocol",
      answer({ "Sec-WebSocket-Protocol": "mqtt" }),
      "the answer agrees on what was not asked for",
    ],
    [
      "an extension",
      answer({ "Sec-WebSocket-Extensions": "permessage-deflate" }),
      "the answer agrees on what was not asked for",
    ],
  ];

for (const [name, head, message] of BAD_ANSWERS) {
  Deno.test(`checkUpgrade() refuses ${name}`, () => {
    const error = assertThrows(
      () => checkUpgrade(head, REQUEST["Sec-WebSocket-Key"]!),
      Error,
    );
    assertEquals(error.message, message);
  });
}
