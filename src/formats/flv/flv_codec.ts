import type {
  CodecName,
  CodecParameters,
  ParametersOf,
} from "#codecs/codec.ts";

/** Bytes of the largest tag body: its size field has 24 bits. Spec: FLV §E.4.1. */
export const MAX_FLV_BODY_BYTES = 0xffffff;

/** What the body of a video or audio tag holds, told apart by `kind`. */
export type FlvTag =
  /** A sequence header. */
  | { readonly kind: "parameters"; readonly parameters: CodecParameters }
  | FlvFrameTag
  /** The codec's end of sequence: more may follow. */
  | { readonly kind: "end" }
  /** Nothing to pass on: empty tags, commands, frames before their sequence header. */
  | { readonly kind: "ignored" }
  | {
    readonly kind: "unsupported";
    /** FourCC of enhanced tags, e.g. `"av01"`, else CodecID or SoundFormat as a number, e.g. `"4"`. */
    readonly codecId: string;
  };

/** One frame. */
export interface FlvFrameTag {
  readonly kind: "frame";
  readonly codec: CodecName;
  /** Views of the body: NAL units or one audio frame; at least one. */
  readonly parts: readonly Uint8Array[];
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** Presentation minus decoding time, -2^23 to 2^23 - 1; 0 for audio. */
  readonly compositionTimeMs: number;
  /** New parameters that hold from this frame on; undefined if nothing changed. */
  readonly parameters: CodecParameters | undefined;
}

/** One unit to write. */
export interface FlvUnit {
  /** NAL units or audio frames, owned. */
  readonly parts: readonly Uint8Array[];
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** Presentation minus decoding time; 0 for audio. */
  readonly compositionTimeMs: number;
}

/** The body of one tag that holds a frame. */
export interface FlvFrame {
  /** Owned. */
  readonly body: Uint8Array;
  /** Ticks after the unit's time: several audio frames of one unit. */
  readonly offsetTicks: number;
}

/** Reads the tags of one track of one codec; keeps what its sequence header told. */
export interface FlvTagReader {
  /**
   * Reads one whole tag body of at least one byte, owned.
   *
   * Hot path. @throws {ParseError} if it is malformed.
   */
  read(body: Uint8Array): FlvTag;
}

/** One way to carry a codec in FLV: the one face of each room in `codecs/`. */
export interface FlvCodec<C extends CodecName> {
  readonly codec: C;
  readonly kind: "video" | "audio";
  /** CodecID (video) or SoundFormat (audio) of the tags that it reads. Spec: FLV §E.4.2.1, §E.4.3.1. */
  readonly codecIds: readonly number[];
  /** Whether FLV can carry a track with these parameters. */
  isCarried(parameters: ParametersOf<C>): boolean;
  /** CodecID or SoundFormat that tags of such a track have. */
  codecId(parameters: ParametersOf<C>): number;
  /**
   * Body of the tag that comes before the first frame.
   *
   * Output: owned; undefined if the codec has none or the parameters are not known yet.
   *
   * @throws {ParseError} if the parameters hold nonsense from a peer.
   */
  sequenceHeader(parameters: ParametersOf<C>): Uint8Array | undefined;
  /**
   * Bodies of the tags of one unit, in order.
   *
   * Hot path. An empty result means that the unit holds nothing to send, or more than
   * {@linkcode MAX_FLV_BODY_BYTES}.
   */
  frames(unit: FlvUnit, parameters: ParametersOf<C>): FlvFrame[];
  /** Starts reading a track. */
  openReader(): FlvTagReader;
}

/** The tag that holds nothing to pass on. */
export const IGNORED_TAG: FlvTag = { kind: "ignored" };

/** The tag that ends a sequence. */
export const END_TAG: FlvTag = { kind: "end" };
