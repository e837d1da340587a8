import { rescaleTicks } from "#base/time.ts";

/** A track that has no sender report yet waits this long for one before its arrival decides where it stands. */
const SYNC_PATIENCE_MS = 200;

/** A sender report this far off the time of arrival is not believed. */
const MAX_REPORT_ERROR_MS = 10_000;

/** Reports that agree with what is known so far change nothing: clocks are read with an error. */
const REPORT_NOISE_MS = 0.2;

/** A report further off than this is believed when the next ones say the same: somebody set the peer's clock. */
const SUSPICIOUS_ERROR_MS = 200;
const SUSPICIOUS_REPORTS = 3;

/** Share of a report's error that moves a track at once, and that changes its rate: an alpha-beta filter. */
const OFFSET_GAIN = 0.5;
const RATE_GAIN = 0.15;

/** Clocks further off the nominal rate than 0.1 % are broken, not drifting. */
const MAX_RATE = 0.001;

const MICROSECONDS_HZ = 1_000_000;

interface Report {
  readonly ticks: number;
  readonly wallClockMs: number;
}

/** Where the clocks of a peer's tracks meet: at the first unit of the track that comes first. */
export class TrackSync {
  #leader: TrackClock | undefined;
  #originArrivalMs = 0;

  /** The clock of one more track. */
  openClock(clockRateHz: number): TrackClock {
    return new TrackClock(clockRateHz, this);
  }

  /** Part of a clock: the leader, which is `clock` if there is none yet. */
  leaderFor(clock: TrackClock, nowMs: number): TrackClock {
    if (this.#leader === undefined) {
      this.#leader = clock;
      this.#originArrivalMs = nowMs;
    }
    return this.#leader;
  }

  /** Arrival of the first unit of all. */
  get originArrivalMs(): number {
    return this.#originArrivalMs;
  }

  /** Part of a clock: what the leader's reports say of a wall clock; undefined before the first one. */
  leaderMs(wallClockMs: number): number | undefined {
    return this.#leader?.placeMs(wallClockMs);
  }
}

/**
 * Puts the ticks of one track on the time that all tracks of a peer share.
 *
 * Sender reports tell both clocks of each track: they decide where it stands, and keep it there when its clock
 * runs faster or slower than that of the first one. Without reports the arrival decides.
 *
 * Spec: RFC 3550 §6.4.1.
 */
export class TrackClock {
  #clockRateHz: number;
  #sync: TrackSync;
  #firstTicks: number | undefined;
  #firstArrivalMs = 0;
  #report: Report | undefined;
  /** Added to the ticks at {@linkcode TrackClock.#anchorTicks}; undefined until the place is known. */
  #offsetTicks: number | undefined;
  #anchorTicks = 0;
  /** Ticks that the offset grows with each tick. */
  #rate = 0;
  #isLeader = false;
  /** Offset of the latest report if it was not believed, and how many in a row said so. */
  #suspectTicks: number | undefined;
  #suspectReports = 0;

  /** Use {@linkcode TrackSync.openClock}. */
  constructor(clockRateHz: number, sync: TrackSync) {
    this.#clockRateHz = clockRateHz;
    this.#sync = sync;
  }

  /** The place of the track is known. */
  get isPlaced(): boolean {
    return this.#offsetTicks !== undefined;
  }

