/** A short pause after an error of the system, which closing cuts short. */
export class Backoff {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resume: (() => void) | undefined;

  /** Settles after `delayMs`, or at once when cancelled. */
  wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resume = resolve;
    this.#timer = setTimeout(resolve, delayMs);
    return promise;
  }

  /** Ends a pause under way. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#resume?.();
  }
}
