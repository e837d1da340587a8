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

/**
 * One transport stream for all who read a stream that way: the packets of a step are made once.
 *
 * A late joiner begins with steps that others had before. It is given the same packets again, made anew if they are
 * not remembered any more, so that its counters go on without a gap when it has caught up.
 */
export class TsStreamMuxer {
  #options: TsMuxerOptions;
  #key: string;
  /** At the newest step. */
  #muxer: TsMuxer;
  #nextUnits = -1;
  /** How the multiplex stood before each step that was written. */
  #states = new WeakMap<TsStep, TsMuxerState>();

  /** Starts with nothing written. */
  constructor(options: TsMuxerOptions) {
    this.#options = options;
    this.#key = `mpegts/${options.latm}`;
    this.#muxer = new TsMuxer(options);
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
    if (unitsBefore < this.#nextUnits) {
      // Older than anything that was written: no reader goes on from here without a gap.
      return new TsMuxer(this.#options).mux(units, tracks);
    }
    if (unitsBefore > this.#nextUnits) this.#muxer.beginSegment();
    this.#states.set(step, this.#muxer.state);
    this.#nextUnits = unitsBefore + units.length;
    return this.#muxer.mux(units, tracks);
  }
}
