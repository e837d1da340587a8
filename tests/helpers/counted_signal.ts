/** A signal and how many listen to it. */
export interface CountedSignal {
  readonly abort: AbortController;
  readonly signal: AbortSignal;
  /** Listeners that were added and not removed. */
  listeners: number;
}

/** Makes a signal that counts its listeners. */
export function countedSignal(): CountedSignal {
  const abort = new AbortController();
  const { signal } = abort;
  const { addEventListener, removeEventListener } = signal;
  const counted = { abort, signal, listeners: 0 };
  signal.addEventListener = (...given: unknown[]) => {
    counted.listeners++;
    Reflect.apply(addEventListener, signal, given);
  };
  signal.removeEventListener = (...given: unknown[]) => {
    counted.listeners--;
    Reflect.apply(removeEventListener, signal, given);
  };
  return counted;
}
