import type { EncodingCache } from "#core/encoding_cache.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { TsMuxer, type TsMuxerOptions, type TsMuxerState } from "./muxer.ts";

/** What one turn of the event loop brought to a stream; a batch of the core is one. */
export interface TsStep {
  readonly units: readonly MediaUnit[];
  /** Tracks in force for these units. */
  readonly tracks: readonly Track[];
  /** Units of the stream before this step. */
  readonly unitsBefore: number;
  readonly encodings: EncodingCache;
}

/** Steps that follow each other. */
interface Line {
  readonly muxer: TsMuxer;
  /** Units of the stream before the step that follows. */
  nextUnits: number;
}

/**
 * One transport stream for all who read a stream that way: the packets of a step are made once.
 *
 * A late joiner begins with steps that others had before. It is given the same packets again, made anew if they are
 * not remembered any more, so that its counters go on without a gap when it has caught up.
 */
export class TsStreamMuxer {
  #options: TsMuxerOptions;
  #key: string;
  #newest: Line;
  /** Steps that were passed over when they were new, and now are wanted. */
  #older: Line;
  /** How the multiplex stood before each step that was written. */
  #states = new WeakMap<TsStep, TsMuxerState>();

  /** Starts with nothing written. */
  constructor(options: TsMuxerOptions) {
    this.#options = options;
    this.#key = `mpegts/${options.latm}`;
    this.#newest = { muxer: new TsMuxer(options), nextUnits: -1 };
    this.#older = { muxer: new TsMuxer(options), nextUnits: -1 };
  }

  /** The packets of a step, shared. Hot path. */
  encode(step: TsStep): Uint8Array {
    const known = step.encodings.get<Uint8Array>(this.#key);
    if (known !== undefined) return known;
    return step.encodings.set(this.#key, this.#make(step));
  }

  #make(step: TsStep): Uint8Array {
    const { units, tracks, unitsBefore } = step;
    const state = this.#states.get(step);
    if (state !== undefined) {
      return new TsMuxer(this.#options, state).mux(units, tracks);
    }
    const line = unitsBefore >= this.#newest.nextUnits
      ? this.#newest
      : this.#older;
    if (line.nextUnits !== unitsBefore) line.muxer.beginSegment();
    line.nextUnits = unitsBefore + units.length;
    this.#states.set(step, line.muxer.state);
    return line.muxer.mux(units, tracks);
  }
}
