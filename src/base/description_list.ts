import { DisposableSet } from "./disposable_set.ts";

/** Something with an id that can describe itself, and be told to end. */
export interface Described<D extends { readonly id: string }> {
  describe(): D;
  /** Ends it, for `reason`. */
  kick(reason: string): void;
}

/** Things that can describe themselves, for lists of them. */
export class DescriptionList<D extends { readonly id: string }> {
  #items = new DisposableSet<Described<D>>();

  /** Adds one until disposed of. */
  register(item: Described<D>): Disposable {
    return this.#items.add(item);
  }

  /** Descriptions of all, as they are now. */
  list(): D[] {
    return Array.from(this.#items, (item) => item.describe());
  }

  /** Tells the one with this id to end; false if there is none. */
  kick(id: string, reason: string): boolean {
    for (const item of this.#items) {
      if (item.describe().id !== id) continue;
      item.kick(reason);
      return true;
    }
    return false;
  }
}
