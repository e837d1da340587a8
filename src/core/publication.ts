import { SampledWarning } from "#base/log.ts";
import type { Stream } from "./stream.ts";
import { Timeline } from "./timeline.ts";
import type { Track } from "./track.ts";
import type { MediaUnit, UnitOrigin } from "./unit.ts";

/** Audio on its own waits this long for a picture to ride with: one write per reader instead of two. */
const AUDIO_RIDE_MS = 15;

/** A unit as a publisher's ingest has it, in the publisher's own time. */
export interface PublishedUnit {
  /** Presentation time in the track's ticks; all tracks of a publication share their time's origin. */
  readonly ptsTicks: number;
  /** Decoding time in the same ticks. */
  readonly dtsTicks: number;
  /** Wall clock of the capture as the publisher told it; left out if the time of arrival is to be taken. */
  readonly wallClockMs?: number | undefined;
  readonly isRandomAccess: boolean;
  readonly sizeBytes: number;
  readonly origin: UnitOrigin;
}

/**
 * One publisher's stay at a stream: its tracks and its time.
 *
 * `publish()` collects, `flush()` hands over what one read of the publisher's socket brought.
 */
export class Publication implements Disposable {
  /** Puts the publisher's time on the stream's. */
  readonly timeline: Timeline;
  /** Set once the publication has ended: what comes then is ignored. */
  isClosed = false;
  /** Asks the publisher for a picture at which readers can start; set by an ingest that has a way to. */
  onKeyFrameWanted: (() => void) | undefined;
  #stream: Stream;
  #tracks: readonly Track[];
  #leadingTrackId: number | undefined;
  #open: MediaUnit[] = [];
  #opensWithRandomAccess = false;
  #isUrgent = false;
  #cancelRide: (() => void) | undefined;
  #jumps: SampledWarning;

  /** Use `Stream.attach()`. */
  constructor(stream: Stream, tracks: readonly Track[], startMs: number) {
    this.#stream = stream;
    this.#tracks = tracks;
    this.#leadingTrackId = leadingTrackId(tracks);
    this.timeline = new Timeline(startMs);
    const { logger, clock } = stream.options;
    this.#jumps = new SampledWarning(
      logger,
      clock,
      (count) =>
        `the publisher's timestamps jumped ${count} time(s), they go on without a gap`,
    );
  }

  /** The tracks as they are now. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** Changes tracks for the units that follow: new parameter sets, a track that came late. */
  setTracks(tracks: readonly Track[]): void {
    if (this.isClosed) return;
    this.#handOver();
    this.#tracks = tracks;
    this.#leadingTrackId = leadingTrackId(tracks);
    this.#stream.setTracks(tracks);
  }

  /** Adds a unit of `track` to what `flush()` hands over. Hot path. */
  publish(track: Track, unit: PublishedUnit): void {
    if (this.isClosed) return;
    const isLeading = track.id === this.#leadingTrackId;
    const hasLeading = this.#leadingTrackId !== undefined;
    const startsGroup = unit.isRandomAccess && (isLeading || !hasLeading);
    if (startsGroup && hasLeading && this.#open.length > 0) this.#handOver();
    const { clock } = this.#stream.options;
    const jumpsBefore = this.timeline.jumps;
    const offsetTicks = this.timeline.offsetTicks(track, unit.dtsTicks);
    if (this.timeline.jumps > jumpsBefore) this.#jumps.add(1);
    const dtsTicks = this.timeline.lastDtsTicks(track);
    const streamMs = dtsTicks * 1_000 / track.clockRateHz;
    if (this.#open.length === 0) this.#opensWithRandomAccess = startsGroup;
    this.#open.push({
      trackId: track.id,
      ptsTicks: Math.max(unit.ptsTicks + offsetTicks, dtsTicks),
      dtsTicks,
      wallClockMs: unit.wallClockMs ??
        this.timeline.wallClockMs(streamMs, clock.wallMs()),
      isRandomAccess: unit.isRandomAccess,
      sizeBytes: unit.sizeBytes,
      origin: unit.origin,
    });
    if (isLeading || !hasLeading) {
      this.#isUrgent = true;
      this.#stream.totalFrames++;
    }
  }

  /** Hands over what was published since the last call; audio alone may wait a moment for a picture. Hot path. */
  flush(): void {
    if (this.#open.length === 0) return;
    if (this.#isUrgent) this.#handOver();
    else {
      this.#cancelRide ??= this.#stream.options.clock.after(
        AUDIO_RIDE_MS,
        () => this.#handOver(),
      );
    }
  }

  /** Ends the publication: what it published still reaches the readers. */
  [Symbol.dispose](): void {
    if (this.isClosed) return;
    this.#handOver();
    this.#jumps[Symbol.dispose]();
    this.isClosed = true;
    this.#stream.detach(this);
  }

  #handOver(): void {
    this.#cancelRide?.();
    this.#cancelRide = undefined;
    this.#isUrgent = false;
    if (this.#open.length === 0) return;
    const units = this.#open;
    this.#open = [];
    this.#stream.push(units, this.#opensWithRandomAccess);
  }
}

/** The track at whose random access units readers start: the first video track. */
function leadingTrackId(tracks: readonly Track[]): number | undefined {
  return tracks.find((track) => track.kind === "video")?.id;
}
