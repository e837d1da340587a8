import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import type { EncodingCache } from "#core/encoding_cache.ts";
import type { MediaSummary, StreamPlaylists } from "./stream_playlists.ts";
import type { TrackChoice } from "./track_choice.ts";

/** What one turn of the event loop brought to a stream; a batch of the core is one. */
export interface HlsStep {
  readonly units: readonly MediaUnit[];
  /** Tracks in force for these units. */
  readonly tracks: readonly Track[];
  readonly encodings: EncodingCache;
}

/** Makes the segments of one stream; knows neither clock nor sockets. */
export interface HlsEngine {
  readonly playlists: StreamPlaylists;
  readonly choice: TrackChoice;
  readonly summary: MediaSummary;
  /** Takes what the stream brought. Hot path. @throws {HlsMuxerError} */
  push(step: HlsStep): void;
  /** Takes other parameters of the same tracks; what follows may be a discontinuity. @throws {HlsMuxerError} */
  setChoice(choice: TrackChoice): void;
  /** The publisher has left: what comes next does not follow on what was. @throws {HlsMuxerError} */
  endEpoch(): void;
}
