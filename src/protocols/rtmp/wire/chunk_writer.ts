import { assert } from "#base/errors.ts";
import {
  MAX_RTMP_MESSAGE_BYTES,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "./messages.ts";

/** Chunk size that both sides start with. Spec: RTMP 1.0 §5.4.1. */
export const DEFAULT_CHUNK_SIZE_BYTES = 128;

/** Basic header of one byte and message header of type 0. */
const FULL_HEADER_BYTES = 12;
const CONTINUATION_HEADER_BYTES = 1;
const EXTENDED_TIMESTAMP_BYTES = 4;
const MAX_SHORT_TIMESTAMP_MS = 0xfffffe;

/** All of them are below 64, so that the basic header has one byte. */
const CHUNK_STREAM_ID = { control: 2, command: 3, audio: 4, data: 5, video: 6 };

/**
 * Exact size of `message` in chunks of `chunkSizeBytes`, headers included.
 *
 * Hot path.
 */
export function rtmpMessageSizeBytes(
  message: RtmpMessage,
  chunkSizeBytes: number,
): number {
  const { length } = message.payload;
  assert(length <= MAX_RTMP_MESSAGE_BYTES, "payloads fit an RTMP message");
  const continuations = length === 0
    ? 0
    : Math.ceil(length / chunkSizeBytes) - 1;
  const extendedBytes = hasExtendedTimestamp(message)
    ? EXTENDED_TIMESTAMP_BYTES
    : 0;
  return FULL_HEADER_BYTES + extendedBytes + length +
    continuations * (CONTINUATION_HEADER_BYTES + extendedBytes);
}

/**
 * Writes `message` as a chunk of type 0 and continuations of type 3.
 *
 * The header never leans on an earlier message, so the same bytes serve every reader. The chunk stream follows
 * from the message's type.
 *
 * Hot path. Output: the offset behind the message; `into` must have {@linkcode rtmpMessageSizeBytes} left.
 * Spec: RTMP 1.0 §5.3.1.
 */
export function writeRtmpMessage(
  into: Uint8Array,
  offsetBytes: number,
  message: RtmpMessage,
  chunkSizeBytes: number,
): number {
  const { payload, messageStreamId } = message;
  const timestampMs = message.timestampMs >>> 0;
  const isExtended = hasExtendedTimestamp(message);
  const shortTimestamp = isExtended ? 0xffffff : timestampMs;
  const chunkStreamId = chunkStreamIdOf(message.typeId);
  let at = offsetBytes;
  into[at++] = chunkStreamId;
  into[at++] = shortTimestamp >>> 16;
  into[at++] = shortTimestamp >>> 8;
  into[at++] = shortTimestamp;
  into[at++] = payload.length >>> 16;
  into[at++] = payload.length >>> 8;
  into[at++] = payload.length;
  into[at++] = message.typeId;
  into[at++] = messageStreamId; // the only little-endian field
  into[at++] = messageStreamId >>> 8;
  into[at++] = messageStreamId >>> 16;
  into[at++] = messageStreamId >>> 24;
  if (isExtended) at = writeU32(into, at, timestampMs);
  if (payload.length <= chunkSizeBytes) {
    into.set(payload, at);
    return at + payload.length;
  }
  for (let from = 0; from < payload.length; from += chunkSizeBytes) {
    if (from > 0) {
      into[at++] = 0b11_000000 | chunkStreamId;
      if (isExtended) at = writeU32(into, at, timestampMs);
    }
    const end = Math.min(from + chunkSizeBytes, payload.length);
    into.set(payload.subarray(from, end), at);
    at += end - from;
  }
  return at;
}

/** Serialises messages one after the other into one buffer, owned by the caller. */
export function serializeRtmpMessages(
  messages: readonly RtmpMessage[],
  chunkSizeBytes: number,
): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  for (const message of messages) {
    sizeBytes += rtmpMessageSizeBytes(message, chunkSizeBytes);
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const message of messages) {
    at = writeRtmpMessage(bytes, at, message, chunkSizeBytes);
  }
  assert(at === sizeBytes, "RTMP messages have the size computed before");
  return bytes;
}

function hasExtendedTimestamp(message: RtmpMessage): boolean {
  return message.timestampMs >>> 0 > MAX_SHORT_TIMESTAMP_MS;
}

function chunkStreamIdOf(typeId: number): number {
  switch (typeId) {
    case RTMP_MESSAGE_TYPE.audio:
      return CHUNK_STREAM_ID.audio;
    case RTMP_MESSAGE_TYPE.video:
      return CHUNK_STREAM_ID.video;
    case RTMP_MESSAGE_TYPE.dataAmf0:
    case RTMP_MESSAGE_TYPE.dataAmf3:
      return CHUNK_STREAM_ID.data;
    case RTMP_MESSAGE_TYPE.commandAmf0:
    case RTMP_MESSAGE_TYPE.commandAmf3:
      return CHUNK_STREAM_ID.command;
    default:
      return CHUNK_STREAM_ID.control;
  }
}

function writeU32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}
