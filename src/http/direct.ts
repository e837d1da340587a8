/**
 * A GET that is asked for all the time, before anything else is made of it.
 *
 * Valid until it is answered: a connection uses the same object for its next request.
 */
export interface DirectRequest {
  /** Path of the URL, its escapes resolved. */
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly query: string;
  /** Address of the client, behind trusted proxies too. */
  readonly ip: string;
  /** What was found out about the client: kept as long as it sends the same header fields. */
  note: object | undefined;
  /** Value of a header field; undefined if it is not there. Input: `name` in lower case. */
  header(name: string): string | undefined;
  /** Answers it, once. Hot path. */
  answer(head: DirectHead, body: Uint8Array): void;
}

/** Status and fields of answers, made once for many. */
export class DirectHead {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  /** The fields as they are sent over HTTP/1. */
  readonly lines: string;

  /** Input: all fields but the length, and what every answer has. */
  constructor(status: number, fields: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.fields = fields;
    this.lines = Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }
}

/** The same answer for the routes. */
export function responseOf(
  { status, fields }: DirectHead,
  body: Uint8Array,
): Response {
  const bytes = body.length > 0 ? body as Uint8Array<ArrayBuffer> : null;
  return new Response(bytes, { status, headers: fields });
}
