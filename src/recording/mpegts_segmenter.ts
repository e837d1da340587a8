import { errorText } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import { tsOutputOf } from "#formats/mpegts/ts_payloads.ts";
import {
  DRIFT_MESSAGE,
  DriftWatch,
  isSegmentEnd,
  NO_KEY_FRAME_MESSAGE,
  type Segmenter,
  type SegmenterOptions,
} from "./segmenter.ts";

/** What is written at once, unless the time for it has come before. */
const BUFFER_BYTES = 65_536;

interface OpenSegment {
  readonly startMs: number;
  readonly startWallMs: number;
  lastMs: number;
  flushedAtMs: number;
  isWritten: boolean;
}

/** What is remembered of a track. */
interface TrackState {
  readonly track: Track;
  readonly drift: DriftWatch;
  isStarted: boolean;
}

/** Whether recordings in this format have a track with this codec, perhaps once more is known of it. */
export function isInMpegts({ codec }: Track): boolean {
  try {
    return isUnknownYet(codec) || tsOutputOf(codec, "adts") !== undefined;
  } catch {
    return false; // nonsense: the muxer tells
  }
}

/** Its parameters come with the first picture, or sound. */
function isUnknownYet(codec: CodecParameters): boolean {
  switch (codec.codec) {
    case "mpeg12Video":
      return codec.config === undefined;
    case "aac":
      return codec.audioSpecificConfig === undefined;
    default:
      return false;
  }
}

/** Makes files of MPEG-TS of a stream: each begins with its tables. */
export class MpegtsSegmenter implements Segmenter {
  #options: SegmenterOptions;
  #muxer: TsMuxer;
  #given: readonly Track[] = [];
  #tracks: TrackState[] = [];
  #hasVideo = false;
  #segment: OpenSegment | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** Opens no file yet. */
  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.#muxer = new TsMuxer({ latm: "adts", onError: options.onWarning });
  }

  push(batch: Batch): void {
    if (batch.tracks !== this.#given) this.#take(batch.tracks);
    for (const unit of batch.units) {
      try {
        this.#add(unit, batch.isRandomAccess);
      } catch (error) {
        this.#options.onWarning(errorText(error));
      }
    }
  }

  end(): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#flush(segment);
    this.#segment = undefined;
    if (!segment.isWritten) return;
    this.#options.output.end(segment.lastMs - segment.startMs);
  }

  /** Tracks may come and go within a file. */
  #take(given: readonly Track[]): void {
    this.#given = given;
    const carried = given.filter(isInMpegts);
    this.#hasVideo = carried.some(({ kind }) => kind === "video");
    this.#tracks = carried.map((track) => {
      const before = this.#tracks.find((one) => one.track.id === track.id);
      const { drift = new DriftWatch(), isStarted = false } = before ?? {};
      return { track, drift, isStarted };
    });
  }

  #add(unit: MediaUnit, isStartable: boolean): void {
    const state = this.#tracks.find(({ track }) => track.id === unit.trackId);
    if (state === undefined) return;
    const { track } = state;
    const isSync = unit.isRandomAccess || track.kind === "audio";
    const ms = unit.dtsTicks * 1_000 / track.clockRateHz;
    if (state.drift.hasDrifted(ms, unit.wallClockMs)) {
      this.#options.onWarning(DRIFT_MESSAGE);
      this.end();
      this.#tracks = [];
      this.#take(this.#given);
      this.#add(unit, isStartable);
      return;
    }
    state.isStarted ||= isSync || isStartable;
    if (!state.isStarted) return;
    const isEnd = this.#isEnd(track, isSync, ms);
    if (isEnd) this.end();
    this.#segment ??= this.#begin(ms, unit.wallClockMs);
    if (isEnd && !isSync) {
      this.#options.onWarning(NO_KEY_FRAME_MESSAGE);
      // With what a decoder needs before its first picture.
      this.#write(this.#segment, { ...unit, isRandomAccess: true }, ms);
    } else this.#write(this.#segment, unit, ms);
  }

  #isEnd({ kind }: Track, isSync: boolean, ms: number): boolean {
    if (this.#segment === undefined) return false;
    if (this.#hasVideo && kind !== "video") return false;
    const lengthMs = ms - this.#segment.startMs;
    return isSegmentEnd({ isSync, lengthMs }, this.#options.settings);
  }

  #begin(startMs: number, startWallMs: number): OpenSegment {
    this.#muxer.beginSegment();
    return {
      startMs,
      startWallMs,
      lastMs: startMs,
      flushedAtMs: startMs,
      isWritten: false,
    };
  }

  #write(segment: OpenSegment, unit: MediaUnit, ms: number): void {
    const { recordPartDurationMs } = this.#options.settings;
    if (
      ms - segment.flushedAtMs >= recordPartDurationMs ||
      this.#waitingBytes >= BUFFER_BYTES
    ) {
      this.#flush(segment);
      segment.flushedAtMs = ms;
    }
    const packets = this.#muxer.mux([unit], this.#given);
    if (packets.length === 0) return;
    segment.lastMs = Math.max(segment.lastMs, ms);
    this.#waiting.push(packets);
    this.#waitingBytes += packets.length;
  }

  #flush(segment: OpenSegment): void {
    if (this.#waitingBytes === 0) return;
    const bytes = joinBytes(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    const { output } = this.#options;
    if (!segment.isWritten) output.begin(segment.startWallMs);
    segment.isWritten = true;
    output.write(bytes);
  }
}
