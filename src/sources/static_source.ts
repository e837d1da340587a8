import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { SessionOwner } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { Track } from "#core/track.ts";
import type { PullLimits, PullSettings, PullSource } from "./pull_source.ts";
import { ReconnectDelay, type ReconnectLimits } from "./reconnect_delay.ts";

/** A failure that stays the same is told again after this. */
const REPEAT_FAILURE_MS = 10 * 60_000;

/** What a static source is made of. */
export interface StaticSourceOptions {
  readonly pathName: string;
  readonly source: PullSource;
  readonly settings: PullSettings;
  readonly limits: PullLimits;
  readonly reconnect: ReconnectLimits;
  readonly clock: Clock;
  /** Logger of the path. */
  readonly logger: Logger;
  /** Attaches an attempt's stream to the path. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** The stream of an attempt has ended; called only after `attach`. */
  readonly onLost: () => void;
}

/**
 * The source that a path pulls by itself: tries again for ever, with growing pauses.
 *
 * It is the owner of its publication, as a session is of its own.
 */
export class StaticSource implements SessionOwner {
  readonly logger: Logger;
  #options: StaticSourceOptions;
  #id = crypto.randomUUID();
  #createdAtMs: number;
  #delay: ReconnectDelay;
  #counters = { inboundBytes: 0, lostPackets: 0 };
  #abort: AbortController | undefined;
  #url = "";
  #isAttached = false;
  #failures = 0;
  #toldFailure = "";
  #toldAtMs = 0;
  #running: Promise<void> = Promise.resolve();

  /** Does nothing until it is started. */
  constructor(options: StaticSourceOptions) {
    this.#options = options;
    this.#createdAtMs = options.clock.wallMs();
    this.#delay = new ReconnectDelay(options.reconnect);
    this.logger = options.logger.child(options.source.label);
  }

  /** Begins to pull from `url`; `note` stands behind the line that says so. */
  start(url: string, note: "" | " on demand"): void {
    if (this.#abort) return;
    this.#url = url;
    this.logger.info(`started${note}`);
    const abort = new AbortController();
    this.#abort = abort;
    const previous = this.#running;
    this.#running = previous.then(() => this.#run(abort.signal));
  }

  /** Stops pulling; `reason` is told in the log. */
  stop(reason: string): void {
    if (!this.#abort) return;
    this.#abort.abort(new Error(reason));
    this.#abort = undefined;
    this.logger.info(`stopped: ${reason}`);
  }

  /** Settles when nothing runs any more after `stop`. */
  get stopped(): Promise<void> {
    return this.#running;
  }

  /** This source, for lists and events. */
  describe = (): SessionInfo => ({
    id: this.#id,
    type: this.#options.source.type,
    createdAtMs: this.#createdAtMs,
    remoteAddress: "",
    state: this.#isAttached ? "publish" : "idle",
    pathName: this.#options.pathName,
    query: "",
    user: "",
    userAgent: "",
    inboundBytes: this.#counters.inboundBytes,
    outboundBytes: 0,
    droppedUnits: 0,
    lostPackets: this.#counters.lostPackets,
    transport: "",
  });

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#delay.reset();
    while (!signal.aborted) {
      try {
        await this.#pull(signal);
        if (signal.aborted) return;
        this.#tellFailure("the origin has ended the stream");
      } catch (error) {
        if (signal.aborted) return;
        this.#tellFailure(errorText(error));
      }
      await pause(clock, this.#delay.next(), signal);
    }
  }

  async #pull(signal: AbortSignal): Promise<void> {
    const { source, settings, limits, clock, pathName } = this.#options;
    try {
      await source.pull({
        url: this.#url,
        pathName,
        settings,
        limits,
        clock,
        logger: this.logger,
        counters: this.#counters,
        attach: (tracks) => this.#attach(tracks),
        signal,
      });
    } finally {
      if (this.#isAttached) {
        this.#isAttached = false;
        this.#options.onLost();
      }
    }
  }

  #attach(tracks: readonly Track[]): Publication {
    const publication = this.#options.attach(tracks);
    this.#isAttached = true;
    this.#failures = 0;
    this.#toldFailure = "";
    this.#delay.reset();
    return publication;
  }

  /** The same failure again and again is told once in a while: an origin that is away for days fills no disk. */
  #tellFailure(text: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#failures++;
    const isKnown = text === this.#toldFailure &&
      nowMs - this.#toldAtMs < REPEAT_FAILURE_MS;
    if (isKnown) return;
    this.#toldFailure = text;
    this.#toldAtMs = nowMs;
    const count = this.#failures > 1 ? ` (attempt ${this.#failures})` : "";
    this.logger.error(`${text}; trying again until it works${count}`);
  }
}

function pause(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(durationMs, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
