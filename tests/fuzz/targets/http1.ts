import { RequestHeadBuffer } from "#http/http1/request_head.ts";
import { HttpError } from "#http/http_error.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  ConnectionScene,
  get,
  HEAD,
} from "../../http/http1/connection_scene.ts";
import type { FuzzTarget } from "../fuzz_target.ts";

const encoder = new TextEncoder();

const WEBSOCKET =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** Requests as clients send them: several over a connection. */
function requestSeeds(): Uint8Array[] {
  return [
    get("/now?_HLS_msn=1") + get("/now?_HLS_msn=2") + get("/later?a"),
    get("/now", "Cookie: a=b\r\nRange: bytes=0-9\r\n") + "\r\n" + get("/b"),
    get("/b", "Connection: keep-alive\r\n", "1.0") + get("/now", "", "1.0"),
    `HEAD /b HTTP/1.1\r\nHost: a:80\r\n\r\n` +
    get("http://[::1]/now", "Connection: close\r\n"),
    `POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello` + get("/b"),
    `POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    get("/ws", WEBSOCKET) + "\x89\x80abcd",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n\r\n",
  ].map((text) => Uint8Array.from(text, (one) => one.charCodeAt(0)));
}

/** Start lines and fields of all heads, and whether something was refused. */
function headsOf(input: Uint8Array, pieceBytes: number): {
  readonly heads: readonly string[];
  readonly isRefused: boolean;
} {
  const buffer = new RequestHeadBuffer();
  const heads: string[] = [];
  try {
    for (let at = 0; at < input.length;) {
      const room = buffer.room();
      assert(room.length > 0, "there is room");
      const count = Math.min(room.length, pieceBytes, input.length - at);
      room.set(input.subarray(at, at + count));
      buffer.added(count);
      at += count;
      for (let head = buffer.take(); head; head = buffer.take()) {
        const { fields, ...line } = head;
        assert(!/[\0-\x20]/.test(line.target), "the target has no blanks");
        heads.push(JSON.stringify([line, ...fields.toHeaders()]));
      }
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { heads, isRefused: true };
  }
  return { heads, isRefused: false };
}

/** What clients of the server of HTTP/1 send. */
export const HTTP1_TARGETS: readonly FuzzTarget[] = [
  {
    name: "http1_head",
    seeds: requestSeeds,
    rejects: [],
    cost: 5,
    passes: 3,
    run: (input) => {
      const whole = headsOf(input, input.length);
      assertEquals(headsOf(input, 1), whole, "byte by byte");
      assertEquals(headsOf(input, 61), whole, "in pieces");
      return whole.heads.length > 0;
    },
  },
  {
    name: "http1_connection",
    seeds: requestSeeds,
    rejects: [],
    cost: 5,
    run: async (input) => {
      const methods: string[] = [];
      let isUpgraded = false;
      const scene = new ConnectionScene({
        direct: (request) => {
          const answer = () => request.answer(HEAD, encoder.encode("direct"));
          if (request.path === "/now") answer();
          else if (request.path === "/later") queueMicrotask(answer);
          else return false;
          methods.push("GET");
          return true;
        },
        serve: ({ method, url }, { upgradeToWebSocket }) => {
          methods.push(method);
          if (url.endsWith("/ws")) {
            try {
              const { response } = upgradeToWebSocket();
              isUpgraded = true;
              return Promise.resolve(response);
            } catch (error) {
              assert(error instanceof TypeError);
            }
          }
          return Promise.resolve(new Response(url));
        },
      });
      for (let at = 0; at < input.length; at += 61) {
        scene.tcp.receive(input.subarray(at, at + 61));
      }
      scene.tcp.endInput();
      await scene.ended;
      assertEquals([scene.failures, scene.tcp.isClosed], [[], true]);
      if (isUpgraded) return true;
      const answers = scene.answers((i) => methods[i] === "HEAD");
      const refusals = answers.length - methods.length;
      assert(refusals === 0 || refusals === 1, "each request is answered once");
      if (refusals === 1) assertEquals(answers.at(-1)!.status, 400);
      return methods.length > 0;
    },
  },
];
