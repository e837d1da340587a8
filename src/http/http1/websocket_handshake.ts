import { sha1 } from "#base/crypto.ts";

const VERSION = "13";

/** What a key is joined with. Spec: RFC 6455 §1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Fields of the answer to a client that opens a WebSocket.
 *
 * Spec: RFC 6455 §4.2.
 *
 * @throws {TypeError} if the request is not for one.
 */
export function acceptWebSocket(headers: Headers): Record<string, string> {
  const key = headers.get("Sec-WebSocket-Key") ?? "";
  const isValid = hasItem(headers, "Upgrade", "websocket") &&
    hasItem(headers, "Connection", "upgrade") &&
    headers.get("Sec-WebSocket-Version") === VERSION && KEY.test(key);
  if (!isValid) throw new TypeError("the request is not for a WebSocket");
  return {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptedKey(key),
  };
}

/** Proof that a key was understood. Spec: RFC 6455 §4.2.2. */
export function acceptedKey(key: string): string {
  return sha1(key + KEY_SUFFIX).toBase64();
}

function hasItem(headers: Headers, name: string, item: string): boolean {
  return (headers.get(name) ?? "").toLowerCase().split(",")
    .some((one) => one.trim() === item);
}
