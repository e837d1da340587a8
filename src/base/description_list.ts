import { DisposableSet } from "./disposable_set.ts";

/** Things that can describe themselves, for lists of them. */
export class DescriptionList<T> {
  #describers = new DisposableSet<() => T>();

  /** Adds one until disposed of. */
  register(describe: () => T): Disposable {
    return this.#describers.add(describe);
  }

  /** Descriptions of all, as they are now. */
  list(): T[] {
    return Array.from(this.#describers, (describe) => describe());
  }
}
