import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import type { StreamEntry } from "./program_tables.ts";

/** One PES packet on its way to a reader; reused for the next one. */
export interface PesPacket {
  /** Owned. */
  payload: Uint8Array;
  /** Presentation time in 90 kHz ticks on the program's line; undefined if the packet has none. */
  ptsTicks: number | undefined;
  /** Decoding time likewise, never later. */
  dtsTicks: number | undefined;
  /** Where the program's line stands; undefined before its first timestamp. */
  latestTicks: number | undefined;
  /** The multiplexer says that a decoder may start here. */
  isRandomAccess: boolean;
}

/** One access unit of a stream, or several frames of sound that follow each other. */
export interface AccessUnit {
  /** Presentation time in 90 kHz ticks on the program's line. */
  readonly ptsTicks: number;
  /** Decoding time likewise, never later. */
  readonly dtsTicks: number;
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** Views of the payload: NAL units or audio frames; at least one. */
  readonly parts: readonly Uint8Array[];
  /** Parameters that hold for it: the same object until they change. */
  readonly codec: CodecParameters;
}

/** Takes the PES packets of one stream apart. */
export interface StreamReader {
  /** Parameters of the track; undefined until its units told them. */
  readonly codec: CodecParameters | undefined;
  /** Units of a packet, in order; those before the parameters are known are left out. Hot path, never throws. */
  read(pes: PesPacket): readonly AccessUnit[];
  /** Something is missing before the next packet. */
  handleGap(): void;
}

/**
 * One codec in MPEG-TS: the one face of each room in `codecs/`.
 *
 * A room knows what the program map says of its streams, and what their PES packets hold.
 */
export interface TsCodec<C extends CodecName> {
  readonly codec: C;
  /** Whether an elementary stream is of this codec. */
  isCodecOf(entry: StreamEntry): boolean;
  /** Starts reading a stream; `onError` is told what could not be read. */
  openReader(
    entry: StreamEntry,
    onError: (message: string) => void,
  ): StreamReader;
}

/** What a packet without any unit gives. */
export const NO_UNITS: readonly AccessUnit[] = [];
