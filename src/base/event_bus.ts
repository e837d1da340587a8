import { DisposableSet } from "./disposable_set.ts";

/** Hands each event to every listener, in the order in which they came. */
export class EventBus<E> {
  #listeners = new DisposableSet<(event: E) => void>();

  /** Calls every listener before it returns. */
  emit(event: E): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` for each event until disposed of. */
  listen(listener: (event: E) => void): Disposable {
    return this.#listeners.add(listener);
  }
}
