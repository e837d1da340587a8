import { EncodingCache } from "#core/encoding_cache.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { Fmp4Engine } from "#protocols/hls/engine/fmp4_engine.ts";
import type { HlsEngineOptions } from "#protocols/hls/engine/stream_playlists.ts";
import { chooseTracks } from "#protocols/hls/engine/track_choice.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { fragmentTimes, HlsPlaylistChecker } from "#test/hls_checker.ts";
import {
  AUDIO,
  AUDIO_FRAME_TICKS,
  H264_REORDERED_PARAMETERS,
  h264Slice,
  VIDEO,
} from "#test/units.ts";

const WALL_START_MS = Date.UTC(2026, 0, 1);

interface Scene {
  readonly engine: Fmp4Engine;
  readonly warnings: string[];
  readonly errors: string[];
}

function openScene(
  options: Partial<HlsEngineOptions> = {},
  tracks: readonly Track[] = [VIDEO, AUDIO],
): Scene {
  const warnings: string[] = [];
  const errors: string[] = [];
  let prefixes = 0;
  const engine = new Fmp4Engine({
    variant: "lowLatency",
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
  }, chooseTracks(tracks, options.variant ?? "lowLatency"));
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
interface Media {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly framesPerSecond?: number;
  readonly groupFrames?: number;
  readonly tracks?: readonly Track[];
  /** Times are whole milliseconds, as RTMP has them. */
  readonly isRounded?: boolean;
  readonly afterPicture?: () => void;
}

function push({ engine }: Scene, media: Media): void {
  const { fromSeconds, toSeconds, tracks = [VIDEO, AUDIO] } = media;
  const { framesPerSecond = 25, groupFrames = 25, isRounded = false } = media;
  const video = tracks.find(({ kind }) => kind === "video");
  const audio = tracks.find(({ kind }) => kind === "audio");
  const time = (seconds: number) =>
    isRounded ? Math.round(seconds * 1_000) / 1_000 : seconds;
  const deliver = (units: MediaUnit[]) =>
    engine.push({ units, tracks, encodings: new EncodingCache() });
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
}

function textOf({ engine }: Scene, index: number, isDelta = false): string {
  const { playlists } = engine;
  const { window } = playlists.renditions[index]!;
  return playlists.mediaPlaylist(window, { isDelta, uriEnd: "" });
}

Deno.test("Fmp4Engine keeps the rules of playlists for an hour, with outages and other parameters", () => {
  const scene = openScene({ segmentCount: 10 });
  const checkers = [new HlsPlaylistChecker(), new HlsPlaylistChecker()];
  let pictures = 0;
  const check = () => {
    if (++pictures % 37 !== 0) return;
    for (const [i, checker] of checkers.entries()) {
      const window = scene.engine.playlists.renditions[i]!.window;
      if (window.mediaSegmentCount === 0) return;
      const whole = checker.check(textOf(scene, i));
      checker.checkDelta(textOf(scene, i, true), whole);
      for (const { uri } of whole.segments.slice(-1)) {
        assert(uri === "gap.mp4" || window.find(uri!), `${uri} is there`);
      }
    }
  };
  const other = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  const common = { afterPicture: check, isRounded: true, framesPerSecond: 30 };
  push(scene, { fromSeconds: 2, toSeconds: 602, groupFrames: 30, ...common });
  scene.engine.endEpoch();
  push(scene, {
    fromSeconds: 610,
    toSeconds: 1210,
    groupFrames: 30,
    ...common,
  });
  scene.engine.setChoice(chooseTracks([other, AUDIO], "lowLatency"));
  push(scene, {
    ...common,
    fromSeconds: 1_210,
    toSeconds: 1_810,
    groupFrames: 45,
    tracks: [other, AUDIO],
  });
  push(scene, {
    ...common,
    fromSeconds: 1_810,
    toSeconds: 3_610,
    groupFrames: 60,
    tracks: [other, AUDIO],
  });
  assertEquals(scene.errors, []);
  assertEquals(scene.warnings, ["segment duration changed from 1s to 2s"]);
  const [video, audio] = checkers.map(({ current }) => current);
  assertEquals(video!.segments.at(-1)!.discontinuity, 2);
  assertEquals(video!.segments.at(-1)!.msn, audio!.segments.at(-1)!.msn);
  assertEquals(checkers.map(({ shortParts }) => shortParts), [0, 0]);
  assert(checkers[0]!.states > 2_500, `${checkers[0]!.states} states`);
});
