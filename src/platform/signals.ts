const TERMINATION_SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** Calls `handler` with the signal's name whenever the process is asked to end, until disposed. */
export function onTermination(handler: (signal: string) => void): Disposable {
  const listeners = TERMINATION_SIGNALS.map((signal) => {
    const listener = () => handler(signal);
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose](): void {
      for (const { signal, listener } of listeners.splice(0)) {
        Deno.removeSignalListener(signal, listener);
      }
    },
  };
}
