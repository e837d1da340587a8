import type { CodecParameters } from "./codec.ts";
import { parseH264Sps } from "./h264/sps.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { parseMpeg12Sequence } from "./mpeg12_video.ts";
import { parseMpeg4VideoObjectLayer } from "./mpeg4_video.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";

/** What parameter sets say of the order in which pictures are shown. */
export interface PictureTiming {
  /** Pictures that may be decoded before and shown after another one; undefined if nothing says so. */
  readonly reorderDepth: number | undefined;
  /** Duration of a picture in 90 kHz ticks; undefined if nothing says so. */
  readonly frameDurationTicks: number | undefined;
}

/** What each parser reads out of the headers of its codec. */
interface HeaderTiming {
  readonly maxNumReorderFrames: number | undefined;
  readonly frameRateHz: number | undefined;
}

/**
 * Timing of a video track that reorders pictures; undefined for every other codec.
 *
 * @throws {ParseError} if the parameter set is broken.
 */
export function pictureTiming(
  parameters: CodecParameters,
): PictureTiming | undefined {
  switch (parameters.codec) {
    case "h264":
      return timingOf(parameters.sps[0], parseH264Sps);
    case "h265":
      return timingOf(parameters.sps[0], parseH265Sps);
    case "mpeg4Video":
      return timingOf(parameters.config, parseMpeg4VideoObjectLayer);
    case "mpeg12Video":
      return timingOf(parameters.config, parseMpeg12Sequence);
    default:
      return undefined;
  }
}

function timingOf(
  headers: Uint8Array | undefined,
  parse: (headers: Uint8Array) => HeaderTiming,
): PictureTiming {
  if (headers === undefined) {
    return { reorderDepth: undefined, frameDurationTicks: undefined };
  }
  const { maxNumReorderFrames, frameRateHz } = parse(headers);
  return {
    reorderDepth: maxNumReorderFrames,
    frameDurationTicks: frameRateHz === undefined
      ? undefined
      : Math.round(VIDEO_CLOCK_RATE_HZ / frameRateHz),
  };
}
