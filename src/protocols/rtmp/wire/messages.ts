import { ByteReader } from "#base/byte_reader.ts";

/** Types of RTMP messages. Spec: RTMP 1.0 §5.4, §7.1. */
export const RTMP_MESSAGE_TYPE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** Bytes of the largest payload that a message can have: its length field has 24 bits. Spec: RTMP 1.0 §5.3.1.2.1. */
export const MAX_RTMP_MESSAGE_BYTES = 0xffffff;

/** A whole message of a chunk stream. */
export interface RtmpMessage {
  /** One of {@linkcode RTMP_MESSAGE_TYPE}, or anything else from a peer. */
  readonly typeId: number;
  /** 0 for the connection, else what `createStream` answered. */
  readonly messageStreamId: number;
  /** Absolute, 0 to 2^32 - 1; wraps. */
  readonly timestampMs: number;
  /** Owned; at most {@linkcode MAX_RTMP_MESSAGE_BYTES}. */
  readonly payload: Uint8Array;
}

/**
 * What the values of a command or data message begin with, as a view.
 *
 * Messages of the AMF3 types begin with a 0 that says "AMF0 follows", in which AMF3 values have a marker of their own.
 * Spec: RTMP 1.0 §7.1.1. Deviates: the 0 may be missing.
 */
export function amfValuesOf({ typeId, payload }: RtmpMessage): Uint8Array {
  const isAmf3 = typeId === RTMP_MESSAGE_TYPE.commandAmf3 ||
    typeId === RTMP_MESSAGE_TYPE.dataAmf3;
  return isAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
}

/** Limit type of SetPeerBandwidth. Spec: RTMP 1.0 §5.4.5. */
export const PEER_BANDWIDTH_LIMIT = { hard: 0, soft: 1, dynamic: 2 } as const;

const USER_CONTROL_EVENT = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const;

/** A protocol control message or a user control event. Spec: RTMP 1.0 §5.4, §7.1.7. */
export type RtmpControl =
  | {
    readonly kind: "setChunkSize";
    /** 1 to 2^31 - 1. */
    readonly chunkSizeBytes: number;
  }
  | { readonly kind: "abort"; readonly chunkStreamId: number }
  | {
    readonly kind: "acknowledgement";
    /** All bytes received so far, modulo 2^32. */
    readonly receivedBytes: number;
  }
  | { readonly kind: "windowAckSize"; readonly windowBytes: number }
  | {
    readonly kind: "setPeerBandwidth";
    readonly windowBytes: number;
    /** One of {@linkcode PEER_BANDWIDTH_LIMIT}. */
    readonly limitType: number;
  }
  | {
    readonly kind:
      | "streamBegin"
      | "streamEof"
      | "streamDry"
      | "streamIsRecorded";
    readonly messageStreamId: number;
  }
  | {
    readonly kind: "setBufferLength";
    readonly messageStreamId: number;
    readonly bufferLengthMs: number;
  }
  | {
    readonly kind: "pingRequest" | "pingResponse";
    /** Clock of who asked; the answer repeats it. */
    readonly timestampMs: number;
  }
  | { readonly kind: "unknownUserControl"; readonly eventType: number };

/**
 * Parses a protocol control message (types 1 to 6).
 *
 * Output: undefined for messages of other types. Bytes behind the known fields are not looked at.
 * Spec: RTMP 1.0 §5.4, §7.1.7.
 *
 * @throws {ParseError} if the payload is cut or a chunk size is out of range.
 */
