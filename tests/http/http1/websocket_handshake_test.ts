import { acceptWebSocket } from "#http/http1/websocket_handshake.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

/** RFC 6455 §1.3. */
const REQUEST = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

const TAKEN: readonly [name: string, changes: Record<string, string>][] = [
  ["the example of the specification", {}],
  ["lists and other letters [Firefox]", {
    Connection: "keep-alive, upgrade",
    Upgrade: "WebSocket, other",
  }],
  ["protocols and extensions, which are not agreed on [Chromium]", {
    "Sec-WebSocket-Protocol": "a",
    "Sec-WebSocket-Extensions": "permessage-deflate",
  }],
];

for (const [name, changes] of TAKEN) {
  Deno.test(`acceptWebSocket() takes ${name}`, () => {
    assertEquals(acceptWebSocket(new Headers({ ...REQUEST, ...changes })), {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    });
  });
}

for (
  const [name, value] of [
    ["Upgrade", "h2c"],
    ["Upgrade", "websockets"],
    ["Connection", "close"],
    ["Sec-WebSocket-Version", "8"],
    ["Sec-WebSocket-Version", "13, 13"],
    ["Sec-WebSocket-Key", ""],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Key", "dGhl"],
  ] as const
) {
  Deno.test(`acceptWebSocket() refuses ${name}: ${value}`, () => {
    const headers = new Headers({ ...REQUEST, [name]: value });
    // Twice the same field is as good as none.
    if (value === REQUEST["Sec-WebSocket-Key"]) headers.append(name, value);
    assertThrows(() => acceptWebSocket(headers), TypeError);
  });
}
