/** Part targets are whole steps of this. */
const PART_STEP_MS = 5;

/** What times may be off: those of some publishers are whole milliseconds. */
const JITTER_SECONDS = 0.002;

/** Every part but the last of a segment is at least so long. Spec: RFC 8216bis §4.4.4.9. */
const MIN_PART_RATIO = 0.85;

/** A part target that no kind of sample fits into is given up at this many times the wanted one. */
const MAX_PART_RATIO = 3;

/**
 * The lengths that all playlists of a stream promise.
 *
 * What has been promised may only grow: viewers learn it when they begin.
 */
export class PlaylistTargets {
  #durationSeconds = 1;
  #wantedPartSeconds: number;
  #partSeconds: number;
  #isFrozen = false;
  #onGrown: (what: string) => void;

  /** `onGrown` is told what viewers were promised less of before. */
  constructor(partDurationMs: number, onGrown: (what: string) => void) {
    const steps = Math.max(1, Math.ceil(partDurationMs / PART_STEP_MS));
    this.#wantedPartSeconds = steps * PART_STEP_MS / 1_000;
    this.#partSeconds = this.#wantedPartSeconds;
    this.#onGrown = onGrown;
  }

  /** Whole seconds that no segment, rounded, is longer than. */
  get durationSeconds(): number {
    return this.#durationSeconds;
  }

  /** No part is longer than this. */
  get partSeconds(): number {
    return this.#partSeconds;
  }

  /** Before viewers are told: finds a part target that samples of this length, their mean, fill well enough. Hot path. */
  fitSample(sampleSeconds: number): void {
    if (this.#isFrozen || sampleSeconds <= 0) return;
    const most = this.#wantedPartSeconds * MAX_PART_RATIO;
    let target = this.#partSeconds;
    while (target < most && !isFilled(target, sampleSeconds)) {
      target = nextStep(target + PART_STEP_MS / 1_000);
    }
    if (target < most) this.#partSeconds = target;
  }

  /** A segment with media is there: viewers are told the targets from now on. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** A segment is so long. */
  addSegment(durationSeconds: number): void {
    const rounded = Math.max(1, Math.round(durationSeconds));
    if (rounded > this.#durationSeconds) {
      if (this.#isFrozen) {
        this.#onGrown(
          `segment duration changed from ${this.#durationSeconds}s to ${rounded}s`,
        );
      }
      this.#durationSeconds = rounded;
    }
  }

  /** A part is so long. */
  addPart(durationSeconds: number): void {
    const grown = nextStep(durationSeconds);
    if (grown <= this.#partSeconds) return;
    if (this.#isFrozen) {
      this.#onGrown(
        `part duration changed from ${this.#partSeconds}s to ${grown}s`,
      );
    }
    this.#partSeconds = grown;
  }
}

function isFilled(targetSeconds: number, sampleSeconds: number): boolean {
  const count = Math.floor((targetSeconds - JITTER_SECONDS) / sampleSeconds);
  return count * sampleSeconds >= targetSeconds * MIN_PART_RATIO;
}

/** The least number of whole steps that is not less. */
function nextStep(durationSeconds: number): number {
  const steps = Math.ceil(durationSeconds * 1_000 / PART_STEP_MS - 1e-6);
  return steps * PART_STEP_MS / 1_000;
}
