import type {
  CodecName,
  CodecParameters,
  ParametersOf,
} from "#codecs/codec.ts";
import type { SampleEntry } from "./sample_entry.ts";

/** One frame of a unit as the bytes of a sample. */
export interface Mp4Frame {
  /** Owned, or a view of the unit's bytes. */
  readonly bytes: Uint8Array;
  /** Ticks after the unit's time: several frames of sound in one unit. */
  readonly offsetTicks: number;
  /** How long the frame lasts by its own account; undefined if only the next one tells. */
  readonly durationTicks: number | undefined;
}

/** What a sample holds. */
export interface Mp4Payload {
  /** Views of the sample: NAL units, OBUs or audio frames; at least one. */
  readonly parts: readonly Uint8Array[];
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
}

/** Takes the samples of one track apart. */
export interface Mp4SampleReader {
  /** Parameters that hold from the last sample on: the same object until they change; undefined until known. */
  readonly codec: CodecParameters | undefined;
  /**
   * Takes one sample, owned; `isSync` says that it is marked as one at which a decoder may start.
   *
   * Output: undefined if it holds nothing to pass on.
   *
   * @throws {ParseError} if it is malformed.
   */
  read(sample: Uint8Array, isSync: boolean): Mp4Payload | undefined;
}

/**
 * One codec in MP4 files and their fragments: the one face of each room in `codecs/`.
 *
 * A room knows the sample entry and what is in a sample. Times and the boxes around are not its business.
 */
export interface Mp4Codec<C extends CodecName> {
  readonly codec: C;
  /**
   * What stands in the header of a file.
   *
   * Input: `frame`, the first sample of the track, tells what the parameters of some codecs do not; undefined if
   * there is none yet. Output: undefined if something is not known yet.
   *
   * @throws {ParseError} if the parameters or the frame hold nonsense from a peer.
   */
  sampleEntry(
    parameters: ParametersOf<C>,
    frame: Uint8Array | undefined,
  ): SampleEntry | undefined;
  /**
   * The samples of one unit, in order; empty if it holds nothing to write. Hot path.
   *
   * @throws {ParseError} if the parts hold nonsense from a peer.
   */
  frames(
    parts: readonly Uint8Array[],
    parameters: ParametersOf<C>,
    isRandomAccess: boolean,
  ): Mp4Frame[];
  /**
   * Starts reading a track; undefined if its entry is of another codec.
   *
   * @throws {ParseError} if the entry is of this codec, but malformed.
   */
  openReader(entry: SampleEntry): Mp4SampleReader | undefined;
}

/** A unit whose parts are frames of sound, each a sample. Hot path. `ticksOf`: how long one lasts; 0 if it does not tell. */
export function frameRun<P extends CodecParameters>(
  parts: readonly Uint8Array[],
  parameters: P,
  ticksOf: (part: Uint8Array, parameters: P) => number,
): Mp4Frame[] {
  const frames: Mp4Frame[] = [];
  let exactTicks = 0;
  for (let i = 0; i < parts.length; i++) {
    const bytes = parts[i]!;
    const ticks = ticksOf(bytes, parameters);
    const offsetTicks = Math.round(exactTicks);
    exactTicks += ticks;
    if (bytes.length === 0) continue;
    const durationTicks = ticks > 0
      ? Math.round(exactTicks) - offsetTicks
      : undefined;
    frames.push({ bytes, offsetTicks, durationTicks });
  }
  return frames;
}

/** A unit that is one picture, in one part, as one sample; empty if it has no bytes. Hot path. */
export function wholeFrame(parts: readonly Uint8Array[]): Mp4Frame[] {
  const bytes = parts[0];
  if (bytes === undefined || bytes.length === 0) return [];
  return [{ bytes, offsetTicks: 0, durationTicks: undefined }];
}

/** Reads a track whose samples are frames as they are. */
export class WholeFrameReader implements Mp4SampleReader {
  readonly codec: CodecParameters;

  /** `codec`: from the sample entry. */
  constructor(codec: CodecParameters) {
    this.codec = codec;
  }

  read(sample: Uint8Array, isSync: boolean): Mp4Payload | undefined {
    if (sample.length === 0) return undefined;
    return { parts: [sample], isRandomAccess: isSync };
  }
}
