import { writeAll } from "./rtsp_client.ts";

/** What a server has answered. */
export interface HttpAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  /** Valid until the next request. */
  readonly body: Uint8Array<ArrayBuffer>;
}

const FIRST_BUFFER_BYTES = 16 * 1_024;

const CR = 0x0d;
const LF = 0x0a;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Client side of an HTTP/1.1 connection that stays open; one request at a time. */
export class HttpConnection implements Disposable {
  #conn: Deno.TcpConn;
  #host: string;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BUFFER_BYTES);
  #filledBytes = 0;

  /** Takes over `conn`; use {@linkcode openHttpConnection}. */
  constructor(conn: Deno.TcpConn, host: string) {
    this.#conn = conn;
    this.#host = host;
  }

  /** Asks for `target`, path and query; the cookies as their header has them. */
  async get(target: string, cookies = ""): Promise<HttpAnswer> {
    const cookieLine = cookies === "" ? "" : `Cookie: ${cookies}\r\n`;
    const request = `GET ${target} HTTP/1.1\r\nHost: ${this.#host}\r\n` +
      `Accept: */*\r\nUser-Agent: bench\r\n${cookieLine}\r\n`;
    this.#filledBytes = 0;
    await writeAll(this.#conn, encoder.encode(request));
    const headBytes = await this.#readHead();
    const head = decoder.decode(this.#buffer.subarray(0, headBytes));
    const bodyBytes = await this.#readBody(head, headBytes);
    return {
      status: Number(head.slice(9, 12)),
      head,
      body: this.#buffer.subarray(headBytes, headBytes + bodyBytes),
    };
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  /** Output: length of the head, its empty line included. */
  async #readHead(): Promise<number> {
    for (let at = 3;; at++) {
      if (at >= this.#filledBytes) await this.#readMore();
      const buffer = this.#buffer;
      if (buffer[at] !== LF || buffer[at - 2] !== LF) continue;
      if (buffer[at - 1] === CR && buffer[at - 3] === CR) return at + 1;
    }
  }

  /** Output: length of the body, which is behind the head then. */
  async #readBody(head: string, headBytes: number): Promise<number> {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      await this.#readTo(headBytes + Number(length));
      return Number(length);
    }
    return /\r\ntransfer-encoding: *chunked/i.test(head)
      ? await this.#readChunks(headBytes)
      : 0;
  }

  /** Reads all chunks and moves their data together. */
  async #readChunks(from: number): Promise<number> {
    let end = from;
    for (let at = from;;) {
      let lineEnd = at;
      while (this.#buffer[lineEnd] !== LF || lineEnd >= this.#filledBytes) {
        if (lineEnd >= this.#filledBytes) await this.#readMore();
        else lineEnd++;
      }
      const line = decoder.decode(this.#buffer.subarray(at, lineEnd));
      const chunkBytes = parseInt(line, 16);
      const data = lineEnd + 1;
      at = data + chunkBytes + 2;
      await this.#readTo(at);
      this.#buffer.copyWithin(end, data, data + chunkBytes);
      end += chunkBytes;
      if (chunkBytes === 0) return end - from;
    }
  }

  async #readTo(endBytes: number): Promise<void> {
    while (this.#filledBytes < endBytes) await this.#readMore(endBytes);
  }

  /** Reads once; makes room for at least `wantedBytes` in all. */
  async #readMore(wantedBytes = this.#filledBytes + 1): Promise<void> {
    if (this.#buffer.length < wantedBytes) {
      const larger = new Uint8Array(
        Math.max(wantedBytes, this.#buffer.length * 2),
      );
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const room = this.#buffer.subarray(this.#filledBytes);
    const length = await this.#conn.read(room);
    if (length === null) throw new Error("The HTTP connection was closed");
    this.#filledBytes += length;
  }
}

/** Connects to the server of `url`. */
export async function openHttpConnection(url: string): Promise<HttpConnection> {
  const { hostname, port, host } = new URL(url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay();
  return new HttpConnection(conn, host);
}
