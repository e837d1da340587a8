import type {
  CodecName,
  CodecParameters,
  ParametersOf,
} from "#codecs/codec.ts";

/** Bytes of the largest tag body: its size field has 24 bits. Spec: FLV §E.4.1. */
export const MAX_FLV_BODY_BYTES = 0xffffff;

/** What the header of a tag says of the frame behind it. */
export interface FlvFrameHead {
  /** First byte of the tag; of audio without FourCC its low bits are SoundRate, SoundSize and SoundType. */
  readonly flags: number;
  /** Video only: the tag is flagged as a key frame. */
  readonly isKeyFrame: boolean;
}

/** What the payload of a frame's tag holds. */
export interface FlvPayload {
  /** Views of the payload: NAL units, OBUs or audio frames; at least one. */
  readonly parts: readonly Uint8Array[];
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** New parameters that hold from this frame on; undefined if nothing changed. */
  readonly parameters: CodecParameters | undefined;
}

/** Reads the payloads of one track of one codec; keeps what its configuration told. */
export interface FlvPayloadReader {
  /**
   * Takes the payload of a sequence header, owned; it may be empty.
   *
   * Output: undefined if it does not tell parameters.
   *
   * @throws {ParseError} if it is malformed.
   */
  configure(payload: Uint8Array): CodecParameters | undefined;
  /** Takes the channels of a MultichannelConfig, where the configuration may leave them open. */
  setChannelCount?(channelCount: number): CodecParameters | undefined;
  /**
   * Reads the payload of a frame, owned.
   *
   * Hot path. Output: undefined if it holds nothing to pass on: empty payloads, frames before their configuration.
   *
   * @throws {ParseError} if it is malformed.
   */
  read(payload: Uint8Array, head: FlvFrameHead): FlvPayload | undefined;
}

/** The body of one tag that holds a frame. */
export interface FlvFrame {
  /** Owned. */
  readonly body: Uint8Array;
  /** Ticks after the unit's time: several audio frames of one unit. */
  readonly offsetTicks: number;
}

/**
 * One codec in FLV: the one face of each room in `codecs/`.
 *
 * A room knows payloads. The headers before them, older ones and those with a FourCC, are the business of
 * `tag_reader.ts` and `tag_writer.ts`.
 */
export interface FlvCodec<C extends CodecName> {
  readonly codec: C;
  readonly kind: "video" | "audio";
  /** Names the codec in enhanced tags; undefined if it has no such tags. Spec: Enhanced RTMP v2, VideoFourCc, AudioFourCc. */
  readonly fourCc: string | undefined;
  /** CodecID (video) or SoundFormat (audio) of the tags without FourCC that are read. Spec: FLV §E.4.2.1, §E.4.3.1. */
  readonly codecIds: readonly number[];
  /** A configuration comes before the first frame; tags without FourCC then have a packet type, too. */
  readonly hasConfiguration: boolean;
  /** Frames may be shown later than they are decoded: CodedFrames tell how much. */
  readonly hasCompositionTime: boolean;
  /** Whether FLV can carry a track with these parameters. */
  isCarried(parameters: ParametersOf<C>): boolean;
  /** CodecID or SoundFormat of tags without FourCC; missing where such tags are only read. */
  codecId?(parameters: ParametersOf<C>): number;
  /** SoundRate, SoundSize and SoundType of a frame's tag without FourCC; missing where all tags have the same. */
  soundFlags?(parameters: ParametersOf<C>, frame: Uint8Array): number;
  /**
   * Payload of the sequence header that comes before the first frame.
   *
   * Output: owned; undefined if the codec has none or the parameters are not known yet.
   *
   * @throws {ParseError} if the parameters hold nonsense from a peer.
   */
  configuration(parameters: ParametersOf<C>): Uint8Array | undefined;
  /**
   * Bodies of the tags of one unit, in order, each with `headBytes` bytes left free for its header.
   *
   * Hot path. An empty result means that the unit holds nothing to send, or more than
   * {@linkcode MAX_FLV_BODY_BYTES}.
   *
   * @throws {ParseError} if the parts hold nonsense from a peer.
   */
  frames(
    parts: readonly Uint8Array[],
    parameters: ParametersOf<C>,
    headBytes: number,
  ): FlvFrame[];
  /** Starts reading a track. */
  openReader(): FlvPayloadReader;
}
