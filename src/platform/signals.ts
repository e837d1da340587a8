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

/**
 * Calls `handler` with every error that nobody caught, instead of ending the process: one session's bug must not
 * end all the others.
 */
export function onUncaughtError(handler: (error: unknown) => void): Disposable {
  const handleRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    handler(event.reason);
  };
  const handleError = (event: ErrorEvent) => {
    event.preventDefault();
    handler(event.error);
  };
  globalThis.addEventListener("unhandledrejection", handleRejection);
  globalThis.addEventListener("error", handleError);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("unhandledrejection", handleRejection);
      globalThis.removeEventListener("error", handleError);
    },
  };
}
