import { assert, ParseError } from "#base/errors.ts";
import { RtspHeaders } from "./rtsp_headers.ts";

/** The only version that is spoken. */
export const RTSP_VERSION = "RTSP/1.0";

/** Bytes of a start line or header line, without its line end. */
export const MAX_RTSP_LINE_BYTES = 8_192;
/** Header lines of a message. */
export const MAX_RTSP_HEADERS = 100;
/** Bytes of start line and headers together, line ends included. */
export const MAX_RTSP_HEAD_BYTES = 32_768;
/** Bytes of a body; a session description is the longest there is. */
export const MAX_RTSP_BODY_BYTES = 131_072;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const INITIAL_HEAD_BYTES = 1_024;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const CONTENT_LENGTH = /^\d{1,9}$/;
// deno-lint-ignore no-control-regex
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Start line and headers of a message. */
export interface RtspHead {
  readonly startLine: string;
  readonly headers: RtspHeaders;
  /** Bytes of the body that follows, at most {@linkcode MAX_RTSP_BODY_BYTES}. */
  readonly bodySizeBytes: number;
}

/** Collects a head from chunks, up to and with its blank line. */
export class RtspHeadCollector {
  #bytes = new Uint8Array(INITIAL_HEAD_BYTES);
  #length = 0;
  #lineStart = 0;
  #lineCount = 0;
  #isComplete = false;

  /** The blank line was seen; {@linkcode RtspHeadCollector.parse} may be called. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Takes bytes of `chunk` from `at` on, borrowed, until the head is complete.
   *
   * Output: offset in `chunk` behind what was taken.
   * Deviates: lines may end with LF alone.
   *
   * @throws {ParseError} if a line, the head or the count of lines is over its limit, or bytes are no text.
   */
  push(chunk: Uint8Array, at: number): number {
    while (at < chunk.length && !this.#isComplete) {
      const byte = chunk[at++]!;
      if (byte < SPACE && byte !== LF && byte !== CR && byte !== TAB) {
        const field = this.#lineCount === 0 ? "start line" : "header";
        throw this.#error("has a control character", field);
      }
      this.#append(byte);
      if (byte === LF) this.#endLine();
      else if (this.#length - this.#lineStart > MAX_RTSP_LINE_BYTES + 1) {
        throw this.#error(`has over ${MAX_RTSP_LINE_BYTES} bytes`, "line");
      }
    }
    return at;
  }

