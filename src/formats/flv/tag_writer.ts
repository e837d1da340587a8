import { assert } from "#base/errors.ts";
import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import type { FlvCodec, FlvFrame } from "./flv_codec.ts";
import { fourCcNumber } from "./four_cc.ts";
import {
  AUDIO_PACKET_TYPE,
  COMPOSITION_TIME_BYTES,
  DEFAULT_SOUND_FLAGS,
  FOUR_CC_BYTES,
  FRAME_TYPE,
  IS_EX_VIDEO_HEADER,
  MULTITRACK_TYPE,
  PACKET_TYPE,
  SOUND_FORMAT_EX_HEADER,
  VIDEO_PACKET_TYPE,
} from "./tag_header.ts";

/** Multitrack type and packet type, track ID. */
const MULTITRACK_BYTES = 2;

/** How the tags of one track look. */
export interface FlvTrackForm {
  readonly flv: FlvCodec<CodecName>;
  /** Tags have a FourCC; else they look as they did before there was one. */
  readonly isEnhanced: boolean;
  /** Number of the track among those of its kind, 0 to 255; above 0 the tags are multitrack tags and enhanced. */
  readonly trackId: number;
}

/** One unit to write. */
export interface FlvUnit {
  /** NAL units, OBUs or audio frames, owned. */
  readonly parts: readonly Uint8Array[];
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** Presentation minus decoding time; 0 for audio. */
  readonly compositionTimeMs: number;
}

/** What the header of one tag says. */
interface TagHead {
  readonly packetType: number;
  readonly isKeyFrame: boolean;
  readonly compositionTimeMs: number;
}

const SEQUENCE_START: TagHead = {
  packetType: PACKET_TYPE.sequenceStart,
  isKeyFrame: true,
  compositionTimeMs: 0,
};

/**
 * Body of the tag that comes before the first frame of a track.
 *
 * Output: owned; undefined if the codec has none or the parameters are not known yet.
 *
 * @throws {ParseError} if the parameters hold nonsense from a peer.
 */
export function flvSequenceHeader(
  form: FlvTrackForm,
  parameters: CodecParameters,
): Uint8Array | undefined {
  const payload = form.flv.configuration(parameters);
  if (payload === undefined) return undefined;
  const headBytes = headSizeBytes(form, SEQUENCE_START);
  const body = new Uint8Array(headBytes + payload.length);
  body.set(payload, headBytes);
  writeHead(body, form, SEQUENCE_START, parameters);
  return body;
}

/**
 * Bodies of the tags of one unit, in order.
 *
 * Hot path. An empty result means that the unit holds nothing to send.
 *
 * @throws {ParseError} if the unit holds nonsense from a peer.
 */
export function flvFrames(
  form: FlvTrackForm,
  { parts, isRandomAccess, compositionTimeMs }: FlvUnit,
  parameters: CodecParameters,
): FlvFrame[] {
  const { flv, isEnhanced } = form;
  const isTimeLeftOut = isEnhanced && flv.hasCompositionTime &&
    compositionTimeMs === 0;
  const head = {
    packetType: isTimeLeftOut
      ? PACKET_TYPE.codedFramesX
      : PACKET_TYPE.codedFrames,
    isKeyFrame: isRandomAccess,
    compositionTimeMs,
  };
  const frames = flv.frames(parts, parameters, headSizeBytes(form, head));
  for (const { body } of frames) writeHead(body, form, head, parameters);
  return frames;
}

/**
 * What metadata calls the codec of a track: its CodecID or SoundFormat, or its FourCC as a number.
 *
 * Spec: FLV §E.5; Enhanced RTMP v2, Enhancing onMetaData.
 */
export function flvCodecId(
  { flv, isEnhanced }: FlvTrackForm,
  parameters: CodecParameters,
): number {
  if (!isEnhanced && flv.codecId) return flv.codecId(parameters);
  assert(flv.fourCc !== undefined, "enhanced tags are of codecs with a FourCC");
  return fourCcNumber(flv.fourCc);
}

function headSizeBytes(
  { flv, isEnhanced, trackId }: FlvTrackForm,
  { packetType }: TagHead,
): number {
  if (isEnhanced) {
    const hasTime = flv.hasCompositionTime &&
      packetType === PACKET_TYPE.codedFrames;
    return 1 + FOUR_CC_BYTES + (trackId > 0 ? MULTITRACK_BYTES : 0) +
      (hasTime ? COMPOSITION_TIME_BYTES : 0);
  }
  if (flv.kind === "video") return 2 + COMPOSITION_TIME_BYTES;
  return flv.hasConfiguration ? 2 : 1;
}

/** Fills the bytes that {@linkcode headSizeBytes} counts. Hot path. */
function writeHead(
  body: Uint8Array,
  form: FlvTrackForm,
  head: TagHead,
  parameters: CodecParameters,
): void {
  if (form.isEnhanced) writeEnhancedHead(body, form, head, parameters);
  else writePlainHead(body, form, head, parameters);
}

function writePlainHead(
  body: Uint8Array,
  form: FlvTrackForm,
  head: TagHead,
  parameters: CodecParameters,
): void {
  const { flv } = form;
  const { packetType, isKeyFrame, compositionTimeMs } = head;
  const codecId = flvCodecId(form, parameters);
  if (flv.kind === "video") {
    const frameType = isKeyFrame ? FRAME_TYPE.key : FRAME_TYPE.inter;
    body[0] = frameType << 4 | codecId;
    body[1] = packetType;
    writeCompositionTime(body, 2, compositionTimeMs);
    return;
  }
  const headBytes = flv.hasConfiguration ? 2 : 1;
  const flags = flv.soundFlags?.(parameters, body.subarray(headBytes)) ??
    DEFAULT_SOUND_FLAGS;
  body[0] = codecId << 4 | flags;
  if (flv.hasConfiguration) body[1] = packetType;
}

function writeEnhancedHead(
  body: Uint8Array,
  form: FlvTrackForm,
  head: TagHead,
  parameters: CodecParameters,
): void {
  const { flv, trackId } = form;
  const { packetType, isKeyFrame, compositionTimeMs } = head;
  const isVideo = flv.kind === "video";
  const { multitrack } = isVideo ? VIDEO_PACKET_TYPE : AUDIO_PACKET_TYPE;
  const isMultitrack = trackId > 0;
  const frameType = isKeyFrame ? FRAME_TYPE.key : FRAME_TYPE.inter;
  const firstBits = isVideo
    ? IS_EX_VIDEO_HEADER | frameType << 4
    : SOUND_FORMAT_EX_HEADER << 4;
  body[0] = firstBits | (isMultitrack ? multitrack : packetType);
  let at = 1;
  if (isMultitrack) body[at++] = MULTITRACK_TYPE.oneTrack << 4 | packetType;
  const fourCc = flvCodecId(form, parameters);
  body[at++] = fourCc >>> 24;
  body[at++] = fourCc >>> 16;
  body[at++] = fourCc >>> 8;
  body[at++] = fourCc;
  if (isMultitrack) body[at++] = trackId;
  if (flv.hasCompositionTime && packetType === PACKET_TYPE.codedFrames) {
    writeCompositionTime(body, at, compositionTimeMs);
  }
}

function writeCompositionTime(
  body: Uint8Array,
  at: number,
  compositionTimeMs: number,
): void {
  body[at] = compositionTimeMs >> 16;
  body[at + 1] = compositionTimeMs >> 8;
  body[at + 2] = compositionTimeMs;
}
