import { type DirectHead, type DirectRequest, responseOf } from "./direct.ts";

/** A GET that the runtime has read, and whose answer it sends. */
export class ResponseRequest implements DirectRequest {
  readonly path: string;
  readonly query: string;
  readonly ip: string;
  note: object | undefined;
  /** Settles with the answer. */
  readonly response: Promise<Response>;
  #headers: Headers;
  #answered = Promise.withResolvers<Response>();

  /** Input: `path` without escapes, `ip` of the client. */
  constructor({ url, headers }: Request, path: string, ip: string) {
    const queryAt = url.indexOf("?");
    this.path = path;
    this.query = queryAt < 0 ? "" : url.slice(queryAt + 1);
    this.ip = ip;
    this.#headers = headers;
    this.response = this.#answered.promise;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }

  answer(head: DirectHead, body: Uint8Array): void {
    this.#answered.resolve(responseOf(head, body));
  }
}
