import { joinBytes } from "#base/join_bytes.ts";
import { answerHead } from "./answer_head.ts";
import { chunkOf, LAST_CHUNK } from "./chunk.ts";

/** Bodies up to this size are sent as one, with their length told. */
const MAX_WHOLE_BYTES = 65_536;

/** Statuses whose answers have no body. Spec: RFC 9110 §6.4.1. */
const WITHOUT_BODY: readonly number[] = [101, 204, 304];

const encoder = new TextEncoder();

/** How answers of the routes go out. */
export interface ResponseSenderOptions {
  /** Sends, and waits until it has left; false if the connection has ended. */
  readonly send: (parts: readonly Uint8Array[]) => Promise<boolean>;
  /** The body was not asked for. */
  readonly isHead: boolean;
  /** The peer understands chunks: it is not of HTTP/1.0. */
  readonly canChunk: boolean;
  readonly connection: "close" | "keep-alive" | undefined;
}

/** Sends one answer of the routes. */
export class ResponseSender {
  #options: ResponseSenderOptions;

  /** For one answer. */
  constructor(options: ResponseSenderOptions) {
    this.#options = options;
  }

  /** Output: false if the connection must end with it. Spec: RFC 9112 §6. */
  async send(response: Response): Promise<boolean> {
    const { isHead } = this.#options;
    const body = response.body;
    if (isHead || WITHOUT_BODY.includes(response.status) || body === null) {
      await body?.cancel().catch(() => {});
      const isEmpty = !isHead && !WITHOUT_BODY.includes(response.status);
      return await this.#sendParts(response, isEmpty ? 0 : undefined, []);
    }
    const reader = body.getReader();
    try {
      return await this.#sendBody(response, reader);
    } catch {
      return false; // the body broke off: the peer sees that its end is missing
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #sendBody(
    response: Response,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<boolean> {
    const first: Uint8Array[] = [];
    let lengthBytes = 0;
    let isDone = false;
    while (!isDone && lengthBytes <= MAX_WHOLE_BYTES) {
      const { done, value } = await reader.read();
      isDone = done;
      if (value === undefined) continue;
      first.push(value);
      lengthBytes += value.length;
    }
    if (isDone) return await this.#sendParts(response, lengthBytes, first);
    return await this.#sendOn(response, reader, first);
  }

  /** Sends a body whose length nobody has counted yet; never more of it than was told. */
  async #sendOn(
    response: Response,
    reader: ReadableStreamDefaultReader<Uint8Array>,
    first: readonly Uint8Array[],
  ): Promise<boolean> {
    const told = response.headers.get("Content-Length");
    let leftBytes = told === null ? Infinity : Number(told);
    const isChunked = told === null && this.#options.canChunk;
    const frame = (bytes: Uint8Array) => isChunked ? chunkOf(bytes) : bytes;
    const start = joinBytes(first);
    leftBytes -= start.length;
    if (!(leftBytes >= 0)) return false;
    let isThere = await this.#sendParts(response, undefined, [frame(start)], {
      lines: isChunked ? "Transfer-Encoding: chunked\r\n" : "",
      isLast: told === null && !isChunked,
    });
    while (isThere) {
      const { done, value } = await reader.read();
      if (done) break;
      leftBytes -= value.length;
      if (leftBytes < 0) return false;
      if (value.length > 0) isThere = await this.#options.send([frame(value)]);
    }
    if (isThere && isChunked) return await this.#options.send([LAST_CHUNK]);
    return isThere && leftBytes === 0;
  }

  /** Input: `lengthBytes` if it was counted, whatever the fields tell; `isLast` if the end of the connection is that of the body. */
  async #sendParts(
    { status, headers }: Response,
    lengthBytes: number | undefined,
    parts: readonly Uint8Array[],
    { lines = "", isLast = false } = {},
  ): Promise<boolean> {
    const { connection, send } = this.#options;
    if (lengthBytes !== undefined) headers.delete("Content-Length");
    const own = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`);
    const head = answerHead(status, own.join("") + lines, {
      lengthBytes,
      connection: isLast ? "close" : connection,
    });
    return await send([encoder.encode(head), ...parts]);
  }
}
