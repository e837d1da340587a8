import { ChunkWalker, RTMP_MESSAGE, u32 } from "./chunk_walker.ts";
import type { StampFinder } from "./frame_source.ts";
import type { RtmpCounter } from "./media_counter.ts";
import { writeAll } from "./rtsp_client.ts";

const HANDSHAKE_BYTES = 1_536;

/** Chunk size that this side announces: a whole frame fits. */
export const RTMP_CHUNK_BYTES = 65_536;

const EVENT_PING_REQUEST = 6;
const EVENT_PING_RESPONSE = 7;

/** What the information object of a refusal contains. */
const ERROR_LEVEL = "level\u0002\u0000\u0005error";

const READ_BUFFER_BYTES = 64 * 1_024;

/** What a client is opened with. */
export interface RtmpClientOptions {
  /** Counts the video that is read. */
  readonly counter?: RtmpCounter | undefined;
  /** FourCC of a codec that this side knows beside those of the old form. */
  readonly fourCc?: string | undefined;
}

/** Command side of an RTMP connection; just enough to publish and to play. */
export class RtmpClient implements Disposable {
  readonly conn: Deno.TcpConn;
  #walker: ChunkWalker;
  #fourCc: string | undefined;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_BUFFER_BYTES);
  #ackWindowBytes = Infinity;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #streamId = 0;
  #transaction = 0;

  /** Takes over `conn`; use {@linkcode openRtmpClient}. */
  constructor(conn: Deno.TcpConn, options: RtmpClientOptions) {
    this.conn = conn;
    this.#walker = new ChunkWalker(options.counter);
    this.#fourCc = options.fourCc;
  }

