import { isSameCodec } from "#codecs/codec.ts";
import { codecString } from "#codecs/codec_string.ts";
import type { Track } from "#core/track.ts";
import { type Mp4Sample, samplesOfStep } from "#formats/fmp4/unit_samples.ts";
import { Fmp4Rendition } from "./fmp4_rendition.ts";
import type { HlsEngine, HlsStep } from "./hls_engine.ts";
import type { PlaylistWindow } from "./playlist_window.ts";
import {
  type HlsEngineOptions,
  type MediaSummary,
  StreamPlaylists,
} from "./stream_playlists.ts";
import type { TrackChoice } from "./track_choice.ts";

/** Files begin here, so that sound and pictures before it have a place. */
const FIRST_START_SECONDS = 10;

/** A segment may be shorter by this: times of some publishers are whole milliseconds. */
const CUT_TOLERANCE_SECONDS = 0.01;

/** Makes segments of fragmented MP4, a playlist for each track, with parts or without. */
export class Fmp4Engine implements HlsEngine {
  readonly playlists: StreamPlaylists;
  #choice: TrackChoice;
  #windows: readonly PlaylistWindow[];
  /** Of the running epoch, or else the last one, by track, the leading one first. */
  #renditions: ReadonlyMap<number, Fmp4Rendition> = new Map();
  /** Undefined between two epochs. */
  #leading: Fmp4Rendition | undefined;
  #isFirstEpoch = true;
  /** Pictures of the running epoch, and where it began. */
  #leadingSamples = 0;
  #epochStartSeconds = FIRST_START_SECONDS;

  /** Starts without media. */
  constructor(options: HlsEngineOptions, choice: TrackChoice) {
    this.playlists = new StreamPlaylists(options);
    this.#choice = choice;
    this.#windows = choice.carried.map(({ track: { kind }, position }) =>
      this.playlists.add(
        `${kind}${position}`,
        kind === "video" ? "video" : "audio",
      )
    );
  }

  get choice(): TrackChoice {
    return this.#choice;
  }

  get summary(): MediaSummary {
    const seconds = (this.#leading?.endSeconds ?? 0) - this.#epochStartSeconds;
    const isVideo = this.#choice.leading?.track.kind === "video";
    return {
      tracks: this.#choice.carried.map(({ track }) => track),
      codecNames: this.#choice.carried.map(({ track }) =>
        this.#renditions.get(track.id)?.codecName ?? codecString(track.codec)
      ),
      framesPerSecond: isVideo && seconds > 0
        ? (this.#leadingSamples - 1) / seconds
        : undefined,
    };
  }

  setChoice(choice: TrackChoice): void {
    const before = this.#choice;
    this.#choice = choice;
    const isSettled = before.carried.every(({ track }, i) => {
      const next = choice.carried[i]!.track;
      const rendition = this.#renditions.get(track.id);
      if (next.id !== track.id || next.clockRateHz !== track.clockRateHz) {
        return false;
      }
      if (rendition?.hasHeader) return isSameCodec(track.codec, next.codec);
      rendition?.setTrack(next);
      return true;
    });
    if (!isSettled) this.endEpoch();
  }

  push(step: HlsStep): void {
    const samples = samplesOfStep(step, this.playlists.options.onError);
    for (let i = 0; i < samples.length; i++) this.#take(samples[i]!);
  }

  endEpoch(): void {
    if (this.#leading === undefined) return;
    for (const rendition of this.#renditions.values()) rendition.finish();
    this.#leading = undefined;
    // Nobody is to wait for the end of sound that ended before the pictures.
    this.#align();
  }

  #take(sample: Mp4Sample): void {
    if (this.#leading === undefined && !this.#begin(sample)) return;
    const rendition = this.#renditions.get(sample.trackId);
    const leading = this.#leading;
    if (rendition === undefined || leading === undefined) return;
    if (rendition !== leading) {
      // Sound from before the first picture has nothing to be heard with.
      if (!rendition.isBeforeStart(sample)) rendition.push(sample);
      return;
    }
    leading.push(sample);
    this.#leadingSamples++;
    const { segmentDurationMs } = this.playlists.options;
    const { startSeconds, endSeconds } = leading;
    const isDue = endSeconds - startSeconds >=
      segmentDurationMs / 1_000 - CUT_TOLERANCE_SECONDS;
    if (!sample.isSync || !isDue) return;
    for (const one of this.#renditions.values()) one.cutAt(endSeconds);
  }

  /** Begins an epoch with a picture at which a decoder may start, or with sound where there are none. */
  #begin(sample: Mp4Sample): boolean {
    const track = this.#choice.leading?.track;
    if (sample.trackId !== track?.id || !sample.isSync) return false;
    const startSeconds = this.#epochStart();
    const originSeconds = sample.dtsTicks / track.clockRateHz - startSeconds;
    const renditions = this.#openRenditions(originSeconds, startSeconds);
    const leading = renditions.get(track.id)!;
    if (!leading.canBegin(sample)) return false;
    this.#align();
    this.#renditions = renditions;
    this.#leading = leading;
    this.#isFirstEpoch = false;
    this.#leadingSamples = 0;
    this.#epochStartSeconds = startSeconds;
    return true;
  }

  #openRenditions(
    originSeconds: number,
    startSeconds: number,
  ): Map<number, Fmp4Rendition> {
    const { playlists } = this;
    const { maxSegmentBytes, onError, createPrefix } = playlists.options;
    const prefix = createPrefix();
    const open = (track: Track, window: PlaylistWindow) =>
      new Fmp4Rendition({
        window,
        targets: playlists.targets,
        hasParts: playlists.hasParts,
        maxSegmentBytes,
        onError,
      }, {
        track,
        prefix,
        originSeconds,
        startSeconds,
        hasDiscontinuity: !this.#isFirstEpoch,
      });
    return new Map(
      this.#choice.carried.map(({ track }, i) => [
        track.id,
        open(track, this.#windows[i]!),
      ]),
    );
  }

  /** All playlists go on with the same number, those with parts behind a window of gaps. */
  #align(): void {
    const { hasParts, options } = this.playlists;
    const { segmentCount, segmentDurationMs, firstMsn } = options;
    const isFirst = this.#isFirstEpoch && hasParts && firstMsn === 0;
    const nextMsn = Math.max(
      isFirst ? segmentCount : 0,
      ...this.#windows.map((window) => window.nextMsn),
    );
    const startSeconds = this.#epochStart();
    for (const window of this.#windows) {
      while (window.nextMsn < nextMsn) {
        window.addGap(startSeconds, segmentDurationMs / 1_000);
      }
    }
  }

  #epochStart(): number {
    let startSeconds = FIRST_START_SECONDS;
    for (const window of this.#windows) {
      startSeconds = Math.max(startSeconds, window.endSeconds);
    }
    return startSeconds;
  }
}
