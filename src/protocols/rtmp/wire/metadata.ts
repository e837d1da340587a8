import {
  amf0Property,
  type Amf0Value,
  isAmf0Object,
  parseAmf0Values,
  serializeAmf0Values,
} from "#formats/flv/amf0.ts";
import { SERVER_MESSAGE_STREAM_ID } from "./answers.ts";
import { RTMP_MESSAGE_TYPE, type RtmpMessage } from "./messages.ts";

/** What a publisher says of its tracks before it sends them. */
export interface RtmpMetadata {
  /** A video track is to come. */
  readonly hasVideo: boolean;
  /** An audio track is to come. */
  readonly hasAudio: boolean;
}

/**
 * Parses the publisher's `onMetaData`, with or without `@setDataFrame` before it.
 *
 * Output: undefined for messages of other types and other data; both false if the publisher told nothing.
 * Spec: FLV §E.5; RTMP 1.0 §7.1.2.
 * Deviates: codec ids may be text ("avc1") or FourCCs, as encoders send them; only 0 and nothing mean no track.
 *
 * @throws {ParseError} if the values are malformed.
 */
export function parseRtmpMetadata(
  message: RtmpMessage,
): RtmpMetadata | undefined {
  const values = parseDataValues(message);
  if (values === undefined) return undefined;
  const at = values[0] === "@setDataFrame" ? 1 : 0;
  const properties = values[at + 1];
  if (values[at] !== "onMetaData" || !isAmf0Object(properties)) {
    return undefined;
  }
  return {
    hasVideo: isAnnounced(properties, "videocodecid", "hasVideo"),
    hasAudio: isAnnounced(properties, "audiocodecid", "hasAudio"),
  };
}

function parseDataValues(message: RtmpMessage): Amf0Value[] | undefined {
  switch (message.typeId) {
    case RTMP_MESSAGE_TYPE.dataAmf0:
      return parseAmf0Values(message.payload, "RTMP data");
    case RTMP_MESSAGE_TYPE.dataAmf3:
      return parseAmf0Values(message.payload.subarray(1), "RTMP data");
    default:
      return undefined;
  }
}

function isAnnounced(
  properties: Amf0Value,
  codecIdName: string,
  flagName: string,
): boolean {
  const codecId = amf0Property(properties, codecIdName);
  if (typeof codecId === "number") return codecId > 0;
  if (typeof codecId === "string") return codecId !== "";
  return amf0Property(properties, flagName) === true;
}

/**
 * Serialises the message that tells a reader which codecs follow.
 *
 * Codec ids are those of FLV tags; undefined means that there is no such track.
 * Spec: FLV §E.5.
 */
export function serializeRtmpMetadata(
  codecIds: {
    readonly videoCodecId: number | undefined;
    readonly audioCodecId: number | undefined;
  },
): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.dataAmf0,
    messageStreamId: SERVER_MESSAGE_STREAM_ID,
    timestampMs: 0,
    payload: serializeAmf0Values(["@setDataFrame", "onMetaData", {
      videocodecid: codecIds.videoCodecId ?? 0,
      videodatarate: 0,
      audiocodecid: codecIds.audioCodecId ?? 0,
      audiodatarate: 0,
    }]),
  };
}
