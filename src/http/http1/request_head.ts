import { HttpError } from "#http/http_error.ts";
import { HeaderFields } from "./header_fields.ts";

/** Bytes of a request line and all fields. */
export const MAX_HEAD_BYTES = 16_384;

/** What a connection has at first: most heads are smaller. */
const FIRST_BUFFER_BYTES = 2_048;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const LF = 0x0a;
const CR = 0x0d;

const VERSION_CHARS = " HTTP/1.1".length;

const METHOD = /^[A-Z]+$/;
/** What stands between the spaces of a request line. */
const TARGET = /^[\x21-\x7e\u0080-\uffff]+$/;

/** The head of a request. */
export interface RequestHead {
  readonly method: string;
  /** As it was sent: a path with its query, a whole URL, or `*`. */
  readonly target: string;
  /** Of HTTP/1.0. */
  readonly isOld: boolean;
  /** The peer wants to send more requests over the connection. */
  readonly isKeptAlive: boolean;
  /** A body follows. */
  readonly hasBody: boolean;
  /** The same object as of the request before, if their lines are the same. */
  readonly fields: HeaderFields;
}

/** Cuts what a peer sends into the heads of its requests. One for each connection. */
export class RequestHeadBuffer {
  #bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  #lengthBytes = 0;
  /** Something came that may complete a head. */
  #isDue = false;
  /** Lines of a head that is not complete: nobody needs to look at them again. */
  #linesBytes = 0;
  #fields: HeaderFields | undefined;
  /** Bytes of {@linkcode #fields}, from the end of the request line to that of the head. */
  #knownFields: Uint8Array | undefined;

  /** A head has begun, and is not complete. */
  get isPartial(): boolean {
    return this.#lengthBytes > 0;
  }

  /** Where the next bytes of the peer go; {@linkcode added} says how many they were. */
  room(): Uint8Array {
    if (this.#lengthBytes === this.#bytes.length) {
      const larger = new Uint8Array(MAX_HEAD_BYTES);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#lengthBytes === 0
      ? this.#bytes
      : this.#bytes.subarray(this.#lengthBytes);
  }

  /** So many bytes are in the room. */
  added(countBytes: number): void {
    const from = this.#lengthBytes;
    this.#lengthBytes += countBytes;
    const at = this.#bytes.indexOf(LF, from);
    if (at >= 0 && at < this.#lengthBytes) this.#isDue = true;
  }

  /**
   * The next head; undefined if it is not complete yet. Hot path.
   *
   * Spec: RFC 9112 §2 and §3; lines end with CR and LF.
   *
   * @throws {HttpError} 400 if it is no head of HTTP/1, or too long.
   */
  take(): RequestHead | undefined {
    if (this.#isDue) {
      this.#skipBlankLines();
      const head = this.#takeKnown() ?? this.#takeNew();
      if (head !== undefined) return head;
      this.#isDue = false;
    }
    if (this.#lengthBytes === MAX_HEAD_BYTES) {
      throw new HttpError(400, `the head has over ${MAX_HEAD_BYTES} bytes`);
    }
    return undefined;
  }

  /** A client sends the same fields again and again: they are not read anew, nor even made a text. */
  #takeKnown(): RequestHead | undefined {
    const known = this.#knownFields;
    const bytes = this.#bytes;
    if (known === undefined) return undefined;
    const lineBytes = bytes.indexOf(CR);
    const fieldsAt = this.#lengthBytes - known.length;
    if (lineBytes !== fieldsAt) return undefined;
    for (let i = known.length - 1; i >= 0; i--) {
      if (bytes[fieldsAt + i] !== known[i]) return undefined;
    }
    this.#drop(this.#lengthBytes);
    return parseHead(lineText(bytes, lineBytes), this.#fields!);
  }

  #takeNew(): RequestHead | undefined {
    const endBytes = this.#endOfHead();
    if (endBytes === undefined) return undefined;
    const head = this.#bytes.subarray(0, endBytes);
    const lineBytes = head.indexOf(CR);
    if (head[lineBytes + 1] !== LF) {
      throw new HttpError(400, "the request line has a CR in it");
    }
    const decode = (from: number, to: number) =>
      decoder.decode(head.subarray(from, to));
    const line = decode(0, lineBytes);
    this.#fields = new HeaderFields(
      decode(lineBytes + 2, Math.max(lineBytes + 2, endBytes - 4)),
    );
    this.#knownFields = head.slice(lineBytes);
    this.#drop(endBytes);
    return parseHead(line, this.#fields);
  }

  /** Some clients send one behind what they sent before. */
  #skipBlankLines(): void {
    let countBytes = 0;
    while (
      countBytes + 1 < this.#lengthBytes && this.#bytes[countBytes] === CR &&
      this.#bytes[countBytes + 1] === LF
    ) countBytes += 2;
    if (countBytes > 0) this.#drop(countBytes);
  }

