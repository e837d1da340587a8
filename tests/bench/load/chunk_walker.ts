import { RTMP_PREFIX_BYTES } from "./codecs/load_codec.ts";
import type { RtmpCounter } from "./media_counter.ts";

/** Types of RTMP messages. */
export const RTMP_MESSAGE = {
  setChunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  video: 9,
  data: 18,
  command: 20,
} as const;

const DEFAULT_CHUNK_BYTES = 128;

/** Longest control message or command that is kept. */
const MAX_KEPT_BYTES = 4_096;

/** Largest basic and message header with an extended timestamp. */
const MAX_CHUNK_HEADER_BYTES = 18;

const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
const EXTENDED_TIMESTAMP = 0xff_ffff;

/** A message that is not media. */
interface ControlMessage {
  readonly type: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What the walker remembers of one chunk stream. */
interface ChunkStream {
  timestampMs: number;
  deltaMs: number;
  lengthBytes: number;
  type: number;
  isExtended: boolean;
  receivedBytes: number;
  /** First bytes of the message, as many as are needed of its type. */
  kept: number[];
}

/** Counts the video messages in a byte stream of chunks; hands out the others. */
export class ChunkWalker {
  /** Messages that are not media, for the owner to take. */
  readonly controls: ControlMessage[] = [];
  #counter: RtmpCounter | undefined;
  #streams = new Map<number, ChunkStream>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #header: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_CHUNK_HEADER_BYTES);
  #headerBytes = 0;
  #stream: ChunkStream | undefined;
  #restBytes = 0;

  constructor(counter?: RtmpCounter) {
    this.#counter = counter;
  }

  /** Takes the next bytes, wherever they were cut. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#stream === undefined) {
        this.#header[this.#headerBytes++] = chunk[at++]!;
        this.#beginIfComplete();
        continue;
      }
      const taken = Math.min(this.#restBytes, chunk.length - at);
      this.#take(this.#stream, chunk.subarray(at, at + taken));
      at += taken;
    }
  }

  #beginIfComplete(): void {
    const header = this.#header;
    const basicBytes = [2, 3][header[0]! & 0b11_1111] ?? 1;
    const format = header[0]! >> 6;
    const messageEnd = basicBytes + MESSAGE_HEADER_BYTES[format]!;
    if (this.#headerBytes < messageEnd) return;
    const id = chunkStreamId(header);
    const stream = this.#streams.get(id) ?? newChunkStream();
    this.#streams.set(id, stream);
    let timeMs = u24(header, basicBytes);
    const isExtended = format === 3
      ? stream.isExtended
      : timeMs === EXTENDED_TIMESTAMP;
    if (isExtended) {
      if (this.#headerBytes < messageEnd + 4) return;
      timeMs = u32(header, messageEnd);
    }
    const isNewMessage = stream.receivedBytes === 0;
    if (format < 2) {
      stream.lengthBytes = u24(header, basicBytes + 3);
      stream.type = header[basicBytes + 6]!;
    }
    if (format < 3) {
      stream.isExtended = isExtended;
      stream.deltaMs = timeMs;
    }
    if (format === 0) stream.timestampMs = timeMs;
    else if (isNewMessage) stream.timestampMs += stream.deltaMs;
    this.#headerBytes = 0;
    const messageRest = stream.lengthBytes - stream.receivedBytes;
    this.#restBytes = Math.min(messageRest, this.#chunkBytes);
    if (this.#restBytes > 0) this.#stream = stream;
  }

  #take(stream: ChunkStream, part: Uint8Array): void {
    const keep = stream.type === RTMP_MESSAGE.video
      ? RTMP_PREFIX_BYTES
      : MAX_KEPT_BYTES;
    for (let i = 0; i < part.length && stream.kept.length < keep; i++) {
      stream.kept.push(part[i]!);
    }
    stream.receivedBytes += part.length;
    this.#restBytes -= part.length;
    if (this.#restBytes > 0) return;
    this.#stream = undefined;
    if (stream.receivedBytes === stream.lengthBytes) this.#end(stream);
  }

  #end(stream: ChunkStream): void {
    const { type, kept, timestampMs, lengthBytes } = stream;
    stream.receivedBytes = 0;
    stream.kept = [];
    if (type === RTMP_MESSAGE.video) {
      this.#counter?.push(timestampMs, lengthBytes, kept);
      return;
    }
    const payload = Uint8Array.from(kept);
    if (type === RTMP_MESSAGE.setChunkSize) this.#chunkBytes = u32(payload, 0);
    else this.controls.push({ type, payload });
  }
}

function newChunkStream(): ChunkStream {
  return {
    timestampMs: 0,
    deltaMs: 0,
    lengthBytes: 0,
    type: 0,
    isExtended: false,
    receivedBytes: 0,
    kept: [],
  };
}

function chunkStreamId(header: Uint8Array): number {
  const low = header[0]! & 0b11_1111;
  if (low === 0) return 64 + header[1]!;
  if (low === 1) return 64 + header[1]! + header[2]! * 256;
  return low;
}

function u24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

/** Reads a big-endian number of 32 bits. */
export function u32(bytes: Uint8Array, at: number): number {
  return (u24(bytes, at) << 8 | bytes[at + 3]!) >>> 0;
}
