import { randomBytes } from "#base/crypto.ts";
import { acceptedKey } from "#http/http1/websocket_handshake.ts";
import {
  hasItem,
  type HttpHead,
  HttpRefusal,
  responseStatus,
} from "./http_head.ts";

/** Name of RTSP among the protocols within WebSocket. Spec: ONVIF Streaming Specification §7. */
const SUBPROTOCOL = "rtsp.onvif.org";

const VERSION = "13";
const KEY_BYTES = 16;

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** What a client asks with, and what it must be answered. */
export interface UpgradeRequest {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether a request wants to go on in WebSocket. */
export function isUpgrade(request: HttpHead): boolean {
  return hasItem(request, "Upgrade", "websocket");
}

/**
 * Headers of the answer to a client that opens a WebSocket tunnel.
 *
 * Spec: RFC 6455 §4.2.
 *
 * @throws {HttpRefusal} 426 for another version, 400 if anything else is wrong.
 */
export function acceptUpgrade(request: HttpHead): Record<string, string> {
  const { headers } = request;
  if (!request.startLine.endsWith(" HTTP/1.1")) {
    throw new HttpRefusal(400, "WebSocket needs HTTP/1.1");
  }
  if (!hasItem(request, "Connection", "Upgrade")) {
    throw new HttpRefusal(400, "WebSocket without Connection: Upgrade");
  }
  if (headers.get("Sec-WebSocket-Version") !== VERSION) {
    throw new HttpRefusal(426, `WebSocket is not of version ${VERSION}`, {
      Upgrade: "websocket",
      "Sec-WebSocket-Version": VERSION,
    });
  }
  if (!hasItem(request, "Sec-WebSocket-Protocol", SUBPROTOCOL)) {
    throw new HttpRefusal(400, `WebSocket without protocol ${SUBPROTOCOL}`);
  }
  const [key = "", ...more] = headers.getAll("Sec-WebSocket-Key");
  if (!KEY.test(key) || more.length > 0) {
    throw new HttpRefusal(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  return {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptedKey(key),
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
  };
}

/** Headers of a client that opens a WebSocket tunnel. Spec: RFC 6455 §4.1. */
export function requestUpgrade(): UpgradeRequest {
  const key = randomBytes(KEY_BYTES).toBase64();
  return {
    key,
    headers: {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": VERSION,
      "Sec-WebSocket-Protocol": SUBPROTOCOL,
    },
  };
}

/**
 * Checks the answer to {@linkcode requestUpgrade}.
 *
 * Spec: RFC 6455 §4.1.
 * Deviates: the protocol may be missing in the answer [MediaMTX].
 *
 * @throws {Error | ParseError} if the origin does not go on in WebSocket.
 */
export function checkUpgrade(answer: HttpHead, key: string): void {
  const { status, text } = responseStatus(answer);
  if (status !== 101) throw new Error(`it was answered "${text}"`);
  const { headers } = answer;
  const protocol = headers.get("Sec-WebSocket-Protocol") ?? SUBPROTOCOL;
  if (
    !isUpgrade(answer) || !hasItem(answer, "Connection", "Upgrade") ||
    headers.get("Sec-WebSocket-Accept") !== acceptedKey(key)
  ) throw new Error("the answer does not belong to the WebSocket handshake");
  if (protocol !== SUBPROTOCOL || headers.has("Sec-WebSocket-Extensions")) {
    throw new Error("the answer agrees on what was not asked for");
  }
}
