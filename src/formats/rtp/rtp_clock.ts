/**
 * Unrolls the 32-bit timestamps of one track into one line of ticks without wrap-around.
 *
 * The line starts at the first timestamp given. Each step is the nearest way from the timestamp before, so
 * reordered packets and pictures go back on the line (possibly below zero) without leaving it.
 */
export class RtpClock {
  #isStarted = false;
  #lastTimestamp = 0;
  #lastTicks = 0;

  /**
   * Places a timestamp on the line.
   *
   * Hot path. Input: 0 to 2^32 - 1. Output: ticks, any safe integer.
   */
  unwrap(timestampTicks: number): number {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#lastTicks = timestampTicks;
    } else {
      this.#lastTicks += timestampTicks - this.#lastTimestamp | 0;
    }
    this.#lastTimestamp = timestampTicks;
    return this.#lastTicks;
  }
}
