import { serializeAvcDecoderConfigurationRecord } from "#codecs/h264/avcc.ts";
import type { H264Parameters } from "#codecs/codec.ts";
import { SERVER_CHUNK_SIZE_BYTES } from "#protocols/rtmp/wire/answers.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { type Amf0Object, serializeAmf0Values } from "#formats/flv/amf0.ts";
import { H264_PARAMETERS, h264Slice } from "#test/units.ts";

function media(
  kind: "video" | "audio",
  timestampMs: number,
  body: readonly number[],
): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE[kind],
    messageStreamId: 1,
    timestampMs: (timestampMs + 2 ** 32) % 2 ** 32,
    payload: Uint8Array.from(body),
  };
}

/** Sequence header of an H264 track. */
export function videoHeader(
  timestampMs = 0,
  { sps, pps }: H264Parameters = H264_PARAMETERS,
): RtmpMessage {
  const record = serializeAvcDecoderConfigurationRecord(sps, pps);
  return media("video", timestampMs, [0x17, 0, 0, 0, 0, ...record]);
}

/** One picture. */
export function picture(
  timestampMs: number,
  options: {
    readonly isRandomAccess?: boolean;
    readonly compositionTimeMs?: number;
  } = {},
): RtmpMessage {
  const { isRandomAccess = false, compositionTimeMs = 0 } = options;
  const nal = h264Slice(isRandomAccess);
  const time = [16, 8, 0].map((shift) => compositionTimeMs >> shift & 0xff);
  return media("video", timestampMs, [
    ...[isRandomAccess ? 0x17 : 0x27, 1, ...time],
    ...[0, 0, 0, nal.length, ...nal],
  ]);
}

/** Sequence header of an AAC track of this AudioSpecificConfig; 48 kHz, stereo unless told otherwise. */
export function audioHeader(
  timestampMs = 0,
  config: readonly number[] = [0x11, 0x90],
): RtmpMessage {
  return media("audio", timestampMs, [0xaf, 0, ...config]);
}

/** One frame of AAC. */
export function audioFrame(timestampMs: number): RtmpMessage {
  return media("audio", timestampMs, [0xaf, 1, 0x21, 0x10]);
}

/** A message of any body, as hex digits: spaces between them are left out. */
export function tag(
  kind: "video" | "audio",
  timestampMs: number,
  body: string,
): RtmpMessage {
  return media(kind, timestampMs, [
    ...Uint8Array.fromHex(body.replaceAll(" ", "")),
  ]);
}

/** Video of a codec that RTMP does not carry here. */
export function unknownVideo(timestampMs: number): RtmpMessage {
  return media("video", timestampMs, [0x24, 1, 2, 3]);
}

/** Metadata with these properties. */
export function metadata(properties: Amf0Object): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.dataAmf0,
    messageStreamId: 1,
    timestampMs: 0,
    payload: serializeAmf0Values(["@setDataFrame", "onMetaData", properties]),
  };
}

/** Messages of what the server sends behind its SetChunkSize. */
export function messagesOf(bytes: Uint8Array): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader();
  const sink = { handleMessage: (one: RtmpMessage) => void messages.push(one) };
  const chunkSize = serializeRtmpControl({
    kind: "setChunkSize",
    chunkSizeBytes: SERVER_CHUNK_SIZE_BYTES,
  });
  reader.push(
    serializeRtmpMessages([chunkSize], DEFAULT_CHUNK_SIZE_BYTES),
    sink,
  );
  reader.push(bytes, sink);
  return messages;
}
