import type { DirectHead } from "#http/direct.ts";
import { statusLine } from "./status_text.ts";

/** What the head of an answer says beside its fields. */
export interface AnswerFraming {
  /** Of the body; undefined if it is not told. */
  readonly lengthBytes: number | undefined;
  readonly connection: "close" | "keep-alive" | undefined;
}

const encoder = new TextEncoder();

let dateAtSeconds = 0;
let dateLine = "";

/** Head of an answer. Input: `lines`, its fields, each with its line end. Hot path. */
export function answerHead(
  status: number,
  lines: string,
  { lengthBytes, connection }: AnswerFraming,
): string {
  const length = lengthBytes === undefined
    ? ""
    : `Content-Length: ${lengthBytes}\r\n`;
  const option = connection === undefined
    ? ""
    : `Connection: ${connection}\r\n`;
  return `${statusLine(status)}${lines}${date()}${length}${option}\r\n`;
}

/** What {@linkcode directHead} was asked for last. */
const last = {
  head: undefined as DirectHead | undefined,
  lines: "",
  lengthBytes: 0,
  connection: undefined as AnswerFraming["connection"],
  atSeconds: 0,
  bytes: new Uint8Array(),
};

/**
 * The head of an answer that many are given at the same time: made once, until something of it changes. Hot path.
 *
 * Input: `lines`, fields beside those of `head`. Output: shared, not to be changed.
 */
export function directHead(
  head: DirectHead,
  lines: string,
  lengthBytes: number,
  connection: AnswerFraming["connection"],
): Uint8Array {
  const atSeconds = Math.floor(Date.now() / 1_000);
  const isSame = head === last.head && lengthBytes === last.lengthBytes &&
    lines === last.lines && connection === last.connection &&
    atSeconds === last.atSeconds;
  if (isSame) return last.bytes;
  const framing = { lengthBytes, connection };
  const text = answerHead(head.status, head.lines + lines, framing);
  const bytes = encoder.encode(text);
  Object.assign(last, {
    head,
    lines,
    lengthBytes,
    connection,
    atSeconds,
    bytes,
  });
  return bytes;
}

/** Head of an answer of the routes. Input: `lines`, fields that the connection adds. */
export function headOf(
  status: number,
  { headers }: Response,
  lines: string,
): string {
  const own = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`);
  return answerHead(status, own.join("") + lines, {
    lengthBytes: undefined,
    connection: undefined,
  });
}

/** Spec: RFC 9110 §6.6.1. The same text for a second. */
function date(): string {
  const now = Date.now();
  const seconds = Math.floor(now / 1_000);
  if (seconds !== dateAtSeconds) {
    dateAtSeconds = seconds;
    dateLine = `Date: ${new Date(now).toUTCString()}\r\n`;
  }
  return dateLine;
}
