import { writeU32 } from "#base/big_endian.ts";
import { serializeAmf0Values } from "./amf0.ts";

/** Tag types. Spec: FLV §E.4.1. */
const TAG_TYPE = { audio: 8, video: 9, script: 18 } as const;

/** `HasVideo` and `HasAudio` of the header. Spec: FLV §E.2. */
const HAS_VIDEO = 0b001;
const HAS_AUDIO = 0b100;

const VERSION = 1;
const HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
/** `PreviousTagSize` behind the header, and behind every tag. */
const BACK_POINTER_BYTES = 4;

/** A tag of a file. */
export interface FlvFileTag {
  readonly kind: "audio" | "video" | "script";
  /** Its lowest 32 bits are written. */
  readonly timestampMs: number;
  /** Up to 16 MiB. */
  readonly body: Uint8Array;
}

/** What a file says of its tracks before their first tags. */
export interface FlvFileTracks {
  /** CodecID, or FourCC as a number; undefined if there is no video. */
  readonly videoCodecId: number | undefined;
  /** SoundFormat, or FourCC as a number; undefined if there is no audio. */
  readonly audioCodecId: number | undefined;
  /** Pixels, where they are known. */
  readonly size:
    | { readonly width: number; readonly height: number }
    | undefined;
}

/**
 * Serialises the header of a file without end, and `onMetaData`.
 *
 * Spec: FLV §E.2, §E.5.
 */
export function serializeFlvStart(
  { videoCodecId, audioCodecId, size }: FlvFileTracks,
): Uint8Array {
  const hasVideo = videoCodecId !== undefined;
  const hasAudio = audioCodecId !== undefined;
  const header = new Uint8Array(HEADER_BYTES + BACK_POINTER_BYTES);
  header.set([0x46, 0x4c, 0x56, VERSION]);
  header[4] = (hasVideo ? HAS_VIDEO : 0) | (hasAudio ? HAS_AUDIO : 0);
  header[8] = HEADER_BYTES;
  const metadata = serializeAmf0Values(["onMetaData", {
    duration: 0,
    hasVideo,
    hasAudio,
    ...hasVideo ? { videocodecid: videoCodecId } : {},
    ...hasAudio ? { audiocodecid: audioCodecId } : {},
    ...size ? { width: size.width, height: size.height } : {},
  }]);
  const tags = serializeFlvTags([
    { kind: "script", timestampMs: 0, body: metadata },
  ]);
  const bytes = new Uint8Array(header.length + tags.length);
  bytes.set(header);
  bytes.set(tags, header.length);
  return bytes;
}

/**
 * Serialises tags, each with the size of itself behind it. Hot path.
 *
 * Spec: FLV §E.3, §E.4.
 */
export function serializeFlvTags(tags: readonly FlvFileTag[]): Uint8Array {
  let sizeBytes = 0;
  for (const { body } of tags) {
    sizeBytes += TAG_HEADER_BYTES + body.length + BACK_POINTER_BYTES;
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const { kind, timestampMs, body } of tags) {
    writeU32(bytes, at, TAG_TYPE[kind] * 2 ** 24 + body.length);
    // The lowest 24 bits first, then the highest eight.
    writeU32(bytes, at + 4, timestampMs * 2 ** 8);
    bytes[at + 7] = timestampMs / 2 ** 24;
    bytes.set(body, at + TAG_HEADER_BYTES);
    at += TAG_HEADER_BYTES + body.length;
    writeU32(bytes, at, TAG_HEADER_BYTES + body.length);
    at += BACK_POINTER_BYTES;
  }
  return bytes;
}
