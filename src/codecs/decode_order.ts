/** Deepest reordering that H.264 and H.265 allow. */
const MAX_REORDER_DEPTH = 16;
const MAX_WINDOW_UNITS = MAX_REORDER_DEPTH + 1;
/** Timestamps that move further than two seconds start anew. */
const MAX_STEP_TICKS = 180_000;
/** 30 frames a second. */
const DEFAULT_FRAME_DURATION_TICKS = 3_000;

/**
 * Works out decoding times from presentation times, for inputs that carry no DTS (RTP).
 *
 * With a reorder depth of D, at least D frames have been decoded before one is shown. So the DTS of a unit is the
 * PTS that is D places behind the highest one so far, and units in decoding order get the PTS in rising order.
 * The first D units, which have no such PTS, get times before the first.
 *
 * A PTS below the DTS before it shows that D was too small, and it grows by one. Ticks are those of 90 kHz.
 */
export class DecodeOrder {
  /** Time between two frames if the SPS tells it; only needed for the first units. */
  frameDurationTicks: number | undefined;
  #announcedDepth: number | undefined;
  #depth = 0;
  /** The highest timestamps, in rising order. */
  #window: number[] = [];
  #firstPtsTicks = 0;
  #lastDtsTicks = -Infinity;
  #learnedDurationTicks = DEFAULT_FRAME_DURATION_TICKS;

  /** Frames that may be shown after a frame that is decoded after them; undefined while it has to be learned. */
  get reorderDepth(): number | undefined {
    return this.#announcedDepth;
  }

  /** Setting the value it has keeps what was learned since. */
  set reorderDepth(depth: number | undefined) {
    if (depth === this.#announcedDepth) return;
    this.#announcedDepth = depth;
    this.#depth = Math.min(depth ?? 0, MAX_REORDER_DEPTH);
  }

  /** Forgets the units seen and the learned depth, not what was announced. */
  reset(): void {
    this.#depth = Math.min(this.#announcedDepth ?? 0, MAX_REORDER_DEPTH);
    this.#learnedDurationTicks = DEFAULT_FRAME_DURATION_TICKS;
    this.#lastDtsTicks = -Infinity;
    this.#window.length = 0;
  }

  /**
   * Takes the PTS of the next unit in decoding order, answers its DTS.
   *
   * Hot path. Output: never over `ptsTicks`; above the DTS before, unless that would be over `ptsTicks`.
   */
  next(ptsTicks: number): number {
    if (this.#isJump(ptsTicks)) {
      this.#learnDuration();
      this.#window.length = 0;
      if (ptsTicks < this.#lastDtsTicks) this.#lastDtsTicks = -Infinity;
    }
    if (this.#window.length === 0) this.#firstPtsTicks = ptsTicks;
    const isLate = ptsTicks < this.#lastDtsTicks;
    // What precedes the first unit hangs on an unseen frame, and says nothing about the depth.
    if (
      isLate && ptsTicks > this.#firstPtsTicks &&
      this.#depth < MAX_REORDER_DEPTH
    ) this.#depth++;
    this.#insert(ptsTicks);
    const expectedTicks = Math.max(
      this.#scheduledTicks(),
      this.#lastDtsTicks + 1,
    );
    this.#lastDtsTicks = Math.min(expectedTicks, ptsTicks);
    return this.#lastDtsTicks;
  }

  /** The PTS `depth` places behind the highest, or a time before the lowest. */
  #scheduledTicks(): number {
    const missingUnits = this.#depth + 1 - this.#window.length;
    if (missingUnits <= 0) {
      return this.#window[this.#window.length - 1 - this.#depth]!;
    }
    const durationTicks = this.frameDurationTicks ?? this.#learnedDurationTicks;
    return this.#window[0]! - missingUnits * durationTicks;
  }

  #insert(ptsTicks: number): void {
    const window = this.#window;
    let at = window.length;
    window.push(ptsTicks);
    while (at > 0 && window[at - 1]! > ptsTicks) {
      window[at] = window[at - 1]!;
      at--;
    }
    window[at] = ptsTicks;
    if (window.length > MAX_WINDOW_UNITS) window.shift();
  }

  #isJump(ptsTicks: number): boolean {
    const window = this.#window;
    if (window.length === 0) return false;
    const durationTicks = this.frameDurationTicks ?? 0;
    const maxStepTicks = Math.max(
      MAX_STEP_TICKS,
      2 * MAX_REORDER_DEPTH * durationTicks,
    );
    const stepTicks = ptsTicks - window[window.length - 1]!;
    if (Math.abs(stepTicks) > maxStepTicks) return true;
    // No reordering reaches behind a full window.
    return window.length === MAX_WINDOW_UNITS && ptsTicks < window[0]!;
  }

  #learnDuration(): void {
    const window = this.#window;
    if (window.length < 2) return;
    const spanTicks = window[window.length - 1]! - window[0]!;
    if (spanTicks === 0) return;
    this.#learnedDurationTicks = Math.round(spanTicks / (window.length - 1));
  }
}
