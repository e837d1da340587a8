import type { Context, Hono } from "hono";
import { BUILD_INFO } from "#base/build_info.ts";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import type { LoopLagSampler } from "#base/loop_lag.ts";
import { HttpError } from "#http/http_error.ts";
import type { HttpEnv } from "#http/http_service.ts";
import { jsonResponse } from "#http/json.ts";
import {
  memoryFigures,
  startCpuProfile,
  takeHeapSnapshot,
} from "#platform/profiler.ts";
import { processId } from "#platform/system.ts";

const DEFAULT_SECONDS = 30;

/** Longest recording. */
const MAX_SECONDS = 300;

const INDEX = `weir ${BUILD_INFO.version}

/debug/pprof/profile?seconds=30  what the processor does, for Chrome's developer tools or VS Code (.cpuprofile)
/debug/pprof/heap                everything in memory, for Chrome's developer tools (.heapsnapshot); all streams
                                 stand still while it is taken
/debug/pprof/loop                how late the event loop is, and how much memory there is (JSON)
`;

/** What the routes need. */
export interface ProfilingPorts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The routes below `/debug/pprof/`; one recording at a time. */
export class ProfilingRoutes implements Disposable {
  #ports: ProfilingPorts;
  #loopLag: LoopLagSampler;
  #isBusy = false;
  #abort = new AbortController();

  /** `loopLag` belongs to the caller. */
  constructor(ports: ProfilingPorts, loopLag: LoopLagSampler) {
    this.#ports = ports;
    this.#loopLag = loopLag;
  }

  /** Adds the routes. */
  addTo(app: Hono<HttpEnv>): void {
    app.get("/debug/pprof/", (c) => c.text(INDEX));
    app.get("/debug/pprof/profile", (c) => this.#profile(c));
    app.get("/debug/pprof/heap", (c) => this.#heap(c));
    app.get("/debug/pprof/loop", () =>
      jsonResponse({
        lagMs: this.#loopLag.read(),
        memoryBytes: memoryFigures(),
      }));
  }

  /** Ends the recording under way: its client gets what there is. */
  [Symbol.dispose](): void {
    this.#abort.abort();
  }

  async #profile(c: Context<HttpEnv>): Promise<Response> {
    const seconds = readSeconds(c.req.query("seconds"));
    using opened = new DisposableStack();
    opened.use(this.#enter());
    const { logger } = this.#ports;
    logger.info(
      `CPU profile of ${seconds} s begins, for ${c.var.remoteAddress}`,
    );
    const profile = opened.use(await startCpuProfile());
    const resources = opened.move();
    const gone = new AbortController();
    // The answer begins at once: that is how a client that goes away is noticed.
    const content = new ReadableStream({
      start: async (controller) => {
        using _ended = resources;
        await this.#wait(seconds * 1_000, gone.signal);
        logger.info("CPU profile has ended");
        if (gone.signal.aborted) return;
        controller.enqueue(new TextEncoder().encode(await profile.stop()));
        controller.close();
      },
      cancel: () => gone.abort(),
    });
    return this.#file(c, content, "cpuprofile");
  }

  async #heap(c: Context<HttpEnv>): Promise<Response> {
    using _busy = this.#enter();
    const { clock, logger } = this.#ports;
    const startMs = clock.monotonicMs();
    const snapshot = await takeHeapSnapshot();
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    logger.warn(
      `heap snapshot taken for ${c.var.remoteAddress}: everything stood still for about ${tookMs} ms`,
    );
    return this.#file(c, snapshot, "heapsnapshot");
  }

  /** @throws {HttpError} 409 while another recording runs. */
  #enter(): Disposable {
    if (this.#isBusy) {
      throw new HttpError(409, "another profile is being recorded");
    }
    this.#isBusy = true;
    return { [Symbol.dispose]: () => void (this.#isBusy = false) };
  }

  /** Less long if the client goes away or the service ends. */
  async #wait(durationMs: number, gone: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#ports.clock.after(durationMs, resolve);
    const stop = () => resolve();
    const signals = [gone, this.#abort.signal];
    for (const signal of signals) {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", stop);
    }
    await promise;
    for (const signal of signals) signal.removeEventListener("abort", stop);
    cancel();
  }

  #file(
    c: Context<HttpEnv>,
    content: ReadableStream,
    extension: string,
  ): Response {
    const stamp = new Date(this.#ports.clock.wallMs()).toISOString()
      .replace(/[-:]|\..*/g, "");
    const name = `weir-${processId()}-${stamp}.${extension}`;
    c.header("Content-Type", "application/json");
    c.header("Content-Disposition", `attachment; filename="${name}"`);
    return c.body(content);
  }
}

/** @throws {HttpError} 400 if it is no number of seconds that can be recorded. */
function readSeconds(given: string | undefined): number {
  if (given === undefined) return DEFAULT_SECONDS;
  const seconds = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new HttpError(
    400,
    `invalid seconds: must be a whole number from 1 to ${MAX_SECONDS}`,
  );
}
