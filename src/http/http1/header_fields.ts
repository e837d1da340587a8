import { HttpError } from "#http/http_error.ts";

/** Fields of one head. */
export const MAX_FIELDS = 100;

const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

const TAB = 0x09;
const SPACE = 0x20;

const NOT_ASCII = /[^\x20-\x7e]/;

const encoder = new TextEncoder();

/** What no value may have. */
// deno-lint-ignore no-control-regex
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Fields that mean something else when they come twice. */
const SINGLE_FIELDS: ReadonlySet<string> = new Set(["host", "content-length"]);

const LENGTH = /^\d+$/;

/** The fields of a head, by their names in lower case. */
export class HeaderFields {
  /** The peer says that the connection ends. */
  readonly wantsClose: boolean;
  /** The peer says that it goes on, which HTTP/1.0 needs. */
  readonly wantsKeepAlive: boolean;
  /** A body follows. */
  readonly hasBody: boolean;
  #values = new Map<string, string>();

  /**
   * Reads the lines between the request line and the blank line.
   *
   * Spec: RFC 9112 §5. Input: without the line end of the last one.
   *
   * @throws {HttpError} 400 if a line is no field, or there are too many, or the length is none.
   */
  constructor(lines: string) {
    const all = lines === "" ? [] : lines.split("\r\n");
    if (all.length > MAX_FIELDS) {
      throw new HttpError(400, `the head has over ${MAX_FIELDS} fields`);
    }
    for (const line of all) this.#add(line);
    const length = this.get("content-length") ?? "0";
    if (!LENGTH.test(length)) {
      throw new HttpError(400, "the field Content-Length is no length");
    }
    this.hasBody = length !== "0" ||
      this.get("transfer-encoding") !== undefined;
    this.wantsClose = this.#hasOption("close");
    this.wantsKeepAlive = this.#hasOption("keep-alive");
  }

  /** Value of a field; several of one name are joined. Input: `name` in lower case. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** The same for the routes, which get a character for each byte, as from the runtime. */
  toHeaders(): Headers {
    const headers = new Headers();
    for (const [name, value] of this.#values) {
      headers.set(name, NOT_ASCII.test(value) ? byteString(value) : value);
    }
    return headers;
  }

  #hasOption(option: string): boolean {
    const options = this.get("connection")?.toLowerCase().split(",") ?? [];
    return options.some((one) => one.trim() === option);
  }

  #add(line: string): void {
    const colonAt = line.indexOf(":");
    const name = line.slice(0, Math.max(colonAt, 0)).toLowerCase();
    if (!FIELD_NAME.test(name) || CONTROL_CHARACTER.test(line)) {
      throw new HttpError(400, "a line of the head is no field");
    }
    const value = trimBlanks(line, colonAt + 1);
    const before = this.#values.get(name);
    if (before === undefined) {
      this.#values.set(name, value);
      return;
    }
    if (SINGLE_FIELDS.has(name)) {
      throw new HttpError(400, `the head has the field "${name}" twice`);
    }
    const joint = name === "cookie" ? "; " : ", ";
    this.#values.set(name, before + joint + value);
  }
}

/** What stands behind `from`, without the blanks at both ends: others than spaces and tabs are part of a value. */
function trimBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(charCode: number): boolean {
  return charCode === SPACE || charCode === TAB;
}

/** The bytes of a text in UTF-8, each as a character. */
function byteString(text: string): string {
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte))
    .join("");
}
