import type { PathRates, RatePort, Rates } from "#base/rates.ts";
import type { ModulePorts } from "#core/ports.ts";

const SAMPLE_INTERVAL_MS = 1_000;

/** The longer one of the two windows; a timer comes a little late each time. */
const WINDOW_MS = 10_500;

/** Without a question for this long nothing is measured any more. */
const PATIENCE_MS = 60_000;

/** What is measured; its counters were zero when it began. */
interface Subject {
  /** Name or id. */
  readonly key: string;
  /** Wall clock. */
  readonly startedAtMs: number;
  readonly bytes: number;
  readonly frames: number;
}

/** Counters at one time. */
interface Sample {
  /** Monotonic. */
  readonly atMs: number;
  readonly bytes: number;
  readonly frames: number;
}

/** At least two samples; but for two, all are within the window. */
interface Series {
  readonly startedAtMs: number;
  readonly samples: Sample[];
}

/** What a sampler reads. */
export type RateSamplerOptions = Pick<
  ModulePorts,
  "paths" | "sessions" | "clock"
>;

/**
 * Measures rates once a second, while somebody asks for them.
 *
 * The first question starts it, a minute without one stops it: a server that nobody watches measures nothing. The
 * first answer about something is its mean since it began; what began after the last sample is zero until the next.
 */
export class RateSampler implements RatePort, Disposable {
  #options: RateSamplerOptions;
  #paths: ReadonlyMap<string, Series> = new Map();
  #sessions: ReadonlyMap<string, Series> = new Map();
  #askedAtMs = 0;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  /** Measures nothing yet. */
  constructor(options: RateSamplerOptions) {
    this.#options = options;
  }

  /** How much a path takes in. */
  ofPath(name: string): PathRates {
    this.#handleQuestion();
    const series = this.#paths.get(name);
    const frames = perSecond(series?.samples[0], series, "frames");
    return {
      ...ratesOf(series),
      framesPerSecond: Math.round(frames * 100) / 100,
    };
  }

  /** How much a session takes in if it publishes, or else is sent. */
  ofSession(id: string): Rates {
    this.#handleQuestion();
    return ratesOf(this.#sessions.get(id));
  }

  /** Stops measuring, for good. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#stop();
  }

  #handleQuestion(): void {
    this.#askedAtMs = this.#options.clock.monotonicMs();
    if (this.#cancel === undefined && !this.#isClosed) this.#sample();
  }

  #sample(): void {
    const { paths, sessions, clock } = this.#options;
    if (clock.monotonicMs() - this.#askedAtMs > PATIENCE_MS) {
      this.#stop();
      return;
    }
    this.#cancel = clock.after(SAMPLE_INTERVAL_MS, () => this.#sample());
    const ofPaths = paths.list().flatMap((path) => {
      const { name, availableAtMs, inboundBytes, frames } = path;
      if (availableAtMs === undefined) return [];
      return {
        key: name,
        startedAtMs: availableAtMs,
        bytes: inboundBytes,
        frames,
      };
    });
    const ofSessions = sessions.list().map((session) => ({
      key: session.id,
      startedAtMs: session.createdAtMs,
      bytes: session.state === "publish"
        ? session.inboundBytes
        : session.outboundBytes,
      frames: 0,
    }));
    this.#paths = this.#continued(this.#paths, ofPaths);
    this.#sessions = this.#continued(this.#sessions, ofSessions);
  }

  /** A sample more for each subject; what is gone is forgotten. */
  #continued(
    known: ReadonlyMap<string, Series>,
    subjects: readonly Subject[],
  ): Map<string, Series> {
    const { clock } = this.#options;
    const atMs = clock.monotonicMs();
    const wallAheadMs = clock.wallMs() - atMs;
    const all = new Map<string, Series>();
    for (const { key, startedAtMs, bytes, frames } of subjects) {
      let series = known.get(key);
      if (series?.startedAtMs !== startedAtMs) {
        const beganAtMs = startedAtMs - wallAheadMs;
        const samples = [{ atMs: beganAtMs, bytes: 0, frames: 0 }];
        series = { startedAtMs, samples };
      }
      const { samples } = series;
      samples.push({ atMs, bytes, frames });
      while (samples.length > 2 && atMs - samples[0]!.atMs > WINDOW_MS) {
        samples.shift();
      }
      all.set(key, series);
    }
    return all;
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#paths = new Map();
    this.#sessions = new Map();
  }
}

function ratesOf(series: Series | undefined): Rates {
  return {
    bitrateBps: Math.round(8 * perSecond(series?.samples.at(-2), series)),
    bitrateBps10s: Math.round(8 * perSecond(series?.samples[0], series)),
  };
}

/** What a counter has grown by since `oldest`; it may have fallen when a session changed from one role to another. */
function perSecond(
  oldest: Sample | undefined,
  series: Series | undefined,
  counter: "bytes" | "frames" = "bytes",
): number {
  const newest = series?.samples.at(-1);
  if (!oldest || !newest || newest.atMs <= oldest.atMs) return 0;
  const grown = newest[counter] - oldest[counter];
  return Math.max(0, grown * 1_000 / (newest.atMs - oldest.atMs));
}