export function parseRtmpControl(
  message: RtmpMessage,
): RtmpControl | undefined {
  const reader = new ByteReader(message.payload, "RTMP control message");
  switch (message.typeId) {
    case RTMP_MESSAGE_TYPE.setChunkSize: {
      const chunkSizeBytes = reader.u32("chunkSize");
      if (chunkSizeBytes < 1 || chunkSizeBytes > 0x7fffffff) {
        throw reader.error(
          `must be 1 to 2147483647, found ${chunkSizeBytes}`,
          "chunkSize",
        );
      }
      return { kind: "setChunkSize", chunkSizeBytes };
    }
    case RTMP_MESSAGE_TYPE.abort:
      return { kind: "abort", chunkStreamId: reader.u32("chunkStreamId") };
    case RTMP_MESSAGE_TYPE.acknowledgement:
      return {
        kind: "acknowledgement",
        receivedBytes: reader.u32("sequenceNumber"),
      };
    case RTMP_MESSAGE_TYPE.windowAckSize:
      return {
        kind: "windowAckSize",
        windowBytes: reader.u32("acknowledgementWindowSize"),
      };
    case RTMP_MESSAGE_TYPE.setPeerBandwidth:
      return {
        kind: "setPeerBandwidth",
        windowBytes: reader.u32("acknowledgementWindowSize"),
        limitType: reader.u8("limitType"),
      };
    case RTMP_MESSAGE_TYPE.userControl:
      return parseUserControl(reader);
    default:
      return undefined;
  }
}

function parseUserControl(reader: ByteReader): RtmpControl {
  const eventType = reader.u16("eventType");
  switch (eventType) {
    case USER_CONTROL_EVENT.streamBegin:
      return { kind: "streamBegin", messageStreamId: reader.u32("streamId") };
    case USER_CONTROL_EVENT.streamEof:
      return { kind: "streamEof", messageStreamId: reader.u32("streamId") };
    case USER_CONTROL_EVENT.streamDry:
      return { kind: "streamDry", messageStreamId: reader.u32("streamId") };
    case USER_CONTROL_EVENT.setBufferLength:
      return {
        kind: "setBufferLength",
        messageStreamId: reader.u32("streamId"),
        bufferLengthMs: reader.u32("bufferLength"),
      };
    case USER_CONTROL_EVENT.streamIsRecorded:
      return {
        kind: "streamIsRecorded",
        messageStreamId: reader.u32("streamId"),
      };
    case USER_CONTROL_EVENT.pingRequest:
      return { kind: "pingRequest", timestampMs: reader.u32("timestamp") };
    case USER_CONTROL_EVENT.pingResponse:
      return { kind: "pingResponse", timestampMs: reader.u32("timestamp") };
    default:
      return { kind: "unknownUserControl", eventType };
  }
}

/**
 * Serialises a control message, on message stream 0 at time 0.
 *
 * Spec: RTMP 1.0 §5.4, §7.1.7.
 */
export function serializeRtmpControl(
  control: Exclude<RtmpControl, { kind: "unknownUserControl" }>,
): RtmpMessage {
  switch (control.kind) {
    case "setChunkSize":
      return controlMessage(
        RTMP_MESSAGE_TYPE.setChunkSize,
        u32(control.chunkSizeBytes),
      );
    case "abort":
      return controlMessage(
        RTMP_MESSAGE_TYPE.abort,
        u32(control.chunkStreamId),
      );
    case "acknowledgement":
      return controlMessage(
        RTMP_MESSAGE_TYPE.acknowledgement,
        u32(control.receivedBytes),
      );
    case "windowAckSize":
      return controlMessage(
        RTMP_MESSAGE_TYPE.windowAckSize,
        u32(control.windowBytes),
      );
    case "setPeerBandwidth":
      return controlMessage(
        RTMP_MESSAGE_TYPE.setPeerBandwidth,
        [...u32(control.windowBytes), control.limitType],
      );
    case "setBufferLength":
      return userControl(
        control.kind,
        control.messageStreamId,
        control.bufferLengthMs,
      );
    case "pingRequest":
    case "pingResponse":
      return userControl(control.kind, control.timestampMs);
    default:
      return userControl(control.kind, control.messageStreamId);
  }
}

function controlMessage(
  typeId: number,
  payload: readonly number[],
): RtmpMessage {
  return {
    typeId,
    messageStreamId: 0,
    timestampMs: 0,
    payload: Uint8Array.from(payload),
  };
}

function userControl(
  kind: keyof typeof USER_CONTROL_EVENT,
  ...fields: readonly number[]
): RtmpMessage {
  const event = USER_CONTROL_EVENT[kind];
  return controlMessage(
    RTMP_MESSAGE_TYPE.userControl,
    [event >> 8, event, ...fields.flatMap(u32)],
  );
}

function u32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff];
}
