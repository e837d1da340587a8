import { readU32 } from "#base/big_endian.ts";
import { ParseError } from "#base/errors.ts";
import {
  ChunkStream,
  EXTENDED_TIMESTAMP_BYTES,
  repeatedBytes,
} from "./chunk_stream.ts";
import { DEFAULT_CHUNK_SIZE_BYTES } from "./chunk_writer.ts";
import {
  MAX_RTMP_MESSAGE_BYTES,
  parseRtmpControl,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "./messages.ts";

/** Chunk streams that one peer may use. */
export const MAX_CHUNK_STREAMS = 64;

/** Bytes held for the unfinished messages of one peer. */
export const MAX_BUFFERED_BYTES = 2 * MAX_RTMP_MESSAGE_BYTES;

/** Bytes that an announced length alone may claim; beyond, buffers grow with what arrives. */
const INITIAL_CAPACITY_BYTES = 65_536;

const MAX_HEADER_BYTES = 3 + 11 + EXTENDED_TIMESTAMP_BYTES;
const EXTENDED_TIMESTAMP_MARK = 0xffffff;

/** Bytes of the message header by chunk type. Spec: RTMP 1.0 §5.3.1.2. */
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;

/** Who takes whole messages. */
export interface RtmpMessageSink {
  /** Takes one message; its payload is owned. */
  handleMessage(message: RtmpMessage): void;
}

/**
 * Puts the messages of one RTMP connection together from its chunks.
 *
 * SetChunkSize and Abort are obeyed here and not handed on.
 *
 * Limits: {@linkcode MAX_CHUNK_STREAMS}, {@linkcode MAX_BUFFERED_BYTES} or less; any chunk size that the format allows.
 * Spec: RTMP 1.0 §5.3, §5.4.1, §5.4.2.
 * Deviates: a message that begins with type 3 after type 0 has the same time, not twice the time: librtmp omits
 * the header when the time stays. A chunk stream may begin with type 1, as librtmp's pings do. Whether chunks of
 * type 3 repeat an extended timestamp is found out from what stands there.
 */
export class ChunkReader implements Disposable {
  /** Bytes that unfinished messages may take now. */
  maxBufferedBytes: number = MAX_BUFFERED_BYTES;
  #streams = new Map<number, ChunkStream>();
  #chunkSizeBytes = DEFAULT_CHUNK_SIZE_BYTES;
  #bufferedBytes = 0;
  #receivedBytes = 0;
  /** A header that the last push cut. */
  #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** The stream whose chunk is being read. */
  #current: ChunkStream | undefined;
  #chunkLeftBytes = 0;

  /** Bytes pushed so far, for acknowledgements. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Reads on; calls `sink` for each message that is whole now, before it returns.
   *
   * Hot path. Input: borrowed, cut anywhere.
   *
   * @throws {ParseError} if a chunk is malformed or a limit is passed; the reader is of no use afterwards.
   */
  push(chunk: Uint8Array, sink: RtmpMessageSink): void {
    this.#read(chunk, sink);
    this.#receivedBytes += chunk.length;
  }

  /** Frees the memory of unfinished messages at once: the collector may come late. */
  [Symbol.dispose](): void {
    for (const stream of this.#streams.values()) {
      stream.payload?.buffer.transfer(0);
      stream.payload = undefined;
    }
    this.#streams.clear();
  }

  #read(chunk: Uint8Array, sink: RtmpMessageSink): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#current === undefined) {
        at = this.#readHeader(chunk, at, sink);
        if (this.#current === undefined) continue;
      }
      at = this.#readPayload(chunk, at, this.#current, sink);
    }
  }

  /** Reads a header and makes its stream the current one, or keeps what there is of it. */
  #readHeader(
    chunk: Uint8Array,
    from: number,
    sink: RtmpMessageSink,
  ): number {
    if (this.#headerBytes === 0) {
      const sizeBytes = this.#parseHeader(chunk, from, chunk.length);
      if (sizeBytes > 0) return from + sizeBytes;
    }
    const keptBytes = this.#headerBytes;
    const takenBytes = Math.min(
      MAX_HEADER_BYTES - keptBytes,
      chunk.length - from,
    );
    this.#header.set(chunk.subarray(from, from + takenBytes), keptBytes);
    this.#headerBytes = keptBytes + takenBytes;
    const sizeBytes = this.#parseHeader(this.#header, 0, this.#headerBytes);
    if (sizeBytes === 0) return from + takenBytes;
    this.#headerBytes = 0;
    if (sizeBytes >= keptBytes) return from + sizeBytes - keptBytes;
    // What was kept for a repeated extended timestamp is payload.
    this.#read(this.#header.slice(sizeBytes, keptBytes), sink);
    return from;
  }

  /** Output: the size of the header, or 0 if it is not whole. */
  #parseHeader(bytes: Uint8Array, from: number, end: number): number {
    const chunkType = bytes[from]! >>> 6;
    const messageHeaderAt = from + basicHeaderSizeBytes(bytes[from]!);
    const extendedAt = messageHeaderAt + MESSAGE_HEADER_BYTES[chunkType]!;
    if (extendedAt > end) return 0;
    const chunkStreamId = parseChunkStreamId(bytes, from);
    const known = this.#streams.get(chunkStreamId);
    const shortTimestamp = chunkType < 3 ? readU24(bytes, messageHeaderAt) : 0;
    const isExtended = chunkType < 3 &&
      shortTimestamp === EXTENDED_TIMESTAMP_MARK;
    const extendedBytes = chunkType < 3
      ? (isExtended ? EXTENDED_TIMESTAMP_BYTES : 0)
      : repeatedBytes(known, bytes, extendedAt, end);
    const headerEnd = extendedAt + extendedBytes;
    if (headerEnd > end) return 0;

    const stream = known ?? this.#openStream(chunkStreamId, chunkType);
    if (chunkType < 3) {
      if (stream.isInMessage) {
        throw this.#error(
          `must be 3 inside a message, found ${chunkType}`,
          "fmt",
        );
      }
      stream.isExtended = isExtended;
      stream.deltaMs = isExtended ? readU32(bytes, extendedAt) : shortTimestamp;
      stream.extendedTimestampMs = stream.deltaMs;
    }
    if (chunkType < 2) {
      stream.lengthBytes = readU24(bytes, messageHeaderAt + 3);
      stream.typeId = bytes[messageHeaderAt + 6]!;
    }
    if (chunkType === 0) {
      stream.timestampMs = stream.deltaMs;
      stream.deltaMs = 0;
      stream.messageStreamId = readU32LittleEndian(bytes, messageHeaderAt + 7);
    }
    if (!stream.isInMessage) {
      stream.isInMessage = true;
      stream.timestampMs = stream.timestampMs + stream.deltaMs >>> 0;
    }
    this.#current = stream;
    this.#chunkLeftBytes = Math.min(
      this.#chunkSizeBytes,
      stream.lengthBytes - stream.filledBytes,
    );
    return headerEnd - from;
  }

  #openStream(chunkStreamId: number, chunkType: number): ChunkStream {
    if (chunkType > 1) {
      throw this.#error(
        `must be 0 in the first chunk of a chunk stream, found ${chunkType}`,
        "fmt",
      );
    }
    if (this.#streams.size >= MAX_CHUNK_STREAMS) {
      throw this.#error(
        `must be one of at most ${MAX_CHUNK_STREAMS}, found another: ${chunkStreamId}`,
        "chunkStreamId",
      );
    }
    const stream = new ChunkStream();
    this.#streams.set(chunkStreamId, stream);
    return stream;
  }

  /** Takes what there is of the current chunk; delivers the message if that makes it whole. */
  #readPayload(
    chunk: Uint8Array,
    from: number,
    stream: ChunkStream,
    sink: RtmpMessageSink,
  ): number {
    const takenBytes = Math.min(this.#chunkLeftBytes, chunk.length - from);
    const end = from + takenBytes;
    this.#chunkLeftBytes -= takenBytes;
    if (this.#chunkLeftBytes === 0) this.#current = undefined;
    if (takenBytes === stream.lengthBytes) {
      this.#deliver(stream, new Uint8Array(chunk.subarray(from, end)), sink);
      return end;
    }
    const filledBytes = stream.filledBytes + takenBytes;
    const payload = this.#reserve(stream, filledBytes);
    payload.set(chunk.subarray(from, end), stream.filledBytes);
    stream.filledBytes = filledBytes;
    if (filledBytes === stream.lengthBytes) {
      this.#release(stream);
      this.#deliver(stream, payload, sink);
    }
    return end;
  }

  /** The message's buffer, with room for `neededBytes`; it doubles, and its last size is the message's. */
  #reserve(
    stream: ChunkStream,
    neededBytes: number,
  ): Uint8Array<ArrayBuffer> {
    const { payload } = stream;
    const haveBytes = payload === undefined ? 0 : payload.length;
    if (payload !== undefined && neededBytes <= haveBytes) return payload;
    const capacityBytes = Math.min(
      stream.lengthBytes,
      Math.max(neededBytes, INITIAL_CAPACITY_BYTES, haveBytes * 2),
    );
    this.#bufferedBytes += capacityBytes - haveBytes;
    if (this.#bufferedBytes > this.maxBufferedBytes) {
      throw this.#error(
        `must not need over ${this.maxBufferedBytes} bytes with other unfinished messages`,
        "payload",
      );
    }
    const grown = new Uint8Array(capacityBytes);
    if (payload !== undefined) {
      grown.set(payload.subarray(0, stream.filledBytes));
      payload.buffer.transfer(0); // frees it at once
    }
    stream.payload = grown;
    return grown;
  }

  /** Lets go of an unfinished message. */
  #release(stream: ChunkStream): void {
    if (stream.payload !== undefined) {
      this.#bufferedBytes -= stream.payload.length;
    }
    stream.payload = undefined;
    stream.filledBytes = 0;
    stream.isInMessage = false;
  }

  #deliver(
    stream: ChunkStream,
    payload: Uint8Array,
    sink: RtmpMessageSink,
  ): void {
    const { typeId, messageStreamId, timestampMs } = stream;
    stream.isInMessage = false;
    const message = { typeId, messageStreamId, timestampMs, payload };
    if (
      typeId === RTMP_MESSAGE_TYPE.setChunkSize ||
      typeId === RTMP_MESSAGE_TYPE.abort
    ) this.#obey(message);
    else sink.handleMessage(message);
  }

  #obey(message: RtmpMessage): void {
    const control = parseRtmpControl(message);
    if (control?.kind === "setChunkSize") {
      this.#chunkSizeBytes = control.chunkSizeBytes;
    } else if (control?.kind === "abort") {
      const aborted = this.#streams.get(control.chunkStreamId);
      if (aborted !== undefined) this.#release(aborted);
    }
  }

  #error(reason: string, field: string): ParseError {
    return new ParseError(reason, {
      format: "RTMP chunk",
      field,
      offsetBytes: this.#receivedBytes,
    });
  }
}

/** Spec: RTMP 1.0 §5.3.1.1. */
function basicHeaderSizeBytes(first: number): number {
  const low = first & 0b111111;
  return low === 0 ? 2 : low === 1 ? 3 : 1;
}

function parseChunkStreamId(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! & 0b111111;
  if (low === 0) return 64 + bytes[at + 1]!;
  if (low === 1) return 64 + bytes[at + 1]! + (bytes[at + 2]! << 8);
  return low;
}

function readU24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

function readU32LittleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at + 3]! << 24 | bytes[at + 2]! << 16 | bytes[at + 1]! << 8 |
    bytes[at]!) >>> 0;
}
