/** Answers that are kept; the oldest ones go first. */
export const MAX_CACHED_ANSWERS = 10_000;

interface CachedAnswer<T> {
  readonly value: T;
  readonly expiresAtMs: number;
}

/** Keeps answers for a while, and asks only once for what several want to know at the same time. */
export class AnswerCache<T> {
  readonly #answers = new Map<string, CachedAnswer<T>>();
  readonly #asked = new Map<string, Promise<T>>();

  /** How many answers it keeps. */
  get size(): number {
    return this.#answers.size;
  }

  /**
   * The answer to a question.
   *
   * Input: `key`, what the answer depends on; `ask` is called if it is not known; it is not kept if that throws.
   * Output: with the time until which it holds.
   */
  async answerTo(
    key: string,
    { nowMs, holdsMs, ask }: {
      readonly nowMs: () => number;
      readonly holdsMs: number;
      readonly ask: () => Promise<T>;
    },
  ): Promise<CachedAnswer<T>> {
    const known = this.#answers.get(key);
    if (known && known.expiresAtMs > nowMs()) return known;
    const asked = this.#asked.get(key) ?? ask();
    this.#asked.set(key, asked);
    try {
      const value = await asked;
      const answer = { value, expiresAtMs: nowMs() + holdsMs };
      this.#answers.delete(key); // so that it counts as the newest
      this.#answers.set(key, answer);
      if (this.#answers.size > MAX_CACHED_ANSWERS) {
        const [oldest] = this.#answers.keys();
        this.#answers.delete(oldest!);
      }
      return answer;
    } finally {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    }
  }
}
