import type { CodecName, ParametersOf } from "#codecs/codec.ts";

/** `stream_id` of PES packets. Spec: ISO/IEC 13818-1 table 2-22. */
export const STREAM_ID = {
  video: 0xe0,
  audio: 0xc0,
  /** Private data, such as sound that the standard does not know. */
  private1: 0xbd,
  metadata: 0xfc,
} as const;

/** How a program map lists a stream that is written. */
export interface TsStreamForm {
  /** `stream_type`. Spec: ISO/IEC 13818-1 table 2-34. */
  readonly streamType: number;
  /** `stream_id` of its PES packets. */
  readonly streamId: number;
  /** Its descriptors, serialised. */
  readonly descriptors: Uint8Array;
}

/**
 * What one codec is in PES packets that are written: the other face of the rooms in `codecs/`.
 *
 * Packets, times and tables are not its business.
 */
export interface TsPayloadWriter<C extends CodecName> {
  readonly codec: C;
  /**
   * How the map lists a track with these parameters; undefined while MPEG-TS cannot carry them.
   *
   * @throws {ParseError} if the parameters hold nonsense from a peer.
   */
  form(parameters: ParametersOf<C>): TsStreamForm | undefined;
  /**
   * Payload of the PES packet of one unit, cut anywhere; empty if it holds nothing to send.
   *
   * Hot path. Output: views of the parts, and of what stands between them.
   *
   * @throws {ParseError} if the parts hold nonsense from a peer.
   */
  pieces(
    parts: readonly Uint8Array[],
    parameters: ParametersOf<C>,
    isRandomAccess: boolean,
  ): Uint8Array[];
}

/** Descriptors of a stream that needs none. */
export const NO_DESCRIPTORS = new Uint8Array();

/** The parts as they are: frames that tell their own size. Hot path. */
export function wholeParts(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.filter(({ length }) => length > 0);
}
