import type { Amf0Object } from "#formats/flv/amf0.ts";
import { ANNOUNCED_WINDOW_ACK_SIZE_BYTES } from "./answers.ts";
import { serializeRtmpCommand } from "./commands.ts";
import { type RtmpMessage, serializeRtmpControl } from "./messages.ts";

/** Transaction IDs of what a reading client asks for, in this order. */
const TRANSACTION = { connect: 1, createStream: 2, play: 3 };

/** How much a server may send ahead. */
const BUFFER_LENGTH_MS = 100;

/** Codecs from before enhanced RTMP: MP3, G711, AAC; H264. Spec: RTMP 1.0 §7.2.1.1. */
const AUDIO_CODECS = 0x0001 | 0x0004 | 0x0080 | 0x0100 | 0x0400;
const VIDEO_CODECS = 0x0080;

/** What `connect` tells a server. */
export interface ConnectRequest {
  readonly app: string;
  readonly tcUrl: string;
  /** Properties of enhanced RTMP. */
  readonly capabilities: Amf0Object;
}

/** Asks for an application. Spec: RTMP 1.0 §7.2.1.1. */
export function connectRequest(
  { app, tcUrl, capabilities }: ConnectRequest,
): RtmpMessage {
  return serializeRtmpCommand(0, "connect", TRANSACTION.connect, {
    app,
    flashVer: "LNX 9,0,124,2",
    tcUrl,
    fpad: false,
    capabilities: 15,
    audioCodecs: AUDIO_CODECS,
    videoCodecs: VIDEO_CODECS,
    videoFunction: 0,
    objectEncoding: 0,
    ...capabilities,
  });
}

/** Announces when this side wants to be acknowledged, and asks for a message stream. Spec: RTMP 1.0 §7.2.1.3. */
export function createStreamRequest(): RtmpMessage[] {
  return [
    serializeRtmpControl({
      kind: "windowAckSize",
      windowBytes: ANNOUNCED_WINDOW_ACK_SIZE_BYTES,
    }),
    serializeRtmpCommand(0, "createStream", TRANSACTION.createStream, null),
  ];
}

/** Asks for a stream. Spec: RTMP 1.0 §7.2.2.1, §7.1.7. */
export function playRequest(
  messageStreamId: number,
  streamKey: string,
): RtmpMessage[] {
  return [
    serializeRtmpControl({
      kind: "setBufferLength",
      messageStreamId,
      bufferLengthMs: BUFFER_LENGTH_MS,
    }),
    serializeRtmpCommand(
      messageStreamId,
      "play",
      TRANSACTION.play,
      null,
      streamKey,
    ),
  ];
}
