import {
  headError,
  parseRtspMessage,
  RTSP_VERSION,
  type RtspHead,
  serializeRtspMessage,
} from "./rtsp_message.ts";
import type { RtspHeaders } from "./rtsp_headers.ts";
import { MAX_RTSP_URL_BYTES } from "./rtsp_url.ts";

/** Characters of a method. */
export const MAX_RTSP_METHOD_BYTES = 64;

const METHOD = /^[A-Za-z][\w!#$%&'*+.^`|~-]*$/;

/** One RTSP/1.0 request. Spec: RFC 2326 §6. */
export interface RtspRequest {
  /** As it was spelled, e.g. `"SETUP"`; it need not be a known one. */
  readonly method: string;
  /** Text of the URL, or `"*"`, not looked at yet: {@linkcode parseRtspUrl}. */
  readonly url: string;
  readonly headers: RtspHeaders;
  /** Owned; empty if there is none. */
  readonly body: Uint8Array;
}

/**
 * Parses one whole request; streams go through `RtspReader`.
 *
 * Input: owned, the body is a view.
 * Limits: those of `rtsp_message.ts`, {@linkcode MAX_RTSP_METHOD_BYTES}, {@linkcode MAX_RTSP_URL_BYTES}.
 * Spec: RFC 2326 §6.
 *
 * @throws {ParseError} if it is not exactly one request of RTSP/1.0.
 */
export function parseRequest(bytes: Uint8Array): RtspRequest {
  const { head, body } = parseRtspMessage(bytes);
  return requestFromHead(head, body);
}

/**
 * Makes a request of a head and its body, owned.
 *
 * @throws {ParseError} if the start line is not that of a request of RTSP/1.0.
 */
export function requestFromHead(
  head: RtspHead,
  body: Uint8Array,
): RtspRequest {
  const [method = "", url = "", version, ...more] = head.startLine.split(" ");
  if (!METHOD.test(method) || method.length > MAX_RTSP_METHOD_BYTES) {
    throw headError("is not a method", "method", 0);
  }
  if (more.length > 0 || url === "") {
    throw headError("is not a method, a URL and a version", "start line", 0);
  }
  if (version !== RTSP_VERSION) {
    throw headError(`must be ${RTSP_VERSION}`, "version", 0);
  }
  if (new TextEncoder().encode(url).length > MAX_RTSP_URL_BYTES) {
    throw headError(`has over ${MAX_RTSP_URL_BYTES} bytes`, "url", 0);
  }
  return { method, url, headers: head.headers, body };
}

/**
 * Writes a request; `Content-Length` is added if there is a body.
 *
 * @throws {Error} if a part holds a line break: a bug of the caller.
 */
export function serializeRequest(
  request: Omit<RtspRequest, "body"> & { readonly body?: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const { method, url, headers, body } = request;
  const startLine = `${method} ${url} ${RTSP_VERSION}`;
  return serializeRtspMessage(startLine, headers, body);
}
