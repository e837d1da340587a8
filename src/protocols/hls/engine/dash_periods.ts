import { videoSize } from "#codecs/codec_properties.ts";
import {
  type DashPeriod,
  type DashRun,
  serializeDashManifest,
} from "#protocols/hls/wire/dash_manifest.ts";
import type { SegmentSummary } from "./playlist_window.ts";
import type {
  MediaSummary,
  Rendition,
  StreamPlaylists,
} from "./stream_playlists.ts";

/** Periods that are remembered: more than a window has. */
const MAX_PERIODS = 64;

/** Wall clocks that are further apart than this are not of one clock. */
const MAX_APART_MS = 300_000;

/** Segments of one rendition that follow each other in one file format. */
interface Epoch {
  /** What the names of its files begin with, in all renditions. */
  readonly prefix: string;
  readonly segments: SegmentSummary[];
}

/** Where an epoch lies on the time line of the manifest. */
interface Place {
  readonly startSeconds: number;
  /** Time in its files at its start. */
  readonly offsetSeconds: number;
  endSeconds: number;
  /** Wall clock of its end. */
  endWallMs: number;
}

/**
 * Describes the segments of a path as MPEG-DASH does; what was said of a period stays as it is.
 *
 * A manifest says what time it is: players that go by it find the newest segment however far the clock of the
 * publisher runs away from ours.
 */
export class DashPeriods {
  #places = new Map<string, Place>();
  /** Of the period that begins last. */
  #last: Place | undefined;
  #startWallMs = 0;

  /** The manifest, `URI_END` behind each URI; undefined if there is nothing to describe. */
  manifest(
    nowWallMs: number,
    { renditions, targets }: StreamPlaylists,
    summary: MediaSummary,
  ): string | undefined {
    const all = renditions.map(epochsOf);
    const periods = all[0]!.map(({ prefix }): DashPeriod => {
      const runs = all.map((epochs) =>
        epochs.find((epoch) => epoch.prefix === prefix)?.segments ?? []
      );
      const { startSeconds, offsetSeconds } = this.#place(
        prefix,
        runs,
        nowWallMs,
      );
      return {
        id: prefix,
        startSeconds,
        offsetSeconds,
        runs: runs.flatMap((segments, i) =>
          runOf(segments, renditions, i, summary)
        ),
      };
    });
    const [first] = periods;
    if (first === undefined) return undefined;
    const { endSeconds, endWallMs } = this.#last!;
    const sinceEndSeconds = elapsedMs(endWallMs, nowWallMs) / 1_000;
    const nowSeconds = endSeconds + sinceEndSeconds;
    return serializeDashManifest({
      startWallMs: this.#startWallMs,
      nowWallMs: Math.ceil(this.#startWallMs + nowSeconds * 1_000),
      targetDurationSeconds: targets.durationSeconds,
      windowSeconds: nowSeconds - oldestSeconds(first),
      periods,
    });
  }

  /** Where these segments lie, those of the leading rendition first. */
  #place(
    prefix: string,
    runs: readonly (readonly SegmentSummary[])[],
    nowWallMs: number,
  ): Place {
    const first = runs[0]![0]!;
    const last = runs[0]!.at(-1)!;
    const lastSeconds = Math.max(
      ...runs.map((run) => run.length > 0 ? endOf(run.at(-1)!) : 0),
    );
    let place = this.#places.get(prefix);
    if (place === undefined) {
      const before = this.#last;
      if (before === undefined) {
        const lengthSeconds = lastSeconds - first.startSeconds;
        const newestStartMs = nowWallMs - lengthSeconds * 1_000;
        const sinceMs = elapsedMs(first.startWallMs!, newestStartMs);
        this.#startWallMs = Math.floor(newestStartMs - sinceMs);
      }
      const gapMs = before
        ? elapsedMs(before.endWallMs, first.startWallMs!)
        : 0;
      place = {
        startSeconds: wholeMs((before?.endSeconds ?? 0) + gapMs / 1_000),
        offsetSeconds: first.startSeconds,
        endSeconds: 0,
        endWallMs: 0,
      };
      this.#places.set(prefix, place);
      this.#last = place;
      const [oldest] = this.#places.keys();
      if (this.#places.size > MAX_PERIODS) this.#places.delete(oldest!);
    }
    place.endSeconds = place.startSeconds - place.offsetSeconds + lastSeconds;
    place.endWallMs = last.startWallMs! +
      (lastSeconds - last.startSeconds) * 1_000;
    return place;
  }
}

/** Where all tracks of a period are there, on the time line of the manifest. */
function oldestSeconds(
  { startSeconds, offsetSeconds, runs }: DashPeriod,
): number {
  const inFile = Math.max(
    ...runs.map(({ segments }) => segments[0]!.startSeconds),
  );
  return startSeconds - offsetSeconds + inFile;
}

/** From one time to another; 0 if that cannot be told. */
function elapsedMs(fromMs: number, toMs: number): number {
  const ms = toMs - fromMs;
  return ms > 0 && ms < MAX_APART_MS ? ms : 0;
}

function endOf({ startSeconds, durationSeconds }: SegmentSummary): number {
  return startSeconds + durationSeconds;
}

/** What a manifest can say: the next period must not begin before it. */
function wholeMs(seconds: number): number {
  return Math.ceil(seconds * 1_000 - 1e-6) / 1_000;
}

function epochsOf({ window }: Rendition): Epoch[] {
  const epochs: Epoch[] = [];
  for (const segment of window.segments()) {
    if (segment.isGap) continue;
    const prefix = segment.headerName!.split("_", 1)[0]!;
    if (epochs.at(-1)?.prefix !== prefix) epochs.push({ prefix, segments: [] });
    epochs.at(-1)!.segments.push(segment);
  }
  return epochs;
}

function runOf(
  segments: readonly SegmentSummary[],
  renditions: readonly Rendition[],
  index: number,
  { tracks, codecNames }: MediaSummary,
): DashRun[] {
  const [first] = segments;
  if (first === undefined) return [];
  const { window, kind } = renditions[index]!;
  const codec = tracks[index]?.codec;
  const peakBps = Math.max(
    ...segments.map(({ sizeBytes, durationSeconds }) =>
      durationSeconds > 0 ? sizeBytes * 8 / durationSeconds : 0
    ),
  );
  return [{
    mimeType: kind === "audio" ? "audio/mp4" : "video/mp4",
    codec: codecNames[index],
    bandwidthBps: Math.ceil(peakBps),
    resolution: codec && videoSize(codec),
    id: window.options.id,
    isAlternate: renditions.findIndex((one) => one.kind === kind) !== index,
    headerName: first.headerName!,
    nameTemplate: window.timedName("$Time$"),
    segments,
  }];
}