  /**
   * Reads the complete head.
   *
   * @throws {ParseError} if a line is no header, or the body is over its limit.
   */
  parse(): RtspHead {
    assert(this.#isComplete, "only a complete head is parsed");
    const lines = splitLines(this.#bytes.subarray(0, this.#length));
    const startLine = lines[0]!.text;
    if (CONTROL_CHARACTER.test(startLine)) {
      throw headError("has a control character", "start line", 0);
    }
    const headers = new RtspHeaders();
    for (const { text, offsetBytes } of lines.slice(1)) {
      const colon = text.indexOf(":");
      const name = text.slice(0, Math.max(colon, 0)).trimEnd();
      if (!HEADER_NAME.test(name)) {
        throw headError(
          "is not a name, a colon and a value",
          "header",
          offsetBytes,
        );
      }
      const value = text.slice(colon + 1).trim();
      if (CONTROL_CHARACTER.test(value)) {
        throw headError("has a control character", name, offsetBytes);
      }
      headers.append(name, value);
    }
    return { startLine, headers, bodySizeBytes: parseBodySize(headers) };
  }

  #append(byte: number): void {
    if (this.#length === this.#bytes.length) {
      if (this.#length >= MAX_RTSP_HEAD_BYTES) {
        throw this.#error(`has over ${MAX_RTSP_HEAD_BYTES} bytes`, "head");
      }
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
  }

  #endLine(): void {
    const hasCr = this.#bytes[this.#length - 2] === CR;
    const lineBytes = this.#length - this.#lineStart - (hasCr ? 2 : 1);
    if (lineBytes <= 0) {
      if (this.#lineCount === 0) throw this.#error("is empty", "start line");
      this.#isComplete = true;
      return;
    }
    if (lineBytes > MAX_RTSP_LINE_BYTES) {
      throw this.#error(`has over ${MAX_RTSP_LINE_BYTES} bytes`, "line");
    }
    if (this.#lineCount++ > MAX_RTSP_HEADERS) {
      throw this.#error(`has over ${MAX_RTSP_HEADERS} headers`, "head");
    }
    this.#lineStart = this.#length;
  }

  #error(reason: string, field: string): ParseError {
    return headError(reason, field, this.#lineStart);
  }
}

/**
 * Splits one whole message into head and body; the body is a view.
 *
 * @throws {ParseError} if the head is not complete, or the body is not as long as announced.
 */
export function parseRtspMessage(
  bytes: Uint8Array,
): { head: RtspHead; body: Uint8Array } {
  const collector = new RtspHeadCollector();
  const bodyStart = collector.push(bytes, 0);
  if (!collector.isComplete) {
    throw headError("needs a blank line at its end", "head", bytes.length);
  }
  const head = collector.parse();
  const body = bytes.subarray(bodyStart);
  if (body.length !== head.bodySizeBytes) {
    throw headError(
      `needs ${head.bodySizeBytes} bytes, ${body.length} left`,
      "body",
      bodyStart,
    );
  }
  return { head, body };
}

/**
 * Writes a message; `Content-Length` is added if there is a body.
 *
 * @throws {Error} if a line would hold a line break: a bug of the caller, who must escape what peers sent.
 */
export function serializeRtspMessage(
  startLine: string,
  headers: RtspHeaders,
  body: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  let head = checkedLine(startLine) + "\r\n";
  for (const [name, value] of headers) {
    head += checkedLine(`${name}: ${value}`) + "\r\n";
  }
  if (body && body.length > 0) head += `Content-Length: ${body.length}\r\n`;
  const headBytes = encoder.encode(head + "\r\n");
  if (!body || body.length === 0) return headBytes;
  const bytes = new Uint8Array(headBytes.length + body.length);
  bytes.set(headBytes);
  bytes.set(body, headBytes.length);
  return bytes;
}

/** An error about a message's head, for the caller to throw. */
export function headError(
  reason: string,
  field: string,
  offsetBytes: number,
): ParseError {
  return new ParseError(reason, { format: "RTSP message", field, offsetBytes });
}

function checkedLine(line: string): string {
  assert(!CONTROL_CHARACTER.test(line), "no control characters in RTSP lines");
  return line;
}

function parseBodySize(headers: RtspHeaders): number {
  const [text, ...more] = headers.getAll("Content-Length");
  if (text === undefined) return 0;
  if (!CONTENT_LENGTH.test(text) || more.some((other) => other !== text)) {
    throw headError("is not one count of bytes", "Content-Length", 0);
  }
  const sizeBytes = Number(text);
  if (sizeBytes > MAX_RTSP_BODY_BYTES) {
    throw headError(
      `is over ${MAX_RTSP_BODY_BYTES}, found ${sizeBytes}`,
      "Content-Length",
      0,
    );
  }
  return sizeBytes;
}

function splitLines(
  head: Uint8Array,
): { text: string; offsetBytes: number }[] {
  const lines: { text: string; offsetBytes: number }[] = [];
  for (let offsetBytes = 0; offsetBytes < head.length;) {
    const lf = head.indexOf(LF, offsetBytes);
    const end = head[lf - 1] === CR && lf > offsetBytes ? lf - 1 : lf;
    if (end > offsetBytes) {
      const text = decoder.decode(head.subarray(offsetBytes, end));
      lines.push({ text, offsetBytes });
    }
    offsetBytes = lf + 1;
  }
  return lines;
}
