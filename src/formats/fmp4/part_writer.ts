import { assert } from "#base/errors.ts";
import { type FragmentRun, serializeFragment } from "./fragment_writer.ts";
import type { TimedSample } from "./sample_timer.ts";

/** A track of a file that is written in parts. */
export interface PartTrack {
  /** `Track.id`. */
  readonly trackId: number;
  /** Number of the track in the file, from 1. */
  readonly trackNumber: number;
  readonly clockRateHz: number;
}

/** A finished part: one movie fragment. */
export interface Fmp4Part {
  /** `moof` and `mdat`, owned. */
  readonly bytes: Uint8Array;
  /** Decoding time of the earliest sample since the file's origin. */
  readonly startSeconds: number;
  /** When the latest sample has ended, likewise. */
  readonly endSeconds: number;
}

interface OpenRun extends FragmentRun {
  readonly clockRateHz: number;
  readonly samples: TimedSample[];
}

/**
 * Collects samples to parts of a fragmented file: of a playlist's segment, or of a recording.
 *
 * Made once a stream: whoever is given a part is given the same bytes.
 */
export class Fmp4PartWriter {
  #runs: ReadonlyMap<number, OpenRun>;
  #payloadBytes = 0;
  #startSeconds = Infinity;
  #endSeconds = 0;

  /** Starts with an empty part. */
  constructor(tracks: readonly PartTrack[]) {
    this.#runs = new Map(
      tracks.map(({ trackId, trackNumber, clockRateHz }) => [
        trackId,
        { trackNumber, clockRateHz, samples: [] },
      ]),
    );
  }

  /** Bytes of the samples of the open part. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** From the first decoding time of the open part to its latest end; 0 if it is empty. */
  get spanSeconds(): number {
    return this.#payloadBytes === 0 ? 0 : this.#endSeconds - this.#startSeconds;
  }

  /** Adds a sample of one of the tracks; those of one track in their order. Hot path. */
  add(timed: TimedSample): void {
    const { sample, decodeTicks, durationTicks } = timed;
    const run = this.#runs.get(sample.trackId);
    assert(run !== undefined, "a part takes samples of its tracks");
    run.samples.push(timed);
    this.#payloadBytes += sample.bytes.length;
    const startSeconds = decodeTicks / run.clockRateHz;
    const endSeconds = (decodeTicks + durationTicks) / run.clockRateHz;
    if (startSeconds < this.#startSeconds) this.#startSeconds = startSeconds;
    if (endSeconds > this.#endSeconds) this.#endSeconds = endSeconds;
  }

  /** Closes the open part and opens the next one; undefined if it is empty. */
  finish(sequenceNumber: number): Fmp4Part | undefined {
    const runs = [...this.#runs.values()].filter(({ samples }) =>
      samples.length > 0
    );
    if (runs.length === 0) return undefined;
    const part = {
      bytes: serializeFragment(sequenceNumber, runs),
      startSeconds: this.#startSeconds,
      endSeconds: this.#endSeconds,
    };
    for (const { samples } of runs) samples.length = 0;
    this.#payloadBytes = 0;
    this.#startSeconds = Infinity;
    this.#endSeconds = 0;
    return part;
  }
}
