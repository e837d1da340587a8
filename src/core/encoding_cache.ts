/**
 * Remembers what something looks like in other formats, so that one encoding serves every reader.
 *
 * Keys are names that the format owns plus its parameters, e.g. `"rtmp/65536"`.
 * One stands beside each batch at the live edge; once the batch has left it, nothing is remembered any more.
 */
export class EncodingCache {
  #encodings: Map<string, unknown> | undefined = new Map();

  /** What was remembered under `key`. Hot path. */
  get<T>(key: string): T | undefined {
    return this.#encodings?.get(key) as T | undefined;
  }

  /** Remembers `encoding`, unless released; returns it. */
  set<T>(key: string, encoding: T): T {
    this.#encodings?.set(key, encoding);
    return encoding;
  }

  /** Forgets everything, for good. */
  release(): void {
    this.#encodings = undefined;
  }
}
