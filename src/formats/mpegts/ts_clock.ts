/** Timestamps have 33 bits. Spec: ISO/IEC 13818-1 §2.4.3.7. */
const SPAN_TICKS = 2 ** 33;

/**
 * Unrolls the timestamps of all streams of a program into one line of 90 kHz ticks without wrap-around.
 *
 * The line starts at the first timestamp given. Each step is the nearest way from the timestamp before, whichever
 * stream it was of, so that a wrap does not part them.
 */
export class TsClock {
  /** Latest tick placed; undefined before the first. */
  latestTicks: number | undefined;

  /** Places a timestamp on the line. Hot path. Input: 0 to 2^33 - 1. Output: any safe integer. */
  unwrap(timestampTicks: number): number {
    const latest = this.latestTicks ?? timestampTicks;
    let step = (timestampTicks - latest) % SPAN_TICKS;
    if (step >= SPAN_TICKS / 2) step -= SPAN_TICKS;
    else if (step < -SPAN_TICKS / 2) step += SPAN_TICKS;
    this.latestTicks = latest + step;
    return this.latestTicks;
  }
}
