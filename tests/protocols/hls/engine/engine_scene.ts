import { EncodingCache } from "#core/encoding_cache.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import type { HlsEngine } from "#protocols/hls/engine/hls_engine.ts";
import type { HlsEngineOptions } from "#protocols/hls/engine/stream_playlists.ts";
import {
  chooseTracks,
  type TrackChoice,
} from "#protocols/hls/engine/track_choice.ts";
import { AUDIO, AUDIO_FRAME_TICKS, h264Slice, VIDEO } from "#test/units.ts";

const WALL_START_MS = Date.UTC(2026, 0, 1);

/** An engine, and what it had to say. */
export interface EngineScene {
  readonly engine: HlsEngine;
  readonly warnings: string[];
  readonly errors: string[];
}

/** Opens an engine for pictures and sound, or other tracks. */
export function openScene(
  open: (options: HlsEngineOptions, choice: TrackChoice) => HlsEngine,
  options: Partial<HlsEngineOptions> = {},
  tracks: readonly Track[] = [VIDEO, AUDIO],
): EngineScene {
  const warnings: string[] = [];
  const errors: string[] = [];
  const { variant = "lowLatency" } = options;
  let prefixes = 0;
  const engine = open({
    variant,
    segmentCount: 7,
    segmentDurationMs: 1_000,
    partDurationMs: 200,
    maxSegmentBytes: 1_000_000,
    firstMsn: 0,
    discontinuitySequence: 0,
    createPrefix: () => `${++prefixes}`.padStart(12, "0"),
    onTargetGrown: (message) => warnings.push(message),
    onError: (message) => errors.push(message),
    ...options,
  }, chooseTracks(tracks, variant));
  return { engine, warnings, errors };
}

function unit(track: Track, seconds: number, isKey = true): MediaUnit {
  const ticks = Math.round(seconds * track.clockRateHz);
  const part = track.kind === "video"
    ? h264Slice(isKey)
    : new Uint8Array(6).fill(0x21);
  return {
    trackId: track.id,
    ptsTicks: ticks,
    dtsTicks: ticks,
    wallClockMs: WALL_START_MS + seconds * 1_000,
    isRandomAccess: isKey,
    sizeBytes: part.length,
    origin: { kind: "payload", parts: [part] },
  };
}

/** Seconds of a stream: pictures with a key frame every `groupFrames`, and sound. */
export interface Media {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly framesPerSecond?: number;
  readonly groupFrames?: number;
  readonly tracks?: readonly Track[];
  /** Times are whole milliseconds, as RTMP has them. */
  readonly isRounded?: boolean;
  /** Units that come together; each by itself if left out. */
  readonly unitsPerBatch?: number;
  readonly afterPicture?: () => void;
}

/** Pushes them, in the order in which they are decoded. */
export function push(
  { engine }: EngineScene,
  media: Media,
): void {
  const { fromSeconds, toSeconds, tracks = [VIDEO, AUDIO] } = media;
  const { framesPerSecond = 25, groupFrames = 25, isRounded = false } = media;
  const { unitsPerBatch = 1 } = media;
  const video = tracks.find(({ kind }) => kind === "video");
  const audio = tracks.find(({ kind }) => kind === "audio");
  const time = (seconds: number) =>
    isRounded ? Math.round(seconds * 1_000) / 1_000 : seconds;
  let waiting: MediaUnit[] = [];
  const deliver = (units: MediaUnit[]) => {
    waiting.push(...units);
    if (waiting.length >= unitsPerBatch) flush();
  };
  const flush = () => {
    engine.push({ units: waiting, tracks, encodings: new EncodingCache() });
    waiting = [];
  };
  const frameSeconds = AUDIO_FRAME_TICKS / AUDIO.clockRateHz;
  let audioSeconds = fromSeconds;
  const count = Math.round((toSeconds - fromSeconds) * framesPerSecond);
  for (let i = 0; i < count; i++) {
    const seconds = fromSeconds + i / framesPerSecond;
    if (video) {
      deliver([unit(video, time(seconds), i % groupFrames === 0)]);
    }
    while (audio && audioSeconds <= seconds) {
      deliver([unit(audio, time(audioSeconds))]);
      audioSeconds += frameSeconds;
    }
    media.afterPicture?.();
  }
  if (waiting.length > 0) flush();
}

/** A playlist as it is now, nothing behind its URIs. */
export function textOf(
  { engine: { playlists } }: EngineScene,
  index: number,
  isDelta = false,
): string {
  const { window } = playlists.renditions[index]!;
  return new TextDecoder().decode(
    playlists.mediaPlaylist(window, { isDelta, uriEnd: "" }),
  );
}
