import {
  type MediaCounter,
  RTP_PREFIX_BYTES,
  type RtpCounter,
} from "./media_counter.ts";

/** Interleaved header: a dollar sign, the channel, and the length. */
export const INTERLEAVED_HEADER_BYTES = 4;

const DOLLAR = 0x24;

const READ_BUFFER_BYTES = 256 * 1_024;

/** A response of the server. */
interface RtspResponse {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Text side of an RTSP connection; just enough to publish and to play. */
export class RtspClient implements Disposable {
  readonly conn: Deno.TcpConn;
  #url: string;
  #buffered: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #sequence = 0;
  #session: string | undefined;

  /** Takes over `conn`; use {@linkcode openRtspClient}. */
  constructor(conn: Deno.TcpConn, url: string) {
    this.conn = conn;
    this.#url = url;
  }

  /** ANNOUNCE, SETUP over TCP, RECORD. */
  async record(sdp: string): Promise<void> {
    await this.#request("ANNOUNCE", this.#url, {
      "Content-Type": "application/sdp",
    }, sdp);
    await this.#request("SETUP", `${this.#url}/trackID=0`, {
      Transport: "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record",
    });
    await this.#request("RECORD", this.#url, {});
  }

  /** DESCRIBE, SETUP with `transport`, PLAY. */
  async play(transport: string): Promise<void> {
    const description = await this.#request("DESCRIBE", this.#url, {
      Accept: "application/sdp",
    });
    const control = /m=video[^]*?a=control:(\S+)/.exec(description.body)?.[1];
    const base = description.headers.get("content-base") ?? `${this.#url}/`;
    const track = control?.includes("://")
      ? control
      : `${base.endsWith("/") ? base : `${base}/`}${control}`;
    await this.#request("SETUP", track, { Transport: transport });
    await this.#request("PLAY", base, {});
  }

  /** Takes the bytes that were read behind the last response. */
  takeBuffered(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffered;
    this.#buffered = new Uint8Array(0);
    return bytes;
  }

  [Symbol.dispose](): void {
    this.conn[Symbol.dispose]();
  }

  async #request(
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    body = "",
  ): Promise<RtspResponse> {
    const lines = [`${method} ${url} RTSP/1.0`, `CSeq: ${++this.#sequence}`];
    if (this.#session !== undefined) lines.push(`Session: ${this.#session}`);
    for (const header of Object.entries(headers)) lines.push(header.join(": "));
    if (body !== "") lines.push(`Content-Length: ${body.length}`);
    const text = `${lines.join("\r\n")}\r\n\r\n${body}`;
    await writeAll(this.conn, new TextEncoder().encode(text));
    const response = await this.#readResponse(method);
    this.#session ??= response.headers.get("session")?.split(";")[0];
    return response;
  }

  async #readResponse(method: string): Promise<RtspResponse> {
    let text = await this.#readHead();
    const [status, ...lines] = text.split("\r\n");
    if (!status!.startsWith("RTSP/1.0 200")) {
      throw new Error(`Cannot ${method} ${this.#url}: ${status}`);
    }
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const bodyBytes = Number(headers.get("content-length") ?? 0);
    while (this.#buffered.length < bodyBytes) await this.#readMore();
    text = latin1(this.#buffered.subarray(0, bodyBytes));
    this.#buffered = this.#buffered.slice(bodyBytes);
    return { headers, body: text };
  }

  /** Reads to the empty line, skipping media that came before. */
  async #readHead(): Promise<string> {
    for (;;) {
      while (this.#buffered[0] === DOLLAR) {
        const bytes = this.#buffered;
        const size = INTERLEAVED_HEADER_BYTES + (bytes[2]! << 8 | bytes[3]!);
        if (!(bytes.length >= size)) break;
        this.#buffered = bytes.slice(size);
      }
      const end = latin1(this.#buffered).indexOf("\r\n\r\n");
      if (this.#buffered[0] !== DOLLAR && end >= 0) {
        const head = latin1(this.#buffered.subarray(0, end));
        this.#buffered = this.#buffered.slice(end + 4);
        return head;
      }
      await this.#readMore();
    }
  }

  async #readMore(): Promise<void> {
    const chunk = new Uint8Array(READ_BUFFER_BYTES);
    const length = await this.conn.read(chunk);
    if (length === null) throw new Error(`${this.#url}: connection ended`);
    const joined = new Uint8Array(this.#buffered.length + length);
    joined.set(this.#buffered);
    joined.set(chunk.subarray(0, length), this.#buffered.length);
    this.#buffered = joined;
  }
}

/** Connects to the server of `url`. */
export async function openRtspClient(url: string): Promise<RtspClient> {
  const { hostname, port } = new URL(url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay();
  return new RtspClient(conn, url);
}

/** Writes everything, however many writes it takes. */
export async function writeAll(
  conn: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
}

/** Counts the RTP packets of channel 0 in an interleaved byte stream. */
export class InterleavedWalker {
  readonly counter: MediaCounter;
  #counter: RtpCounter;
  /** Beginning of the current packet, until it is long enough to be counted. */
  #prefix: Uint8Array<ArrayBuffer> = new Uint8Array(
    INTERLEAVED_HEADER_BYTES + RTP_PREFIX_BYTES,
  );
  #prefixBytes = 0;
  #restBytes = 0;

  constructor(counter: RtpCounter) {
    this.counter = counter;
    this.#counter = counter;
  }

  /** Takes the next bytes, wherever they were cut. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#restBytes > 0) {
        const taken = Math.min(this.#restBytes, chunk.length - at);
        this.#restBytes -= taken;
        at += taken;
        continue;
      }
      this.#prefix[this.#prefixBytes++] = chunk[at++]!;
      this.#countIfComplete();
    }
  }

  #countIfComplete(): void {
    const prefix = this.#prefix;
    if (prefix[0] !== DOLLAR) throw new Error("Media is not interleaved");
    if (this.#prefixBytes < INTERLEAVED_HEADER_BYTES) return;
    const packetBytes = prefix[2]! << 8 | prefix[3]!;
    const wanted = Math.min(packetBytes, RTP_PREFIX_BYTES);
    if (this.#prefixBytes < INTERLEAVED_HEADER_BYTES + wanted) return;
    if (prefix[1] === 0) {
      this.#counter.push(
        prefix.subarray(INTERLEAVED_HEADER_BYTES),
        packetBytes,
      );
    }
    this.#restBytes = packetBytes - wanted;
    this.#prefixBytes = 0;
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
