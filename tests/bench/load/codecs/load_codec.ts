/** Codecs of the streams that servers are loaded with. */
export type CodecName = "h264" | "h265" | "av1";

/** An RTP payload in two pieces, one behind the other. */
export interface RtpPayload {
  readonly header: readonly number[];
  /** Part of a picture or of a parameter set; a view. */
  readonly data: Uint8Array;
}

/**
 * One codec: what a publisher says and sends of it, and how readers find its
 * key frames.
 *
 * A picture is one NAL unit or OBU: a true header, and behind it any bytes but
 * zeros.
 */
export interface LoadCodec {
  /** Name in an `rtpmap` attribute; the clock rate is 90,000. */
  readonly encodingName: string;
  /** Format parameters of SDP. */
  readonly fmtp: string;
  /** FourCC of RTMP messages; undefined if they have the old form without one. */
  readonly fourCc: string | undefined;
  /** `videocodecid` of RTMP's `onMetaData`. */
  readonly videoCodecId: number;
  /** RTMP message that holds the decoder configuration. */
  readonly sequenceHeader: Uint8Array;
  /** Beginning of a picture; the first of a group (index 0) is its key frame. */
  pictureHeader(indexInGroup: number): Uint8Array;
  /** RTMP message that holds a picture. */
  rtmpMessage(picture: Uint8Array, isKeyFrame: boolean): Uint8Array;
  /** RTP payloads of a picture, before a key frame those of the parameter sets. */
  rtpPayloads(
    picture: Uint8Array,
    isKeyFrame: boolean,
    maxPayloadBytes: number,
  ): RtpPayload[];
  /**
   * Tells whether an RTMP message that holds a picture, or begins with it, is a
   * key frame; {@linkcode RTMP_PREFIX_BYTES} of it are enough.
   */
  isRtmpKeyFrame(message: ArrayLike<number>): boolean;
  /**
   * Tells whether the RTP payload at an offset is the beginning of a key frame;
   * {@linkcode RTP_PAYLOAD_PREFIX_BYTES} of it are enough.
   */
  isRtpKeyFrame(packet: Uint8Array, payloadOffsetBytes: number): boolean;
}

/** FourCC, composition time, length of a NAL unit, and the type of that. */
export const RTMP_PREFIX_BYTES: number = 1 + 4 + 3 + 4 + 1;

/** Payload header and fragment header of H.265. */
export const RTP_PAYLOAD_PREFIX_BYTES = 3;
