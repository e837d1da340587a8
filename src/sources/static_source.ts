import { pause } from "#base/abort.ts";
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
  /** It is started when somebody asks, and not tried again once it was there. */
  readonly isOnDemand: boolean;
  readonly clock: Clock;
  /** Logger of the path. */
  readonly logger: Logger;
  /** Attaches an attempt's stream to the path. */
  readonly attach: (tracks: readonly Track[]) => Publication;
  /** The stream of an attempt has ended; called only after `attach`. */
  readonly onLost: () => void;
  /** What was started and stopped has ended. */
  readonly onStopped: () => void;
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
  #counters = {
    inboundBytes: 0,
    receivedPackets: 0,
    lostPackets: 0,
    damagedPackets: 0,
  };
  #abort: AbortController | undefined;
  #url = "";
  #isAttached = false;
  #failures = 0;
  #toldFailure = "";
  #toldAtMs = 0;
  #runs = 0;
  #running: Promise<void> = Promise.resolve();

  /** Does nothing until it is started. */
  constructor(options: StaticSourceOptions) {
    this.#options = options;
    this.#createdAtMs = options.clock.wallMs();
    this.#delay = new ReconnectDelay(options.reconnect);
    this.logger = options.logger.child(options.source.label);
  }

  /** Begins to pull from `url`, once what ran before has ended. */
  start(url: string): void {
    if (this.#abort) return;
    this.#url = url;
    const { isOnDemand } = this.#options;
    this.logger.info(isOnDemand ? "started on demand" : "started");
    const abort = new AbortController();
    this.#abort = abort;
    this.#runs++;
    this.#running = this.#running.then(() => this.#run(abort.signal));
  }

  /** Stops pulling and ends the stream; `reason` is told in the log. */
  stop(reason: string): void {
    if (!this.#abort) return;
    this.#abort.abort(new Error(reason));
    this.#abort = undefined;
    this.logger.info(`stopped: ${reason}`);
    this.#lose();
  }

  /** What was started has not ended yet: a stopped source still says goodbye. */
  get isRunning(): boolean {
    return this.#runs > 0;
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
    details: this.#options.source.type === "rtspSource"
      ? {
        inboundRTPPackets: this.#counters.receivedPackets,
        inboundRTPPacketsInError: this.#counters.damagedPackets,
      }
      : {},
  });

  async #run(signal: AbortSignal): Promise<void> {
    this.#beginAnew();
    while (!signal.aborted) {
      const failure = await this.#pull(signal);
      if (!signal.aborted) this.#tellFailure(failure);
      this.#lose();
      await pause(this.#options.clock, this.#delay.next(), signal);
    }
    this.#runs--;
    this.#options.onStopped();
  }

  /** One attempt; answers why it has ended. */
  async #pull(signal: AbortSignal): Promise<string> {
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
        attach: (tracks) => {
          signal.throwIfAborted();
          return this.#attach(tracks);
        },
        signal,
      });
      return "the origin has ended the stream";
    } catch (error) {
      return errorText(error);
    }
  }

  #attach(tracks: readonly Track[]): Publication {
    const publication = this.#options.attach(tracks);
    this.#isAttached = true;
    this.#beginAnew();
    return publication;
  }

  #lose(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#options.onLost();
  }

  /** Whatever failed so far does not count any more. */
  #beginAnew(): void {
    this.#failures = 0;
    this.#toldFailure = "";
    this.#delay.reset();
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
    const hope = this.#options.isOnDemand
      ? ""
      : "; trying again until it works";
    const count = this.#failures > 1 ? ` (attempt ${this.#failures})` : "";
    this.logger.error(text + hope + count);
  }
}
