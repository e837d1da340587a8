import { HlsMuxerError } from "./errors.ts";
import { Fmp4Engine } from "./fmp4_engine.ts";
import type { HlsEngine } from "./hls_engine.ts";
import type { HlsEngineOptions } from "./stream_playlists.ts";
import type { HlsVariant, TrackChoice } from "./track_choice.ts";
import { TsEngine } from "./ts_engine.ts";

/** Least segments that a playlist must list. */
const LEAST_SEGMENTS: Readonly<Record<HlsVariant, number>> = {
  mpegts: 3,
  fmp4: 3,
  lowLatency: 7,
};

/** What each variant carries, as errors say it. */
const SUPPORTED: Readonly<Record<HlsVariant, string>> = {
  mpegts: "H264, MPEG-4 Audio",
  fmp4: "AV1, VP9, H265, H264, Opus, FLAC, MPEG-4 Audio",
  lowLatency: "AV1, VP9, H265, H264, Opus, FLAC, MPEG-4 Audio",
};

/**
 * Starts making segments of a stream.
 *
 * @throws {HlsMuxerError} if nothing of the stream can be carried, or too few segments would be listed.
 */
export function openEngine(
  options: HlsEngineOptions,
  choice: TrackChoice,
): HlsEngine {
  const { variant, segmentCount } = options;
  if (segmentCount < LEAST_SEGMENTS[variant]) {
    throw new HlsMuxerError(
      "too_few_segments",
      `Cannot list ${segmentCount} segments: hlsVariant ${variant} needs hlsSegmentCount of ${
        LEAST_SEGMENTS[variant]
      } or more`,
    );
  }
  if (choice.leading === undefined) {
    throw new HlsMuxerError(
      "unsupported_codecs",
      `the stream doesn't contain any supported codec, which are currently ${
        SUPPORTED[variant]
      }`,
    );
  }
  return variant === "mpegts"
    ? new TsEngine(options, choice)
    : new Fmp4Engine(options, choice);
}
