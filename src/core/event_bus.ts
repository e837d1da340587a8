import { DisposableSet } from "#base/disposable_set.ts";
import type { EventPort, ServerEvent } from "./ports.ts";

/** Hands each event to every listener, in the order in which they came. */
export class EventBus implements EventPort {
  #listeners = new DisposableSet<(event: ServerEvent) => void>();

  /** Calls every listener before it returns. */
  emit(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` for each event until disposed of. */
  listen(listener: (event: ServerEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }
}
