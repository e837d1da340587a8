import { ByteReader } from "#base/byte_reader.ts";
import type { RtmpMessageSink } from "./chunk_reader.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./messages.ts";

/** Messages that one aggregate message may hold. */
export const MAX_AGGREGATED_MESSAGES = 4_096;

const BACK_POINTER_BYTES = 4;

/**
 * Takes an aggregate message apart: `sink` gets the media and data messages in it, one after the other.
 *
 * Their times are moved so that the first one has the time of the aggregate. Anything else in it is left out.
 *
 * Output: payloads are views into that of the aggregate.
 * Limits: {@linkcode MAX_AGGREGATED_MESSAGES}; their sizes by that of the aggregate.
 * Spec: RTMP 1.0 §7.1.6; each is an FLV tag (FLV §E.4.1) with its back pointer.
 * Deviates: back pointers are not compared, and the last one may be missing.
 *
 * @throws {ParseError} if a message is cut or there are too many; those before it were handed over.
 */
export function takeApartAggregate(
  { messageStreamId, timestampMs, payload }: RtmpMessage,
  sink: RtmpMessageSink,
): void {
  const reader = new ByteReader(payload, "RTMP aggregate message");
  let shiftMs: number | undefined;
  for (let i = 0; reader.remainingBytes > 0; i++) {
    const field = `messages[${i}]`;
    const typeId = reader.u8(`${field}.type`);
    if (i >= MAX_AGGREGATED_MESSAGES) {
      throw reader.error(
        `must be one of at most ${MAX_AGGREGATED_MESSAGES}`,
        field,
      );
    }
    const lengthBytes = reader.u24(`${field}.length`);
    const lowMs = reader.u24(`${field}.timestamp`);
    const ownMs = reader.u8(`${field}.timestampExtended`) * 2 ** 24 + lowMs;
    reader.u24(`${field}.streamId`);
    const body = reader.take(lengthBytes, `${field}.body`);
    reader.take(
      Math.min(BACK_POINTER_BYTES, reader.remainingBytes),
      `${field}.backPointer`,
    );
    shiftMs ??= timestampMs - ownMs;
    if (!mayBeAggregated(typeId)) continue;
    sink.handleMessage({
      typeId,
      messageStreamId,
      timestampMs: ownMs + shiftMs >>> 0,
      payload: body,
    });
  }
}

function mayBeAggregated(typeId: number): boolean {
  return typeId === RTMP_MESSAGE_TYPE.audio ||
    typeId === RTMP_MESSAGE_TYPE.video ||
    typeId === RTMP_MESSAGE_TYPE.dataAmf0 ||
    typeId === RTMP_MESSAGE_TYPE.dataAmf3;
}