  /** What to add to the ticks of a unit; only once the place is known. Hot path. */
  offsetAt(ticks: number): number {
    const drift = (ticks - this.#anchorTicks) * this.#rate;
    return Math.round(this.#offsetTicks! + drift);
  }

  /** Wall clock of a unit as the reports tell it, milliseconds since the epoch; undefined before the first one. */
  wallClockMs(ticks: number): number | undefined {
    if (this.#report === undefined) return undefined;
    const { ticks: at, wallClockMs } = this.#report;
    return wallClockMs + this.#msOf(ticks - at);
  }

  /** Takes the first units of a track, until its place is known. */
  place(ticks: number, nowMs: number): void {
    if (this.#sync.leaderFor(this, nowMs) === this) {
      this.#isLeader = true;
      this.#firstTicks = ticks;
      this.#offsetTicks = -ticks;
      return;
    }
    if (this.#firstTicks === undefined) {
      this.#firstTicks = ticks;
      this.#firstArrivalMs = nowMs;
    }
    this.#placeByReports();
    const waitedMs = nowMs - this.#firstArrivalMs;
    if (!this.isPlaced && waitedMs > SYNC_PATIENCE_MS) this.placeByArrival();
  }

  /** Gives up waiting for reports. */
  placeByArrival(): void {
    if (this.#firstTicks === undefined || this.isPlaced) return;
    const betweenMs = this.#firstArrivalMs - this.#sync.originArrivalMs;
    this.#settle(this.#ticksAt(betweenMs) - this.#firstTicks);
  }

  /** Takes a sender report of the track: these ticks are that wall clock. */
  handleReport(ticks: number, wallClockMs: number): void {
    const isFirst = this.#report === undefined;
    this.#report = { ticks, wallClockMs };
    if (this.#isLeader) return;
    if (!this.isPlaced) {
      if (this.#firstTicks !== undefined) this.#placeByReports();
    } else if (!isFirst) this.#follow(this.#report);
  }

  /** Part of {@linkcode TrackSync}: place of a wall clock, milliseconds behind the first unit of the leader. */
  placeMs(wallClockMs: number): number | undefined {
    if (this.#report === undefined) return undefined;
    const { ticks, wallClockMs: at } = this.#report;
    return this.#msOf(ticks + this.offsetAt(ticks)) + wallClockMs - at;
  }

  /** Both tracks have told their wall clock: exact. */
  #placeByReports(): void {
    const offsetTicks = this.#reportedOffset();
    if (offsetTicks === undefined) return;
    const placedMs = this.#msOf(this.#firstTicks! + offsetTicks);
    const arrivedMs = this.#firstArrivalMs - this.#sync.originArrivalMs;
    if (Math.abs(placedMs - arrivedMs) > MAX_REPORT_ERROR_MS) return;
    this.#settle(offsetTicks);
  }

  #settle(offsetTicks: number): void {
    this.#offsetTicks = offsetTicks;
    this.#anchorTicks = this.#firstTicks!;
  }

  /** Where the reports of both tracks say that this one stands. */
  #reportedOffset(): number | undefined {
    if (this.#report === undefined) return undefined;
    const placeMs = this.#sync.leaderMs(this.#report.wallClockMs);
    if (placeMs === undefined) return undefined;
    return this.#ticksAt(placeMs) - this.#report.ticks;
  }

  #follow({ ticks }: Report): void {
    const reported = this.#reportedOffset();
    const elapsedTicks = ticks - this.#anchorTicks;
    if (reported === undefined || elapsedTicks <= 0) return;
    const expected = this.#offsetTicks! + elapsedTicks * this.#rate;
    const errorTicks = reported - expected;
    const errorMs = this.#msOf(Math.abs(errorTicks));
    const isSuspicious = errorMs > SUSPICIOUS_ERROR_MS;
    if (isSuspicious && !this.#isConfirmed(reported)) return;
    this.#suspectTicks = undefined;
    if (errorMs < REPORT_NOISE_MS) return;
    if (isSuspicious) {
      this.#offsetTicks = reported;
      this.#rate = 0;
    } else {
      this.#offsetTicks = expected + OFFSET_GAIN * errorTicks;
      const rate = this.#rate + RATE_GAIN * errorTicks / elapsedTicks;
      this.#rate = Math.min(MAX_RATE, Math.max(-MAX_RATE, rate));
    }
    this.#anchorTicks = ticks;
  }

  /** Whether enough reports in a row have put the track at this place. */
  #isConfirmed(reported: number): boolean {
    const isSame = this.#suspectTicks !== undefined &&
      this.#msOf(Math.abs(reported - this.#suspectTicks)) <=
        SUSPICIOUS_ERROR_MS;
    this.#suspectReports = isSame ? this.#suspectReports + 1 : 1;
    this.#suspectTicks = reported;
    return this.#suspectReports >= SUSPICIOUS_REPORTS;
  }

  #msOf(ticks: number): number {
    return ticks * 1_000 / this.#clockRateHz;
  }

  #ticksAt(ms: number): number {
    const us = Math.round(ms * 1_000);
    return rescaleTicks(us, MICROSECONDS_HZ, this.#clockRateHz);
  }
}
