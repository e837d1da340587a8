import {
  type Amf0Object,
  amf0Property,
  type Amf0Value,
  isAmf0Object,
  parseAmf0Values,
  serializeAmf0Values,
} from "#formats/flv/amf0.ts";
import { SERVER_MESSAGE_STREAM_ID } from "./answers.ts";
import {
  amfValuesOf,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "./messages.ts";

/** The largest track ID. Spec: Enhanced RTMP v2, `videoTrackId`, `audioTrackId`. */
const MAX_TRACK_ID = 255;

/** What a publisher says of its tracks before it sends them. */
export interface RtmpMetadata {
  /** IDs of the video tracks that are to come, 0 to 255. */
  readonly videoTrackIds: readonly number[];
  /** IDs of the audio tracks that are to come, 0 to 255. */
  readonly audioTrackIds: readonly number[];
}

/**
 * Parses the publisher's `onMetaData`, with or without `@setDataFrame` before it.
 *
 * Output: undefined for messages of other types and other data; no IDs if the publisher told nothing.
 * Spec: FLV §E.5; RTMP 1.0 §7.1.2; Enhanced RTMP v2, Enhancing onMetaData.
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
    videoTrackIds: [
      ...isAnnounced(properties, "videocodecid", "hasVideo") ? [0] : [],
      ...furtherTrackIds(amf0Property(properties, "videoTrackIdInfoMap")),
    ],
    audioTrackIds: [
      ...isAnnounced(properties, "audiocodecid", "hasAudio") ? [0] : [],
      ...furtherTrackIds(amf0Property(properties, "audioTrackIdInfoMap")),
    ],
  };
}

function parseDataValues(message: RtmpMessage): Amf0Value[] | undefined {
  switch (message.typeId) {
    case RTMP_MESSAGE_TYPE.dataAmf0:
    case RTMP_MESSAGE_TYPE.dataAmf3:
      return parseAmf0Values(amfValuesOf(message), "RTMP data");
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

function furtherTrackIds(map: Amf0Value): number[] {
  if (!isAmf0Object(map)) return [];
  return Object.keys(map).map(Number)
    .filter((id) => Number.isInteger(id) && id > 0 && id <= MAX_TRACK_ID);
}

/** Codecs of the tracks that a reader gets, the one with track ID 0 first. */
export interface RtmpCodecIds {
  /** CodecIDs, or FourCCs as numbers. */
  readonly video: readonly number[];
  /** SoundFormats, or FourCCs as numbers. */
  readonly audio: readonly number[];
}

/**
 * Serialises the message that tells a reader which codecs follow.
 *
 * Spec: FLV §E.5; Enhanced RTMP v2, Enhancing onMetaData.
 */
export function serializeRtmpMetadata(
  { video, audio }: RtmpCodecIds,
): RtmpMessage {
  return {
    typeId: RTMP_MESSAGE_TYPE.dataAmf0,
    messageStreamId: SERVER_MESSAGE_STREAM_ID,
    timestampMs: 0,
    payload: serializeAmf0Values(["@setDataFrame", "onMetaData", {
      videocodecid: video[0] ?? 0,
      videodatarate: 0,
      audiocodecid: audio[0] ?? 0,
      audiodatarate: 0,
      ...trackIdInfoMap("videoTrackIdInfoMap", "videocodecid", video),
      ...trackIdInfoMap("audioTrackIdInfoMap", "audiocodecid", audio),
    }]),
  };
}

/** Describes the tracks behind the first one; nothing if there are none. */
function trackIdInfoMap(
  name: string,
  codecIdName: string,
  codecIds: readonly number[],
): Amf0Object {
  if (codecIds.length < 2) return {};
  const map: Record<string, Amf0Object> = {};
  for (const [trackId, codecId] of codecIds.entries()) {
    if (trackId > 0) map[trackId] = { [codecIdName]: codecId };
  }
  return { [name]: map };
}
