import * as inspector from "node:inspector";

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

/** How long the runtime may take to open its debugger after the signal, and how often to look. */
const DEBUGGER_WATCH_MS = 1_000;
const DEBUGGER_LOOK_MS = 5;

/**
 * Calls `handler` whenever the process is asked to open its files anew (SIGUSR1), until disposed. Windows has no such
 * signal.
 *
 * Some versions of the runtime open their debugger to everybody on this machine at the same signal: it is closed again
 * at once, unless it was open before.
 */
export function onReopen(handler: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  const isDebugged = debuggerUrl() !== undefined;
  let watch: ReturnType<typeof setInterval> | undefined;
  const listener = () => {
    clearInterval(watch);
    if (!isDebugged) watch = closeDebugger();
    handler();
  };
  Deno.addSignalListener("SIGUSR1", listener);
  return {
    [Symbol.dispose](): void {
      clearInterval(watch);
      Deno.removeSignalListener("SIGUSR1", listener);
    },
  };
}

/** Closes the debugger when it opens; answers the timer that looks after it. */
function closeDebugger(): ReturnType<typeof setInterval> {
  const endAtMs = performance.now() + DEBUGGER_WATCH_MS;
  const timer = setInterval(() => {
    if (debuggerUrl() !== undefined) inspector.close();
    else if (performance.now() < endAtMs) return;
    clearInterval(timer);
  }, DEBUGGER_LOOK_MS);
  return timer;
}

function debuggerUrl(): string | undefined {
  try {
    return inspector.url();
  } catch {
    return undefined; // this process has no right to know, nor to close it
  }
}

/** Calls `handler` whenever the process is asked to read its configuration anew (SIGHUP), until disposed. Windows has no such signal. */
export function onHangup(handler: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  Deno.addSignalListener("SIGHUP", handler);
  return {
    [Symbol.dispose](): void {
      Deno.removeSignalListener("SIGHUP", handler);
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
