import type { RefusalCode } from "#base/access.ts";
import { OWN_CAPABILITIES } from "./capabilities.ts";
import { type ConnectCommand, serializeRtmpCommand } from "./commands.ts";
import {
  PEER_BANDWIDTH_LIMIT,
  type RtmpMessage,
  serializeRtmpControl,
} from "./messages.ts";

/** Window after which this side acknowledges what it got, until the peer announces one. */
export const WINDOW_ACK_SIZE_BYTES = 2_500_000;

/**
 * Window after which peers are to acknowledge what they got: seldom, as nothing is held back for it.
 *
 * A reader that often says something has a kernel that waits with its acknowledgements for what it may say next; those
 * then come while the server sends, and cost it a tenth more.
 */
export const ANNOUNCED_WINDOW_ACK_SIZE_BYTES = 64 * 1_024 * 1_024;

/** Chunk size of everything behind the answer to `connect`. */
export const SERVER_CHUNK_SIZE_BYTES = 65_536;

/** The one message stream that `createStream` hands out. */
export const SERVER_MESSAGE_STREAM_ID = 1;

/** Transaction ID of messages that answer no command. */
const NO_TRANSACTION = 0;

/**
 * Answers `connect` with success.
 *
 * Cut them, and everything behind them, by {@linkcode SERVER_CHUNK_SIZE_BYTES}: up to and with SetChunkSize they are
 * shorter than the chunk size in use before.
 *
 * A client that speaks of enhanced RTMP hears what the server can do, one that wants AMF3 that it may.
 * Spec: RTMP 1.0 §7.2.1.1; Enhanced RTMP v2, Enhancing NetConnection connect Command.
 */
export function connectAnswer(
  { transactionId, objectEncoding, capabilities }: Pick<
    ConnectCommand,
    "transactionId" | "objectEncoding" | "capabilities"
  >,
): RtmpMessage[] {
  return [
    serializeRtmpControl({
      kind: "windowAckSize",
      windowBytes: ANNOUNCED_WINDOW_ACK_SIZE_BYTES,
    }),
    serializeRtmpControl({
      kind: "setPeerBandwidth",
      windowBytes: WINDOW_ACK_SIZE_BYTES,
      limitType: PEER_BANDWIDTH_LIMIT.dynamic,
    }),
    serializeRtmpControl({
      kind: "setChunkSize",
      chunkSizeBytes: SERVER_CHUNK_SIZE_BYTES,
    }),
    serializeRtmpCommand(
      0,
      "_result",
      transactionId,
      {
        fmsVer: "LNX 9,0,124,2",
        capabilities: 31,
        ...(capabilities.isEnhanced ? OWN_CAPABILITIES : {}),
      },
      {
        level: "status",
        code: "NetConnection.Connect.Success",
        description: "Connection succeeded.",
        objectEncoding,
      },
    ),
  ];
}

/** Answers `createStream` with {@linkcode SERVER_MESSAGE_STREAM_ID}. Spec: RTMP 1.0 §7.2.1.3. */
export function createStreamAnswer(transactionId: number): RtmpMessage {
  return serializeRtmpCommand(
    0,
    "_result",
    transactionId,
    null,
    SERVER_MESSAGE_STREAM_ID,
  );
}

/** Accepts `play`. Spec: RTMP 1.0 §7.2.2.1. */
export function playAccepted(): RtmpMessage[] {
  const messageStreamId = SERVER_MESSAGE_STREAM_ID;
  return [
    serializeRtmpControl({ kind: "streamIsRecorded", messageStreamId }),
    serializeRtmpControl({ kind: "streamBegin", messageStreamId }),
    onStatus("status", "NetStream.Play.Reset", "play reset"),
    onStatus("status", "NetStream.Play.Start", "play start"),
    onStatus("status", "NetStream.Data.Start", "data start"),
    onStatus("status", "NetStream.Play.PublishNotify", "publish notify"),
  ];
}

/** Tells a player that the stream has ended. Spec: RTMP 1.0 §7.1.7, §7.2.2. */
export function playEnded(): RtmpMessage[] {
  const messageStreamId = SERVER_MESSAGE_STREAM_ID;
  return [
    serializeRtmpControl({ kind: "streamEof", messageStreamId }),
    onStatus("status", "NetStream.Play.UnpublishNotify", "stream has ended"),
  ];
}

/**
 * Asks a client to connect again, to the same address, and to leave this connection.
 *
 * Only for those that said in `connect` that they understand it.
 * Spec: Enhanced RTMP v2, Reconnect Request.
 */
export function reconnectRequest(description: string): RtmpMessage {
  return serializeRtmpCommand(0, "onStatus", NO_TRANSACTION, null, {
    level: "status",
    code: "NetConnection.Connect.ReconnectRequest",
    description,
  });
}

/** Accepts `publish`. Spec: RTMP 1.0 §7.2.2.6. */
export function publishAccepted(): RtmpMessage {
  return onStatus("status", "NetStream.Publish.Start", "publish start");
}

/** Why somebody is not let in, with the status that HTTP has for it. */
const REFUSALS: Readonly<Record<RefusalCode, string>> = {
  unauthorized: "authentication failed",
  forbidden: "authentication failed: 403 not allowed",
  expired: "authentication failed: 419 expired",
};

/** Rejects `play` for its credentials. */
export function playUnauthorized(code: RefusalCode): RtmpMessage {
  return onStatus("error", "NetStream.Play.Failed", REFUSALS[code]);
}

/** Rejects `publish` for its credentials. */
export function publishUnauthorized(code: RefusalCode): RtmpMessage {
  return onStatus("error", "NetStream.Publish.Unauthorized", REFUSALS[code]);
}

function onStatus(
  level: "status" | "error",
  code: string,
  description: string,
): RtmpMessage {
  return serializeRtmpCommand(
    SERVER_MESSAGE_STREAM_ID,
    "onStatus",
    NO_TRANSACTION,
    null,
    { level, code, description },
  );
}
