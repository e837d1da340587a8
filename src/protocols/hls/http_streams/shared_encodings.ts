import type { Batch } from "#core/batch.ts";

/**
 * What the batches of a stream are in one format: made once at the live edge, where the batch remembers it, and once for
 * all who join before the next batch comes. That keeps a crowd from making as many copies of a group of pictures.
 */
export class SharedEncodings<T extends Uint8Array | null, Form> {
  #key: string;
  #make: (batch: Batch, form: Form) => T;
  /** Of batches that have left the live edge. */
  #old = new Map<Batch, T>();

  /** Input: `key` names the format in what batches remember. */
  constructor(key: string, make: (batch: Batch, form: Form) => T) {
    this.#key = key;
    this.#make = make;
  }

  /** What a batch is. Input: `form`, which all readers share. Hot path. */
  of(batch: Batch, form: Form): T {
    const live = batch.encodings.get<T>(this.#key);
    if (live !== undefined) return live;
    const old = this.#old.get(batch);
    if (old !== undefined) return old;
    const made = batch.encodings.set(this.#key, this.#make(batch, form));
    const isLive = batch.encodings.get(this.#key) !== undefined;
    if (!isLive) this.#old.set(batch, made);
    else if (this.#old.size > 0) this.#old.clear();
    return made;
  }
}
