import { ParseError } from "#base/errors.ts";
import { LineReader } from "#base/line_reader.ts";
import type { TcpConnection } from "#platform/tcp.ts";
import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";

/** Bytes of a start line and all headers, line ends and the blank line included. */
export const MAX_HTTP_HEAD_BYTES = 8_192;
/** Header lines of a head. */
export const MAX_HTTP_HEADERS = 64;

const FORMAT = "HTTP head";
const LF = 0x0a;
const CR = 0x0d;

const REQUEST_LINE = /^([A-Z]+) \S+ HTTP\/1\.[01]$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
// deno-lint-ignore no-control-regex
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Reason phrases of the statuses that a tunnel is answered with. */
const REASONS = {
  101: "Switching Protocols",
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  426: "Upgrade Required",
  503: "Service Unavailable",
} as const;

/** Status of an answer to a request that is about a tunnel. */
export type HttpStatus = keyof typeof REASONS;

/** Start line and headers of an HTTP message. */
export interface HttpHead {
  readonly startLine: string;
  readonly headers: RtspHeaders;
}

/** An HTTP request that opens no tunnel: its connection ends after the answer. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly status: HttpStatus;
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** `message` goes to the log. */
  constructor(
    status: HttpStatus,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Reads the head of the message that a peer sends; what comes behind it stays to be read.
 *
 * Output: undefined if the peer ends before.
 * Limits: {@linkcode MAX_HTTP_HEAD_BYTES}, {@linkcode MAX_HTTP_HEADERS}; how long it may take is the caller's matter.
 *
 * @throws {ParseError} if it is no head, or over a limit.
 */
export async function readHttpHead(
  connection: TcpConnection,
): Promise<HttpHead | undefined> {
  const bytes = new Uint8Array(MAX_HTTP_HEAD_BYTES);
  for (let lengthBytes = 0; lengthBytes < bytes.length;) {
    const count = await connection.read(bytes.subarray(lengthBytes));
    if (count === undefined) return undefined;
    // A blank line may have begun in what came before.
    const from = Math.max(0, lengthBytes - 3);
    lengthBytes += count;
    const end = endOfHead(bytes, from, lengthBytes);
    if (end === undefined) continue;
    connection.unread(bytes.slice(end, lengthBytes));
    return parseHttpHead(bytes.subarray(0, end));
  }
  throw new ParseError(`has over ${MAX_HTTP_HEAD_BYTES} bytes`, {
    format: FORMAT,
    field: "head",
    offsetBytes: MAX_HTTP_HEAD_BYTES,
  });
}

/**
 * Parses a whole head, with its blank line.
 *
 * Spec: RFC 9112 §2.1.
 * Deviates: lines may end with LF alone.
 *
 * @throws {ParseError} if a line is no header, or there are too many.
 */
export function parseHttpHead(bytes: Uint8Array): HttpHead {
  const options = { format: FORMAT, maxLineBytes: MAX_HTTP_HEAD_BYTES };
  const lines = new LineReader(bytes, options);
  const startLine = lines.next() ?? "";
  if (CONTROL_CHARACTER.test(startLine)) {
    throw lines.error("has a control character");
  }
  const headers = new RtspHeaders();
  for (let line = lines.next(); line; line = lines.next()) {
    if (lines.lineNumber > MAX_HTTP_HEADERS + 1) {
      throw lines.error(`is one of over ${MAX_HTTP_HEADERS} headers`);
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!HEADER_NAME.test(name) || CONTROL_CHARACTER.test(line)) {
      throw lines.error("is not a name, a colon and a value");
    }
    headers.append(name, line.slice(colon + 1).trim());
  }
  return { startLine, headers };
}

/** Method of a request. @throws {ParseError} if it is none of HTTP/1. */
export function requestMethod({ startLine }: HttpHead): string {
  const method = REQUEST_LINE.exec(startLine)?.[1];
  if (method === undefined) throw startLineError("request");
  return method;
}

/** Status of an answer, and its text for messages. @throws {ParseError} if it is none of HTTP/1. */
export function responseStatus(
  { startLine }: HttpHead,
): { readonly status: number; readonly text: string } {
  const parts = STATUS_LINE.exec(startLine);
  if (!parts) throw startLineError("response");
  const [, status, reason = ""] = parts;
  return { status: Number(status), text: `${status} ${reason}`.trim() };
}

/** Whether a header that is a list has an item, without regard to case and to parameters of the item. */
export function hasItem(
  { headers }: HttpHead,
  name: string,
  item: string,
): boolean {
  return headers.getAll(name).some((value) =>
    value.split(",").some((one) =>
      one.split(";")[0]!.trim().toLowerCase() === item.toLowerCase()
    )
  );
}

/** Writes an answer without a body. */
export function serializeHttpResponse(
  version: "HTTP/1.0" | "HTTP/1.1",
  status: HttpStatus,
  headers: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  return serializeHttpHead(`${version} ${status} ${REASONS[status]}`, {
    Server: "weir",
    ...headers,
  });
}

/** Writes a head. Nothing in it may come from a peer unchecked. */
export function serializeHttpHead(
  startLine: string,
  headers: Readonly<Record<string, string | undefined>>,
): Uint8Array<ArrayBuffer> {
  let text = `${startLine}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  return new TextEncoder().encode(`${text}\r\n`);
}

function startLineError(what: string): ParseError {
  const context = { format: FORMAT, field: "start line", offsetBytes: 0 };
  return new ParseError(`is not that of an HTTP/1 ${what}`, context);
}

/** Offset behind the blank line; `from` is where it may begin. */
function endOfHead(
  bytes: Uint8Array,
  from: number,
  lengthBytes: number,
): number | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0 && at < lengthBytes;) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (next < lengthBytes && bytes[next] === LF) return next + 1;
    at = bytes.indexOf(LF, at + 1);
  }
  return undefined;
}
