import { Session } from "node:inspector";
import { PlatformError } from "./errors.ts";

/** Time between two looks at what the program does, in microseconds. */
const SAMPLING_INTERVAL_US = 1_000;

/** A recording of what the processor does in this thread. */
export interface CpuProfile extends Disposable {
  /** Ends the recording; answers it as JSON that Chrome's developer tools and VS Code open (`.cpuprofile`). */
  stop(): Promise<string>;
}

/**
 * Begins to record.
 *
 * @throws {PlatformError} if this process may not look into itself.
 */
export async function startCpuProfile(): Promise<CpuProfile> {
  using opened = new DisposableStack();
  const session = opened.adopt(connect(), (one) => one.disconnect());
  await call(session, "Profiler.enable");
  await call(session, "Profiler.setSamplingInterval", {
    interval: SAMPLING_INTERVAL_US,
  });
  await call(session, "Profiler.start");
  const resources = opened.move();
  return {
    async stop() {
      const { profile } = await call(session, "Profiler.stop");
      return JSON.stringify(profile);
    },
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/**
 * Takes a picture of everything that is in memory: JSON that Chrome's developer tools open (`.heapsnapshot`).
 *
 * The program stands still meanwhile. Output: about as large as its memory; each part is let go when it is read.
 *
 * @throws {PlatformError} if this process may not look into itself.
 */
export async function takeHeapSnapshot(): Promise<
  ReadableStream<Uint8Array<ArrayBuffer>>
> {
  using opened = new DisposableStack();
  const session = opened.adopt(connect(), (one) => one.disconnect());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const encoder = new TextEncoder();
  session.on("HeapProfiler.addHeapSnapshotChunk", ({ params }) => {
    parts.push(encoder.encode(params.chunk));
  });
  await call(session, "HeapProfiler.takeHeapSnapshot");
  return new ReadableStream({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
}

function connect(): Session {
  const session = new Session();
  try {
    session.connect();
  } catch (cause) {
    const reason =
      "the right to look into itself is missing (--allow-sys=inspector)";
    throw new PlatformError("profile this program", reason, {
      code: "permission",
      cause,
    });
  }
  return session;
}

function call(
  session: Session,
  method: string,
  parameters: Record<string, unknown> = {},
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => {
      if (error) {
        reject(new Error(`Cannot profile: ${method}: ${error.message}`));
      } else resolve(result);
    });
  });
}

/** Bytes of memory, by what they are for. */
export interface MemoryFigures {
  readonly rss: number;
  readonly heapTotal: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** How much memory the program has now. */
export function memoryFigures(): MemoryFigures {
  const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
  return { rss, heapTotal, heapUsed, external };
}
