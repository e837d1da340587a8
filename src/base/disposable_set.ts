/** Things that belong somewhere until they are disposed of. */
export class DisposableSet<T> implements Iterable<T> {
  #items = new Set<T>();

  /** Adds `item` until the result is disposed of. */
  add(item: T): Disposable {
    this.#items.add(item);
    return { [Symbol.dispose]: () => void this.#items.delete(item) };
  }

  /** The items there are, in the order in which they came. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }
}
