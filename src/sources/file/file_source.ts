import { pause } from "#base/abort.ts";
import type { Publication } from "#core/publication.ts";
import type { PullRequest, PullSource } from "#sources/pull_source.ts";
import { type ClipStore, clipUnits } from "./clip_units.ts";
import { fileStore } from "./clip_files.ts";
import { TEST_STORE } from "./test_clip.ts";
import type { PlacedUnit, TrackSet } from "./clip_line.ts";
import { inDecodingOrder } from "./read_ahead.ts";

/** A unit that is due later than this, or was due so long ago, begins a new count of time: a file's clock jumps. */
const MAX_EARLY_MS = 10_000;
const MAX_LATE_MS = 1_000;

/** Units that are due within this go together. */
const TOGETHER_MS = 1;

/** Plays files as if they were live. */
export const fileSource: PullSource = {
  label: "file source",
  type: "fileSource",
  schemes: ["file"],
  pull: async (request) => await play(fileStore(request.url), request),
};

/** Plays the clip that is built in. */
export const testSource: PullSource = {
  label: "test source",
  type: "testSource",
  schemes: ["test"],
  pull: (request) => play(TEST_STORE, request),
};

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

  constructor(request: PullRequest) {
    this.#request = request;
  }

  async waitFor({ dtsSeconds }: PlacedUnit): Promise<void> {
    const { clock, signal } = this.#request;
    const nowMs = clock.monotonicMs();
    const earlyMs = this.#startMs + dtsSeconds * 1_000 - nowMs;
    if (earlyMs > MAX_EARLY_MS || earlyMs < -MAX_LATE_MS) {
      this.#startMs = nowMs - dtsSeconds * 1_000;
      return;
    }
    if (earlyMs <= TOGETHER_MS) return;
    this.flush();
    await pause(clock, earlyMs, signal);
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