  #drop(countBytes: number): void {
    this.#bytes.copyWithin(0, countBytes, this.#lengthBytes);
    this.#lengthBytes -= countBytes;
    this.#linesBytes = 0;
    this.#isDue = this.#lengthBytes > 0;
  }

  /** Offset behind the blank line; undefined if it has not come yet. @throws {HttpError} 400 if lines end with LF alone. */
  #endOfHead(): number | undefined {
    const bytes = this.#bytes;
    for (
      let at = bytes.indexOf(LF, this.#linesBytes);
      at >= 0 && at < this.#lengthBytes;
      at = bytes.indexOf(LF, at + 1)
    ) {
      if (bytes[at - 1] !== CR) {
        throw new HttpError(400, "lines of the head do not end with CR and LF");
      }
      if (at === this.#linesBytes + 1) return at + 1;
      this.#linesBytes = at + 1;
    }
    return undefined;
  }
}

/** The request line that came last, over whatever connection: many ask for the same at the same time. */
const lastLine = { bytes: new Uint8Array(512), lengthBytes: -1, text: "" };

/** The text of a request line, made once for all who send it in a row. Hot path. */
function lineText(bytes: Uint8Array, lengthBytes: number): string {
  const last = lastLine.bytes;
  let i = lengthBytes === lastLine.lengthBytes ? lengthBytes - 1 : -2;
  while (i >= 0 && bytes[i] === last[i]) i--;
  if (i === -1) return lastLine.text;
  const text = decoder.decode(bytes.subarray(0, lengthBytes));
  if (lengthBytes > last.length) return text;
  for (let i = 0; i < lengthBytes; i++) last[i] = bytes[i]!;
  lastLine.lengthBytes = lengthBytes;
  lastLine.text = text;
  return text;
}

/** A request line, taken apart. */
interface RequestLine {
  readonly text: string;
  readonly method: string;
  readonly target: string;
  readonly isOld: boolean;
}

let lastParsed: RequestLine | undefined;

/** @throws {HttpError} 400 if it is none. */
function parseLine(text: string): RequestLine {
  if (lastParsed?.text === text) return lastParsed;
  const method = text.slice(0, Math.max(text.indexOf(" "), 0));
  const version = text.slice(-VERSION_CHARS);
  const target = text.slice(method.length + 1, -VERSION_CHARS);
  const isOld = version === " HTTP/1.0";
  const isValid = METHOD.test(method) && TARGET.test(target) &&
    (isOld || version === " HTTP/1.1");
  if (!isValid) throw new HttpError(400, "the request line is not of HTTP/1");
  return lastParsed = { text, method, target, isOld };
}

function parseHead(text: string, fields: HeaderFields): RequestHead {
  const { method, target, isOld } = parseLine(text);
  if (!isOld && fields.get("host") === undefined) {
    throw new HttpError(400, "the head has no field Host");
  }
  const { wantsClose, wantsKeepAlive, hasBody } = fields;
  const isKeptAlive = !wantsClose && (!isOld || wantsKeepAlive);
  return { method, target, isOld, isKeptAlive, hasBody, fields };
}