  /** Handshake, `connect` and `createStream`. */
  async connect(app: string, tcUrl: string): Promise<void> {
    await this.#handshake();
    const chunkSize = Uint8Array.of(...bytesOfU32(RTMP_CHUNK_BYTES));
    await this.#send(RTMP_MESSAGE.setChunkSize, chunkSize);
    await this.#command("connect", {
      app,
      type: "nonprivate",
      flashVer: "FMLE/3.0",
      tcUrl,
      ...(this.#fourCc !== undefined && { fourCcList: [this.#fourCc] }),
    });
    await this.#answer("_result");
    await this.#command("createStream", null);
    const result = await this.#answer("_result");
    const view = new DataView(result.buffer);
    this.#streamId = view.getFloat64(result.length - 8);
  }

  /** Publishes `name`; media may be sent once this has returned. */
  async publish(name: string): Promise<void> {
    await this.#command("publish", null, name, "live");
    await this.#answer("onStatus");
  }

  /** Asks for `name`; its media comes when the connection is read. */
  async play(name: string): Promise<void> {
    await this.#command("play", null, name);
  }

  /** Sends a data message, such as `onMetaData`. */
  async sendData(...values: readonly AmfValue[]): Promise<void> {
    await this.#send(RTMP_MESSAGE.data, amf(...values));
  }

  /** Sends a video message. */
  async sendVideo(timestampMs: number, payload: Uint8Array): Promise<void> {
    await this.#send(RTMP_MESSAGE.video, payload, timestampMs);
  }

  /**
   * Reads once, counts, and answers what the server wants answered.
   *
   * Output: what was read, valid until the next call; `null` at the end.
   */
  async #read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const length = await this.conn.read(this.#buffer);
    if (length === null) return null;
    const chunk = this.#buffer.subarray(0, length);
    this.#walker.push(chunk);
    this.#receivedBytes += length;
    if (this.#receivedBytes - this.#acknowledgedBytes > this.#ackWindowBytes) {
      this.#acknowledgedBytes = this.#receivedBytes;
      const total = bytesOfU32(this.#receivedBytes);
      await this.#send(RTMP_MESSAGE.acknowledgement, Uint8Array.from(total));
    }
    for (const { type, payload } of this.#walker.controls) {
      if (type === RTMP_MESSAGE.windowAckSize) {
        this.#ackWindowBytes = u32(payload, 0) / 2;
      } else if (
        type === RTMP_MESSAGE.userControl && payload[1] === EVENT_PING_REQUEST
      ) {
        payload[1] = EVENT_PING_RESPONSE;
        await this.#send(RTMP_MESSAGE.userControl, payload);
      }
    }
    return chunk;
  }

  /** Reads on without keeping anything, until the connection ends. */
  async drain(finder?: StampFinder): Promise<void> {
    for (;;) {
      const chunk = await this.#read();
      if (chunk === null) return;
      this.#walker.controls.length = 0;
      finder?.pushStream(chunk);
    }
  }

  [Symbol.dispose](): void {
    this.conn[Symbol.dispose]();
  }

  async #handshake(): Promise<void> {
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello[0] = 3;
    await writeAll(this.conn, hello);
    const answer = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
    for (let at = 0; at < answer.length;) {
      const length = await this.conn.read(answer.subarray(at));
      if (length === null) throw new Error("RTMP handshake was cut off");
      at += length;
    }
    await writeAll(this.conn, answer.subarray(1, 1 + HANDSHAKE_BYTES));
  }

  async #command(name: string, ...values: readonly AmfValue[]): Promise<void> {
    await this.#send(
      RTMP_MESSAGE.command,
      amf(name, ++this.#transaction, ...values),
    );
  }

  /** Waits for a command called `name` that is no error. */
  async #answer(name: string): Promise<Uint8Array<ArrayBuffer>> {
    for (;;) {
      for (const { type, payload } of this.#walker.controls.splice(0)) {
        if (type !== RTMP_MESSAGE.command) continue;
        const text = new TextDecoder("latin1").decode(payload);
        const command = text.slice(3, 3 + payload[2]!);
        if (command === "_error" || text.includes(ERROR_LEVEL)) {
          throw new Error(`RTMP server refuses: ${text}`);
        }
        if (command === name) return payload;
      }
      if (await this.#read() === null) {
        throw new Error(`RTMP connection ended before ${name}`);
      }
    }
  }

  async #send(
    type: number,
    payload: Uint8Array,
    timestampMs = 0,
  ): Promise<void> {
    const header = [
      ...[type < RTMP_MESSAGE.video ? 2 : type === RTMP_MESSAGE.video ? 6 : 3],
      ...bytesOfU32(timestampMs).slice(1),
      ...bytesOfU32(payload.length).slice(1),
      type,
      ...(type < RTMP_MESSAGE.video ? [0, 0, 0, 0] : [this.#streamId, 0, 0, 0]),
    ];
    const wasAnnounced = type !== RTMP_MESSAGE.setChunkSize;
    if (wasAnnounced && payload.length > RTMP_CHUNK_BYTES) {
      throw new RangeError(`Message of ${payload.length} bytes is too long`);
    }
    const bytes = new Uint8Array(header.length + payload.length);
    bytes.set(header);
    bytes.set(payload, header.length);
    await writeAll(this.conn, bytes);
  }
}

/** Connects to the server of `url`, as far as a stream; path is `app/name`. */
export async function openRtmpClient(
  url: string,
  options: RtmpClientOptions = {},
): Promise<RtmpClient> {
  const { hostname, port, pathname } = new URL(url);
  const app = pathname.split("/")[1]!;
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay();
  const client = new RtmpClient(conn, options);
  await client.connect(app, `rtmp://${hostname}:${port}/${app}`);
  return client;
}

/** Values that commands are made of. */
type AmfValue =
  | string
  | number
  | null
  | readonly string[]
  | Readonly<Record<string, string | number | readonly string[]>>;

function amf(...values: readonly AmfValue[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values.flatMap(amfBytes));
}

function amfBytes(value: AmfValue): number[] {
  if (value === null) return [5];
  if (typeof value === "string") return [2, ...textBytes(value)];
  if (typeof value === "number") {
    const number = new DataView(new ArrayBuffer(8));
    number.setFloat64(0, value);
    return [0, ...new Uint8Array(number.buffer)];
  }
  if (isStrings(value)) {
    return [10, ...bytesOfU32(value.length), ...value.flatMap(amfBytes)];
  }
  const fields = Object.entries(value)
    .flatMap(([key, field]) => [...textBytes(key), ...amfBytes(field)]);
  return [3, ...fields, 0, 0, 9];
}

function isStrings(value: AmfValue): value is readonly string[] {
  return Array.isArray(value);
}

function textBytes(text: string): number[] {
  return [
    text.length >> 8,
    text.length & 0xff,
    ...new TextEncoder().encode(text),
  ];
}

function bytesOfU32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff];
}
