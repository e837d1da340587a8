import { pause } from "#base/abort.ts";
import type { Publication } from "#core/publication.ts";
import type { PullRequest } from "#sources/pull_source.ts";
import { type ClipStore, clipUnits } from "./clip_units.ts";
import { fileStore } from "./clip_files.ts";
import { TEST_STORE } from "./test_clip.ts";
import type { PlacedUnit, TrackSet } from "./clip_line.ts";
import { inDecodingOrder } from "./read_ahead.ts";

/** A unit that comes later than this after the end of those before, or was due so long ago, begins a new count of time. */
const MAX_GAP_MS = 10_000;
const MAX_LATE_MS = 1_000;

/** No picture is shown for longer, whatever the file says. */
const MAX_EARLY_MS = 86_400_000;

/** Pause where a file's clock jumps, and after so many units that it does not go on for: they do not keep the machine busy. */
const REST_MS = 10;
const MAX_UNITS_AT_ONCE = 100;

/** Units that are due within this go together. */
const TOGETHER_MS = 1;

/** Plays files as if they were live: what `file:` URLs name. */
export async function pullFile(request: PullRequest): Promise<void> {
  await play(fileStore(request.url), request);
}

/** Plays the clip that is built in. */
export async function pullTest(request: PullRequest): Promise<void> {
  await play(TEST_STORE, request);
}

async function play(store: ClipStore, request: PullRequest): Promise<void> {
  const { settings, logger, signal } = request;
  const isLooped = settings.fileLoop;
  const units = inDecodingOrder(clipUnits({ store, isLooped, logger }));
  using player = new FilePlayer(request);
  for await (const unit of units) {
    signal.throwIfAborted();
    await player.waitFor(unit);
    signal.throwIfAborted();
    player.publish(unit);
  }
  player.flush();
}

/** Publishes units when it is their time. */
class FilePlayer implements Disposable {
  #request: PullRequest;
  #publication: Publication | undefined;
  #trackSet: TrackSet = { tracks: [], number: 0 };
  /** Monotonic time of second 0 of the units. */
  #startMs = -Infinity;
  /** What has come lasts until then. */
  #endSeconds = -Infinity;
  #unitsAtOnce = 0;

  constructor(request: PullRequest) {
    this.#request = request;
  }

  async waitFor({ dtsSeconds, endSeconds }: PlacedUnit): Promise<void> {
    const { clock, signal } = this.#request;
    const earlyMs = this.#startMs + dtsSeconds * 1_000 - clock.monotonicMs();
    const gapMs = (dtsSeconds - this.#endSeconds) * 1_000;
    const jumps = earlyMs < -MAX_LATE_MS || earlyMs > MAX_EARLY_MS ||
      (earlyMs > MAX_GAP_MS && gapMs > MAX_GAP_MS);
    this.#endSeconds = jumps
      ? endSeconds
      : Math.max(this.#endSeconds, endSeconds);
    const isDue = !jumps && earlyMs <= TOGETHER_MS;
    if (isDue && ++this.#unitsAtOnce < MAX_UNITS_AT_ONCE) return;
    this.#unitsAtOnce = 0;
    this.flush();
    await pause(clock, isDue || jumps ? REST_MS : earlyMs, signal);
    if (jumps) this.#startMs = clock.monotonicMs() - dtsSeconds * 1_000;
  }

  publish(unit: PlacedUnit): void {
    const { track, trackSet, sizeBytes } = unit;
    if (trackSet.number > this.#trackSet.number) this.#setTracks(trackSet);
    // The end of a clip whose tracks are no more.
    if (!this.#trackSet.tracks.includes(track)) return;
    this.#request.counters.inboundBytes += sizeBytes;
    this.#publication!.publish(track, unit);
  }

  flush(): void {
    this.#publication?.flush();
  }

  [Symbol.dispose](): void {
    this.#publication?.[Symbol.dispose]();
  }

  #setTracks(trackSet: TrackSet): void {
    this.#trackSet = trackSet;
    const { tracks } = trackSet;
    if (this.#publication) this.#publication.setTracks(tracks);
    else this.#publication = this.#request.attach(tracks);
  }
}
