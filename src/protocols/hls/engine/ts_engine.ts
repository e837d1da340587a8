import { joinBytes } from "#base/join_bytes.ts";
import { codecString } from "#codecs/codec_string.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { TsMuxer } from "#formats/mpegts/muxer.ts";
import { HlsMuxerError } from "./errors.ts";
import type { HlsEngine, HlsStep } from "./hls_engine.ts";
import type { PlaylistWindow } from "./playlist_window.ts";
import {
  type HlsEngineOptions,
  type MediaSummary,
  StreamPlaylists,
} from "./stream_playlists.ts";
import type { TrackChoice } from "./track_choice.ts";

/** A segment may be shorter by this: times of some publishers are whole milliseconds. */
const CUT_TOLERANCE_SECONDS = 0.01;

/** A segment that is not complete. */
interface OpenSegment {
  /** On the stream's time line. */
  readonly startSeconds: number;
  readonly startWallMs: number;
  readonly pieces: Uint8Array[];
  sizeBytes: number;
  /** Of the leading track. */
  unitCount: number;
  lastSeconds: number;
}

/** Makes segments of MPEG-TS, all tracks in one playlist. */
export class TsEngine implements HlsEngine {
  readonly playlists: StreamPlaylists;
  #choice: TrackChoice;
  #tracks: readonly Track[];
  #window: PlaylistWindow;
  #muxer: TsMuxer;
  #prefix: string;
  #open: OpenSegment | undefined;
  #needsDiscontinuity = false;
  #framesPerSecond: number | undefined;
  /** From the last unit of the leading track but one to the last: how long that is, most likely. */
  #unitSeconds = 0;

  /** Starts without media. */
  constructor(options: HlsEngineOptions, choice: TrackChoice) {
    this.playlists = new StreamPlaylists(options);
    this.#choice = choice;
    this.#tracks = tracksOf(choice);
    this.#window = this.playlists.add("main", "mixed");
    this.#prefix = options.createPrefix();
    this.#muxer = this.#openMuxer();
  }

  get choice(): TrackChoice {
    return this.#choice;
  }

  get summary(): MediaSummary {
    return {
      tracks: this.#tracks,
      codecNames: this.#tracks.map(({ codec }) => codecString(codec)),
      framesPerSecond: this.#framesPerSecond,
    };
  }

  setChoice(choice: TrackChoice): void {
    this.#choice = choice;
    this.#tracks = tracksOf(choice);
  }

  push({ units }: HlsStep): void {
    const track = this.#choice.leading?.track;
    if (track === undefined) return;
    // Where the units begin that belong to the open segment: what was collected before it began can be many.
    let from = 0;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i]!;
      if (unit.trackId !== track.id) continue;
      const seconds = unit.dtsTicks / track.clockRateHz;
      if (unit.isRandomAccess && this.#isDue(seconds)) {
        this.#write(units.slice(from, i));
        from = i;
        this.#close(seconds);
        this.#begin(unit, seconds);
      }
      const open = this.#open;
      if (open === undefined) continue;
      if (open.unitCount > 0) this.#unitSeconds = seconds - open.lastSeconds;
      open.unitCount++;
      open.lastSeconds = seconds;
    }
    this.#write(from === 0 ? units : units.slice(from));
  }

  endEpoch(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#close(open.lastSeconds + this.#unitSeconds);
    this.#needsDiscontinuity = true;
    this.#muxer = this.#openMuxer();
    this.#prefix = this.playlists.options.createPrefix();
  }

  #isDue(seconds: number): boolean {
    if (this.#open === undefined) return true;
    const { segmentDurationMs } = this.playlists.options;
    return seconds - this.#open.startSeconds >=
      segmentDurationMs / 1_000 - CUT_TOLERANCE_SECONDS;
  }

  #begin({ wallClockMs }: MediaUnit, startSeconds: number): void {
    this.#open = {
      startSeconds,
      startWallMs: wallClockMs,
      pieces: [],
      sizeBytes: 0,
      unitCount: 0,
      lastSeconds: startSeconds,
    };
    this.#muxer.beginSegment();
  }

  #write(units: readonly MediaUnit[]): void {
    const open = this.#open;
    if (open === undefined) return;
    const bytes = this.#muxer.mux(units, this.#tracks);
    open.pieces.push(bytes);
    open.sizeBytes += bytes.length;
    if (open.sizeBytes > this.playlists.options.maxSegmentBytes) {
      throw new HlsMuxerError(
        "segment_too_large",
        "reached maximum segment size",
      );
    }
  }

  #close(endSeconds: number): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const durationSeconds = endSeconds - open.startSeconds;
    this.#window.open({
      prefix: this.#prefix,
      header: undefined,
      hasDiscontinuity: this.#needsDiscontinuity,
      startSeconds: open.startSeconds,
      startWallMs: open.startWallMs,
    });
    this.#needsDiscontinuity = false;
    this.#window.addPart(joinBytes(open.pieces), {
      durationSeconds,
      isIndependent: true,
    });
    this.#window.close();
    if (this.#tracks[0]?.kind === "video") {
      this.#framesPerSecond = open.unitCount / durationSeconds;
    }
  }

  #openMuxer(): TsMuxer {
    return new TsMuxer({
      latm: "adts",
      onError: this.playlists.options.onError,
    });
  }
}

function tracksOf({ carried }: TrackChoice): readonly Track[] {
  return carried.map(({ track }) => track);
}
