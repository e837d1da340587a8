import {
  headError,
  parseRtspMessage,
  RTSP_VERSION,
  type RtspHead,
  serializeRtspMessage,
} from "./rtsp_message.ts";
import type { RtspHeaders } from "./rtsp_headers.ts";

/** Reason phrases of the statuses that RTSP knows. Spec: RFC 2326 §7.1.1. */
const REASONS = {
  100: "Continue",
  200: "OK",
  201: "Created",
  250: "Low on Storage Space",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Moved Temporarily",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Time-out",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  414: "Request-URI Too Large",
  415: "Unsupported Media Type",
  // Not in the RFC, which leaves room for it: a signed URL whose time is over.
  419: "Expired",
  451: "Parameter Not Understood",
  452: "Conference Not Found",
  453: "Not Enough Bandwidth",
  454: "Session Not Found",
  455: "Method Not Valid in This State",
  456: "Header Field Not Valid for Resource",
  457: "Invalid Range",
  458: "Parameter Is Read-Only",
  459: "Aggregate Operation Not Allowed",
  460: "Only Aggregate Operation Allowed",
  461: "Unsupported Transport",
  462: "Destination Unreachable",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Time-out",
  505: "RTSP Version Not Supported",
  551: "Option Not Supported",
} as const;

/** A status that has a reason phrase. */
export type RtspStatus = keyof typeof REASONS;

const STATUS = /^[1-5]\d\d$/;

/** One RTSP/1.0 response. Spec: RFC 2326 §7. */
export interface RtspResponse {
  /** 100 to 599. */
  readonly status: number;
  /** Reason phrase of the peer; may be empty. */
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** Owned; empty if there is none. */
  readonly body: Uint8Array;
}

/** Reason phrase of a status. */
export function reasonPhrase(status: RtspStatus): string {
  return REASONS[status];
}

/** Whether a start line is that of a response. */
export function isResponseLine(startLine: string): boolean {
  return startLine.startsWith("RTSP/");
}

/**
 * Parses one whole response; streams go through `RtspReader`.
 *
 * Input: owned, the body is a view.
 * Limits: those of `rtsp_message.ts`.
 * Spec: RFC 2326 §7.
 * Deviates: the reason phrase may be missing.
 *
 * @throws {ParseError} if it is not exactly one response of RTSP/1.0.
 */
export function parseResponse(bytes: Uint8Array): RtspResponse {
  const { head, body } = parseRtspMessage(bytes);
  return responseFromHead(head, body);
}

/**
 * Makes a response of a head and its body, owned.
 *
 * @throws {ParseError} if the start line is not that of a response of RTSP/1.0.
 */
export function responseFromHead(
  head: RtspHead,
  body: Uint8Array,
): RtspResponse {
  const [version, status = "", ...reason] = head.startLine.split(" ");
  if (version !== RTSP_VERSION) {
    throw headError(`must be ${RTSP_VERSION}`, "version", 0);
  }
  if (!STATUS.test(status)) {
    throw headError("must be 100 to 599", "status", 0);
  }
  return {
    status: Number(status),
    reason: reason.join(" ").trim(),
    headers: head.headers,
    body,
  };
}

/**
 * Writes a response; `Content-Length` is added if there is a body, everything else is the caller's.
 *
 * @throws {Error} if a header holds a line break: a bug of the caller.
 */
export function serializeResponse(
  response: {
    readonly status: RtspStatus;
    readonly headers: RtspHeaders;
    readonly body?: Uint8Array | undefined;
  },
): Uint8Array<ArrayBuffer> {
  const { status, headers, body } = response;
  const startLine = `${RTSP_VERSION} ${status} ${REASONS[status]}`;
  return serializeRtspMessage(startLine, headers, body);
}
